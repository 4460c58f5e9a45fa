//! `matrix --why`: one answer with everything that it rests on, in the order in which the server decides.

mod doors;
mod policies;
mod statements;

use serde::Serialize;

use super::select;
use crate::Error;
use crate::analyzer::effective::{Access, Columns, Extent};
use crate::checks::Context;
use crate::commands::similar;
use crate::model::{Command, Privilege, Relation, RelationKind, printable, quote_ident};
use crate::report::human::text::{BOLD, block, styled, wrapped};
use crate::report::{entry, exempt};

/// An answer and how it comes about.
#[derive(Debug, Serialize)]
pub(super) struct Why {
    principal: String,
    relation: String,
    command: &'static str,
    /// The answer in one sentence.
    answer: String,
    steps: Vec<Step>,
    /// What a row that is there must meet, as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<String>,
    /// What the new row of an UPDATE must meet, as SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_row: Option<String>,
}

/// A question on the way, and the facts that answer it.
#[derive(Debug, Serialize)]
struct Step {
    question: String,
    facts: Vec<String>,
}

impl Step {
    fn new(question: impl Into<String>, facts: Vec<String>) -> Self {
        Self { question: question.into(), facts }
    }
}

/// What a command asks for.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Rows(Command),
    /// Row security does not apply to these.
    Whole(Privilege),
}

const COMMANDS: [(&str, Asked); 7] = [
    ("select", Asked::Rows(Command::Select)),
    ("insert", Asked::Rows(Command::Insert)),
    ("update", Asked::Rows(Command::Update)),
    ("delete", Asked::Rows(Command::Delete)),
    ("truncate", Asked::Whole(Privilege::Truncate)),
    ("references", Asked::Whole(Privilege::References)),
    ("trigger", Asked::Whole(Privilege::Trigger)),
];

/// Explains what `role` can do with `command` to `relation`, all as the user typed them.
pub(super) fn explain(cx: &Context<'_>, role: &str, relation: &str, command: &str) -> Result<Why, Error> {
    let role = select::role(cx, role)?;
    let relation = select::relation(cx, relation)?;
    let asked = COMMANDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(command)).map(|(_, asked)| *asked);
    match asked {
        Some(Asked::Rows(command)) => Ok(rows(cx, role, relation, command)),
        Some(Asked::Whole(privilege)) => Ok(whole(cx, role, relation, privilege)),
        None => {
            let names = COMMANDS.map(|(name, _)| name);
            let help = similar::to(&command.to_lowercase(), names);
            let help = help.unwrap_or_else(|| format!("one of {}", names.join(", ")));
            Err(Error::usage(format!("`{command}` is no command that a relation takes"), help))
        }
    }
}

fn rows(cx: &Context<'_>, role: &str, relation: &Relation, command: Command) -> Why {
    let access = cx.effective.access(role, relation, command);
    let mut steps = vec![schema_step(&access), privilege_step(&access)];
    if access.usage.is_some() && access.columns != Columns::None {
        steps.push(row_security_step(&access));
        if access.row_security.applies() {
            steps.extend(policies::steps(cx, role, &access));
        }
        steps.extend(statements::step(cx, role, &access));
    }
    if let Some((_, words)) = crate::report::through(cx, role, relation).filter(|_| access.is_some()) {
        steps.push(Step::new("What does the view show?", vec![words]));
    }
    steps.extend(doors::step(cx, role, relation));
    Why {
        principal: role.to_owned(),
        relation: relation.name.to_string(),
        command: command.privilege().sql(),
        answer: answer(cx, role, &access),
        steps,
        condition: access.condition(),
        new_row: access.new_row(),
    }
}

fn answer(cx: &Context<'_>, role: &str, access: &Access<'_>) -> String {
    let entry = entry(cx, role, access.relation, access.command);
    let (role, command, relation) = (printable(role), access.command, &access.relation.name);
    let how_much = match (access.extent, entry.access) {
        (Extent::None(_), _) => {
            return format!("{role} reaches no row of {relation} with {command}: {}", entry.because);
        }
        (Extent::Rows, _) => "those rows of {} that its policies let through",
        (Extent::All, crate::report::Grade::All) => "every row of {}",
        (Extent::All, crate::report::Grade::Some) => "what policies further down let through of {}",
        (Extent::All, crate::report::Grade::None) => "nothing of {}, whose query fails",
    };
    let columns = if access.columns == Columns::All { "" } else { ", in some columns" };
    format!("{role} can {command} {}{columns}", how_much.replace("{}", &relation.to_string()))
}

