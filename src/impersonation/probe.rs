//! One read as one persona, and what came of it.

use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::message::{HOLDS, Message, SEEN};
use super::plan::{Plan, Read};
use super::{Options, Untested};
use crate::connector::ConnectError;
use crate::model::{RelationKind, Schema, printable, quote_ident};
use crate::report::ProbeOutcome;

/// Makes the reads of a run.
#[derive(Debug)]
pub(super) struct Prober<'a> {
    pub(super) schema: &'a Schema,
    pub(super) options: &'a Options,
    deadline: Instant,
}

/// What the server said to a message: its rows, or why it would not.
pub(super) type Answer = Result<Vec<SimpleQueryMessage>, Failure>;

/// Why the server did not do what a message asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// It said so.
    Refusal { code: SqlState, message: String },
    /// The time for all reads is over.
    NoTime,
}

impl<'a> Prober<'a> {
    pub(super) fn new(schema: &'a Schema, options: &'a Options, deadline: Instant) -> Self {
        Self { schema, options, deadline }
    }

    /// Reads one relation as one persona.
    ///
    /// Mostly one message: the read with the question whether there are rows. That fails as a whole if either half is
    /// refused, so where a refusal is to be expected, and for views and foreign tables, the read goes alone first.
    pub(super) async fn probe(&self, client: &Client, read: &Read<'_>) -> Result<ProbeOutcome, ConnectError> {
        let at_once = read.privileged && !matches!(read.relation.kind, RelationKind::View | RelationKind::ForeignTable);
        if at_once && let Some(outcome) = self.compare(client, read).await? {
            return Ok(outcome);
        }
        let message = Message::new(self.options).row_security(true);
        let answer = self.send(client, &self.read(message, read).end()).await?;
        match answer.map(|rows| self.seen(&rows)) {
            Ok(Some(seen)) => Ok(seen),
            Ok(None) if at_once => Ok(ProbeOutcome::NothingSeen),
            Ok(None) => Ok(self.compare(client, read).await?.unwrap_or(ProbeOutcome::NothingSeen)),
            Err(failure) => self.judge(client, read, failure).await,
        }
    }

    /// Adds the read itself to a message, as the persona.
    pub(super) fn read(&self, message: Message, read: &Read<'_>) -> Message {
        let more_than_counted = self.options.rows.saturating_add(1);
        message.settings(&read.settings).role(&read.persona.role).count(&read.relation.name, more_than_counted)
    }

    /// The rows that a read saw; `None` if none.
    pub(super) fn seen(&self, answer: &[SimpleQueryMessage]) -> Option<ProbeOutcome> {
        let rows: u32 = value(answer, SEEN)?.parse().ok()?;
        let at_least = rows > self.options.rows;
        (rows > 0).then_some(ProbeOutcome::Seen { rows: rows.min(self.options.rows), at_least })
    }

    /// Tells a refusal of the read itself from everything else that can go wrong in it.
    ///
    /// 42501 alone does not say which: a function in a policy, or a relation under a view, may be what was refused.
    /// Messages say it, but in the server's language; so the server is asked what the role holds.
    async fn judge(&self, client: &Client, read: &Read<'_>, failure: Failure) -> Result<ProbeOutcome, ConnectError> {
        let Failure::Refusal { code, message } = failure else { return Ok(no_time()) };
        if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(&code)
        {
            let ask = Message::new(self.options).holds(&read.persona.role, &read.relation.name).end();
            match self.send(client, &ask).await? {
                Ok(answer) => match value(&answer, HOLDS) {
                    Some("f") if code == SqlState::INSUFFICIENT_PRIVILEGE => return Ok(ProbeOutcome::Refused),
                    None => return Ok(not_there()),
                    Some(_) => {}
                },
                Err(Failure::NoTime) => return Ok(no_time()),
                Err(Failure::Refusal { .. }) => {}
            }
        }
        Ok(ProbeOutcome::Error { sqlstate: code.code().to_owned(), message })
    }

    /// The planned roles that the connection may not act as, each asked for once.
    pub(super) async fn refused_roles(&self, client: &Client, plan: &Plan<'_>) -> Result<Vec<Untested>, ConnectError> {
        let mut refused = Vec::new();
        for role in plan.roles() {
            let ask = Message::new(self.options).role(role).end();
            if let Err(Failure::Refusal { message, .. }) = self.send(client, &ask).await? {
                let reason = format!(
                    "{message}; connect as a role that may act as it, or let this one: grant {} to {}",
                    printable(&quote_ident(role)),
                    printable(&quote_ident(&self.schema.server.current_user)),
                );
                refused.push(Untested { role: role.to_owned(), reason });
            }
        }
        Ok(refused)
    }

    /// Sends a message and waits for its answer, at most until the time for all reads is over.
    pub(super) async fn send(&self, client: &Client, message: &str) -> Result<Answer, ConnectError> {
        if Instant::now() >= self.deadline {
            return Ok(Err(Failure::NoTime));
        }
        match timeout_at(self.deadline, client.simple_query(message)).await {
            Err(_) => Ok(Err(Failure::NoTime)),
            Ok(Ok(rows)) => Ok(Ok(rows)),
            Ok(Err(error)) => match error.as_db_error() {
                Some(db) if !ends_session(db) => {
                    Ok(Err(Failure::Refusal { code: db.code().clone(), message: db.message().to_owned() }))
                }
                None if !error.is_closed() && !client.is_closed() => {
                    // Its message has bytes that are not UTF-8, which the driver cannot read.
                    let message = error.to_string();
                    Ok(Err(Failure::Refusal { code: SqlState::CHARACTER_NOT_IN_REPERTOIRE, message }))
                }
                _ => Err(ConnectError::query("reading as another role", error)),
            },
        }
    }
}

/// The value of a column of the one row that has it.
pub(super) fn value<'r>(answer: &'r [SimpleQueryMessage], column: &str) -> Option<&'r str> {
    answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) if row.columns().iter().any(|c| c.name() == column) => row.get(column),
        _ => None,
    })
}

/// Whether the server says goodbye. Its SQLSTATE would not do: a foreign table whose server is away has class 08 too.
fn ends_session(error: &DbError) -> bool {
    matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic))
}

fn no_time() -> ProbeOutcome {
    ProbeOutcome::NotTested { reason: "the time allowed for reading as other roles was over".to_owned() }
}

fn not_there() -> ProbeOutcome {
    let reason = "the server knows no relation of this name: it was dropped meanwhile, or its name has bytes that \
                  are not UTF-8 and cannot be sent";
    ProbeOutcome::NotTested { reason: reason.to_owned() }
}
