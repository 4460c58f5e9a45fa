//! Which statements an answer covers: those that read a column need SELECT too, and its policies then join in.
//!
//! Source: PostgreSQL manual, sql-createpolicy, "Policies Applied by Command Type", and tests on real servers.

use super::Step;
use crate::analyzer::effective::{Access, Columns, Extent};
use crate::checks::Context;
use crate::model::Command;

pub(super) fn step(cx: &Context<'_>, role: &str, access: &Access<'_>) -> Option<Step> {
    if access.command == Command::Select || !access.is_some() {
        return None;
    }
    let select = cx.effective.access(role, access.relation, Command::Select);
    let filtered = select.row_security.applies();
    let reading = match access.command {
        Command::Insert => "With RETURNING (the Data API's return=representation) or ON CONFLICT, SELECT is needed too",
        Command::Update => "With WHERE or RETURNING, or a column on the right of SET, SELECT is needed too",
        _ => "With WHERE or RETURNING, SELECT is needed too",
    };
    let then = match (&select.columns, select.extent, access.command) {
        (Columns::None, ..) => "which it lacks: such statements fail with error 42501".to_owned(),
        (Columns::Only(_), ..) => "which it has on some columns only".to_owned(),
        (_, Extent::None(_), Command::Insert) => "and no SELECT policy lets the new row through: they fail".to_owned(),
        (_, Extent::None(_), _) => "and no SELECT policy lets a row through: they reach no row".to_owned(),
        (_, Extent::All, _) => "which it has for every row".to_owned(),
        (_, Extent::Rows, Command::Insert) => "and the new row must pass the SELECT policies as well".to_owned(),
        (_, Extent::Rows, Command::Update) => {
            "and both the old and the new row must pass the SELECT policies as well".to_owned()
        }
        (_, Extent::Rows, _) => "and only rows that pass the SELECT policies as well are reached".to_owned(),
    };
    let mut facts = vec![format!("{reading}, {then}")];
    if filtered && access.command != Command::Insert {
        let example = if access.command == Command::Update { "UPDATE t SET c = 1" } else { "DELETE FROM t" };
        facts.push(format!("A statement that reads no column ({example}) is not held back by SELECT policies"));
    }
    if filtered && access.command == Command::Insert {
        facts.push("A plain INSERT (return=minimal) is not held back by SELECT policies".to_owned());
    }
    Some(Step::new("Which statements does that cover?", facts))
}
