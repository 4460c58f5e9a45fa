//! The sentences that tell a difference.

use crate::checks::words::{and_list, verb};
use crate::model::{Command, printable};
use crate::report::Grade;

/// What a role reaches with a command, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) grade: Grade,
    /// The columns, when not all.
    pub(super) columns: Option<Vec<String>>,
}

/// `every row of`, `some rows of`, `no row of`.
fn extent(reached: &Reached) -> String {
    let rows = match reached.grade {
        Grade::None => return "nothing".to_owned(),
        Grade::Some => "some rows",
        Grade::All => "every row",
    };
    match &reached.columns {
        Some(columns) => format!("{rows} (columns {})", and_list(columns)),
        None => rows.to_owned(),
    }
}

/// `can now read and change every row of public.t; before: some rows`.
pub(super) fn access(commands: &[Command], relation: &str, before: Option<&Reached>, after: &Reached) -> String {
    let verbs: Vec<_> = commands.iter().map(|c| verb(*c)).collect();
    let verbs = and_list(&verbs);
    let relation = printable(relation);
    let was = before.map_or_else(|| "there was no such relation".to_owned(), |b| format!("before: {}", extent(b)));
    match (after.grade, before.map(|b| b.grade)) {
        (Grade::None, _) => format!("can no longer {verbs} {relation} ({was})"),
        (_, Some(grade)) if grade > after.grade => format!("can {verbs} only {} of {relation} ({was})", extent(after)),
        _ => format!("can now {verbs} {} of {relation} ({was})", extent(after)),
    }
}