fn schema_step(access: &Access<'_>) -> Step {
    let schema = quote_ident(&access.relation.name.schema).into_owned();
    let fact = match &access.usage {
        Some(holding) => format!("yes: USAGE {holding}"),
        None => "no: the command fails with error 42501".to_owned(),
    };
    Step::new(format!("May it use schema {schema}?"), vec![fact])
}

fn privilege_step(access: &Access<'_>) -> Step {
    let question = format!("Does it have the {} privilege?", access.command);
    let facts = match (&access.privilege, &access.columns) {
        (Some(holding), _) if access.command == Command::Delete => vec![format!("yes: {holding}")],
        (Some(holding), _) => vec![format!("yes, on all columns: {holding}")],
        (None, Columns::Only(held)) => {
            held.iter().map(|(column, holding)| format!("on column {}: {holding}", quote_ident(column))).collect()
        }
        _ => vec!["no: the command fails with error 42501".to_owned()],
    };
    Step::new(question, facts)
}

fn row_security_step(access: &Access<'_>) -> Step {
    let applies = access.row_security.applies();
    let words = exempt(&access.row_security, access.relation);
    let mut facts = vec![if applies { format!("yes: {words}") } else { format!("no: {words}") }];
    if applies && access.relation.force_row_security {
        facts.push("FORCE ROW LEVEL SECURITY is set: the owner is bound too".to_owned());
    }
    Step::new("Does row-level security filter the rows?", facts)
}

fn whole(cx: &Context<'_>, role: &str, relation: &Relation, privilege: Privilege) -> Why {
    let usage = cx.schema.namespace(&relation.name.schema);
    let usage = usage.and_then(|n| cx.effective.holds_on_namespace(role, n, Privilege::Usage));
    let holding = cx.effective.holds_on_relation(role, relation, privilege);
    let words = |holding: Option<&crate::analyzer::effective::Holding>| match holding {
        Some(holding) => format!("yes: {holding}"),
        None => "no: the command fails with error 42501".to_owned(),
    };
    // TRUNCATE says nothing about views, and the server says so before it looks at privileges.
    let takes = privilege != Privilege::Truncate
        || matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable);
    let may = usage.is_some() && holding.is_some() && takes;
    let verb = if may { "can" } else { "cannot" };
    let mut steps = vec![
        Step::new(format!("May it use schema {}?", quote_ident(&relation.name.schema)), vec![words(usage.as_ref())]),
        Step::new(format!("Does it have the {privilege} privilege?"), vec![words(holding.as_ref())]),
        Step::new("Does row-level security filter the rows?", vec![effect(privilege).to_owned()]),
    ];
    if !takes {
        steps.push(Step::new(
            "Does the relation take it?",
            vec![format!("no: a {} cannot be truncated", relation.kind)],
        ));
    }
    Why {
        principal: role.to_owned(),
        relation: relation.name.to_string(),
        command: privilege.sql(),
        answer: format!("{} {verb} use {privilege} on {}", printable(role), relation.name),
        steps,
        condition: None,
        new_row: None,
    }
}

fn effect(privilege: Privilege) -> &'static str {
    match privilege {
        Privilege::Truncate => "no: TRUNCATE empties the whole table whatever its policies say",
        Privilege::References => {
            "no: a foreign key to the table sees all its rows, and so reveals which values exist, whatever its policies say"
        }
        _ => "no: a trigger that the role puts on the table runs its code with the rights of whoever changes a row",
    }
}

impl Why {
    /// For people.
    pub(super) fn text(&self, width: usize) -> String {
        let mut out = format!("{}\n", styled(BOLD, &wrapped(&format!("{}.", self.answer), width, 0)));
        for (at, step) in self.steps.iter().enumerate() {
            out.push_str(&format!(
                "\n{} {}\n",
                styled(BOLD, &format!("{}.", at + 1)),
                wrapped(&step.question, width, 3)
            ));
            for fact in &step.facts {
                out.push_str(&format!("   - {}\n", wrapped(fact, width, 5)));
            }
        }
        let conditions = [("The condition on a row", &self.condition), ("The condition on the new row", &self.new_row)];
        for (heading, condition) in conditions {
            let heading = match self.command {
                "INSERT" => "The condition on the new row",
                "UPDATE" if heading == "The condition on a row" => "The condition on the old row",
                _ => heading,
            };
            if let Some(sql) = condition {
                out.push_str(&format!("\n{}\n      {}\n", styled(BOLD, heading), block(sql, 6)));
            }
        }
        out
    }
}
