//! Write probes on a running database, for who asks for them: a few rows at most, in a message that rolls itself back.
//!
//! Each command that a role holds a privilege for is tried on rows that are there: set to what they are, deleted, or added
//! once more as they are. Policies are asked before unique keys, so that a row which is there already says as much as a new
//! one. Commands whose effects no rollback takes back are not tried, and why is told.

mod rules;
mod undoable;

use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_postgres::SimpleQueryMessage;

use super::Options;
use super::message::Message;
use super::plan::{Plan, Read};
use super::probe::{Answer, Failure, Prober};
use super::seed::{Cells, insert_statement, stored};
use super::unanswered::{is_no_answer, reason};
use crate::access::Intent;
use crate::analyzer::effective::{Access, Columns, Effective};
use crate::connector::{ConnectError, Database};
use crate::model::{Column, Command, Identity, Relation, RelationKind, quote_ident};
use crate::report::{Probe, ProbeOutcome, Trial, VerdictEntry};

/// Rows of a table that are written at most.
const ROWS: usize = 3;
/// The column of where a row lies.
const PLACE: &str = "pgwitness_place";

/// What writes came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// One for each persona, table and command.
    pub probes: Vec<Probe>,
    /// The same beside the rules that bound them.
    pub trials: Vec<Trial>,
}

/// Tries writes as every persona on every exposed table of a running database, and changes nothing. What they reach is held
/// against the declared rules, and against what was decided of them.
///
/// # Errors
/// When no connection can be had, or it breaks.
pub async fn write(
    database: &Database,
    effective: &Effective<'_>,
    (intent, verdicts): (&Intent, &[VerdictEntry]),
    options: &Options,
) -> Result<Written, ConnectError> {
    let client = database.client().await?;
    let mut plan = Plan::new(effective);
    let prober = Prober::new(effective.schema(), options, Instant::now() + options.budget);
    let untested = prober.refused_roles(&client, &plan).await?;
    plan.leave_out(&untested);
    let tables = |read: &&Read<'_>| {
        matches!(read.relation.kind, RelationKind::Table | RelationKind::PartitionedTable)
            && !read.relation.is_partition
    };
    let mut reads: Vec<_> = plan.reads.iter().filter(tables).collect();
    reads.sort_by(|a, b| a.relation.name.cmp(&b.relation.name));
    let (mut written, mut last) = (Written::default(), None);
    for read in reads {
        let writer = Writer { prober: &prober, client: &client, effective, intent, verdicts, read };
        if last.as_ref().is_none_or(|(name, _)| *name != &read.relation.name) {
            last = Some((&read.relation.name, writer.rows().await?));
        }
        let Some((_, rows)) = &last else { continue };
        writer.all(rows, &mut written).await?;
    }
    Ok(written)
}

/// Rows of a table by where they lie, or why there are none.
type Rows = Result<Vec<(String, Cells)>, String>;

/// A persona before a table.
struct Writer<'w, 'a> {
    prober: &'w Prober<'w>,
    client: &'w Client,
    effective: &'w Effective<'a>,
    intent: &'w Intent,
    verdicts: &'w [VerdictEntry],
    read: &'w Read<'a>,
}

impl Writer<'_, '_> {
    /// A few rows, as the connected role sees them.
    async fn rows(&self) -> Result<Rows, ConnectError> {
        let select = format!(
            "select tableoid::pg_catalog.regclass || ' ' || ctid as {PLACE}, * from {} limit {ROWS}",
            self.name()
        );
        let message = Message::new(self.prober.options).no_role().row_security(true).statement(&select).end();
        Ok(match self.prober.send(self.client, &message).await? {
            Ok(answer) => Ok(answer.iter().filter_map(cells).collect()),
            Err(Failure::Refusal { message, .. }) => Err(message),
            Err(Failure::NoTime) => Err("the time allowed for it was over".to_owned()),
        })
    }

    fn name(&self) -> String {
        self.read.relation.name.to_string()
    }

    fn access(&self, command: Command) -> Option<Access<'_>> {
        let relation = self.effective.schema().relation(&self.read.relation.name)?;
        Some(self.effective.access(&self.read.persona.role, relation, command))
    }

    fn holds(&self, command: Command, column: &Column) -> bool {
        match self.access(command).map(|access| access.columns.clone()) {
            Some(Columns::All) => true,
            Some(Columns::Only(held)) => held.iter().any(|(name, _)| *name == column.name),
            _ => false,
        }
    }

    /// Every command that the role holds a privilege for.
    async fn all(&self, rows: &Rows, written: &mut Written) -> Result<(), ConnectError> {
        for command in [Command::Insert, Command::Update, Command::Delete] {
            let held = self
                .access(command)
                .is_some_and(|access| access.usage.is_some() && !matches!(access.columns, Columns::None));
            if held {
                let outcome = self.command(command, rows).await?;
                written.trials.push(self.trial(command, rows, &outcome).await?);
                written.probes.push(Probe { command, ..self.read.came_to(outcome) });
            }
        }
        Ok(())
    }

    async fn command(&self, command: Command, rows: &Rows) -> Result<ProbeOutcome, ConnectError> {
        let not = |reason: String| Ok(ProbeOutcome::NotTested { reason });
        if let Some(why) = undoable::why_not(self.effective.schema(), self.read.relation, command) {
            return not(format!("not tried on a running database: {why}"));
        }
        let rows = match rows {
            Ok(rows) if rows.is_empty() => return Ok(ProbeOutcome::Empty),
            Ok(rows) => rows,
            Err(why) => return not(format!("its rows could not be looked at: {why}")),
        };
        let statement = match self.statement(command, rows) {
            Ok(statement) => statement,
            Err(why) => return not(why),
        };
        Ok(outcome(self.prober.send(self.client, &self.message(&statement)).await?))
    }

    /// A statement as the persona, taken back.
    fn message(&self, statement: &str) -> String {
        let message = Message::writing(self.prober.options).settings(&self.read.settings);
        message.role(&self.read.persona.role).statement(statement).end()
    }

    fn statement(&self, command: Command, rows: &[(String, Cells)]) -> Result<String, String> {
        let relation = self.read.relation;
        if command == Command::Insert {
            let (_, cells) = rows.first().ok_or("there is no row to add once more")?;
            return self.insert(relation, cells);
        }
        // Where a row lies can be asked by who may read the whole table.
        if self.access(Command::Select).is_none_or(|access| !matches!(access.columns, Columns::All)) {
            return Err("the role may not read the whole table, so that the rows could not be limited".to_owned());
        }
        let these = these(rows);
        if command == Command::Delete {
            return Ok(format!("delete from {} where {these}", relation.name));
        }
        let is_key = |c: &Column| relation.constraints.iter().any(|k| k.columns.contains(&c.name));
        let settable = |c: &&Column| {
            c.generated.is_none() && c.identity != Some(Identity::Always) && self.holds(Command::Update, c)
        };
        let mut columns: Vec<_> = relation.columns.iter().filter(settable).collect();
        columns.sort_by_key(|c| is_key(c));
        let column = columns.first().ok_or("no column can be set to what it is")?;
        let column = quote_ident(&column.name);
        Ok(format!("update {} set {column} = {column} where {these}", relation.name))
    }

    /// The row as it is; a column that the role may not give has its default, unless that is a number of a sequence.
    fn insert(&self, relation: &Relation, cells: &Cells) -> Result<String, String> {
        let mut given = stored(relation, cells);
        given.retain(|name, _| relation.column(name).is_some_and(|c| self.holds(Command::Insert, c)));
        let left: Vec<_> = relation.columns.iter().filter(|c| !given.contains_key(&c.name)).collect();
        if let Some(column) = left.iter().find(|c| undoable::takes_a_number(c)) {
            return Err(format!(
                "not tried on a running database: {} would take a number of its sequence, which no rollback gives back",
                column.name
            ));
        }
        Ok(insert_statement(relation, &given))
    }
}

/// The condition that a row is one of these.
fn these(rows: &[(String, Cells)]) -> String {
    let place = |(table, at): (&str, &str)| {
        format!("(tableoid = '{}'::pg_catalog.regclass and ctid = '{at}')", table.replace('\'', "''"))
    };
    let places: Vec<_> = rows.iter().filter_map(|(place, _)| place.rsplit_once(' ')).map(place).collect();
    places.join(" or ")
}

fn cells(message: &SimpleQueryMessage) -> Option<(String, Cells)> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let at = row.columns().iter().position(|c| c.name() == PLACE)?;
    let named = row.columns().iter().enumerate().filter(|(place, _)| *place != at);
    let cells = named.map(|(place, c)| (c.name().to_owned(), row.get(place).map(str::to_owned))).collect();
    Some((row.get(at)?.to_owned(), cells))
}

fn outcome(answer: Answer) -> ProbeOutcome {
    let (code, message) = match answer {
        Ok(answer) => {
            let mut done = answer.iter().rev().filter_map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                _ => None,
            });
            // After it come only BEGIN and ROLLBACK.
            return match done.nth(2).map(|rows| u32::try_from(rows).unwrap_or(u32::MAX)) {
                None | Some(0) => ProbeOutcome::Hidden,
                Some(rows) => ProbeOutcome::Seen { rows, at_least: false },
            };
        }
        Err(Failure::NoTime) => {
            return ProbeOutcome::NotTested { reason: "the time allowed for it was over".to_owned() };
        }
        Err(Failure::Refusal { code, message }) => (code.code().to_owned(), message),
    };
    match code.as_str() {
        // Keys are looked at after policies: but for them the row was written.
        "23505" | "23503" | "23P01" => ProbeOutcome::Seen { rows: 1, at_least: true },
        "42501" => ProbeOutcome::Refused,
        "25006" => ProbeOutcome::NotTested { reason: "the server, or the role's sessions, are read-only".to_owned() },
        code if is_no_answer(code) => ProbeOutcome::NotTested { reason: reason(&message, code) },
        _ => ProbeOutcome::Error { sqlstate: code, message },
    }
}
