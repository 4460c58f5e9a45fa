//! One read as one persona, and what came of it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::{DbError, Severity, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::message::{Message, SEEN, SIZE};
use super::plan::{Plan, Read};
use super::rights::Right;
use super::unanswered::{self, is_no_answer};
use super::{Options, Untested};
use crate::connector::ConnectError;
use crate::model::{QualifiedName, RelationKind, Schema, printable, quote_ident};
use crate::report::ProbeOutcome;

/// How much longer a read may take that gave no answer at first.
const MORE_TIME: u32 = 2;

/// The rows of a sample, about.
const SAMPLE: f64 = 1_000.0;

/// Makes the reads of a run.
#[derive(Debug)]
pub(super) struct Prober<'a> {
    pub(super) schema: &'a Schema,
    pub(super) options: &'a Options,
    deadline: Instant,
    /// The relations that only a sample was read of.
    pub(super) sampled: Mutex<BTreeSet<QualifiedName>>,
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
        Self { schema, options, deadline, sampled: Mutex::default() }
    }

    /// Reads one relation as one persona, in messages of its own.
    ///
    /// Mostly one: the read with the question whether there are rows. That fails as a whole if either half is refused,
    /// so for views and foreign tables, and where the connected role does not see all rows, the read goes alone first.
    pub(super) async fn probe(&self, client: &Client, read: &Read<'_>) -> Result<ProbeOutcome, ConnectError> {
        if let Some(outcome) = read.right.outcome() {
            return Ok(outcome);
        }
        let at_once = read.can_be_compared();
        if at_once && let Some(outcome) = self.compare(client, read).await? {
            return Ok(outcome);
        }
        let alone = |options| self.read(Message::new(options).row_security(true), read).end();
        let mut answer = self.send(client, &alone(self.options)).await?;
        if matches!(&answer, Err(Failure::Refusal { code, .. }) if is_no_answer(code.code())) {
            answer = self.send(client, &alone(&self.slower())).await?;
        }
        if matches!(&answer, Err(Failure::Refusal { code, .. }) if *code == SqlState::QUERY_CANCELED)
            && let Some(outcome) = self.sample(client, read).await?
        {
            return Ok(outcome);
        }
        match answer.map(|rows| self.seen(&rows)) {
            Ok(Some(seen)) => Ok(seen),
            Ok(None) if at_once => Ok(ProbeOutcome::NothingSeen),
            Ok(None) => self.explain_nothing(client, read).await,
            Err(failure) => self.judge(client, read, failure).await,
        }
    }

    /// What a few pages of a table show whose rows cannot all be read in time; `None` where that cannot be told either.
    async fn sample(&self, client: &Client, read: &Read<'_>) -> Result<Option<ProbeOutcome>, ConnectError> {
        use RelationKind::{MaterializedView, PartitionedTable, Table};
        if !matches!(read.relation.kind, Table | MaterializedView | PartitionedTable) {
            return Ok(None);
        }
        let name = &read.relation.name;
        let ask = Message::new(self.options).no_role().size(name).end();
        let size = self.send(client, &ask).await?.ok();
        let rows: f64 = size.and_then(|answer| value(&answer, SIZE)?.parse().ok()).unwrap_or_default();
        let percent = (100.0 * SAMPLE / rows.max(1.0)).min(100.0);
        let slower = self.slower();
        let message = Message::new(&slower).row_security(true).settings(&read.settings).role(&read.persona.role);
        let answer = self.send(client, &message.count_sample(name, percent, self.limit()).end()).await?;
        let Ok(answer) = answer else { return Ok(None) };
        if let Ok(mut sampled) = self.sampled.lock() {
            sampled.insert(name.clone());
        }
        Ok(Some(match self.seen(&answer) {
            Some(ProbeOutcome::Seen { rows, .. }) => ProbeOutcome::Seen { rows, at_least: true },
            _ => {
                let reason = "reading all of it takes too long, and a sample of its rows showed none";
                ProbeOutcome::NotTested { reason: reason.to_owned() }
            }
        }))
    }

    /// The bounds of a read that gave no answer within those of the run.
    fn slower(&self) -> Options {
        Options {
            statement_timeout: self.options.statement_timeout * MORE_TIME,
            lock_timeout: self.options.lock_timeout * MORE_TIME,
            ..self.options.clone()
        }
    }

    /// What it means that a read saw no row, where the question whether there are any was not asked beside it.
    pub(super) async fn explain_nothing(&self, client: &Client, read: &Read<'_>) -> Result<ProbeOutcome, ConnectError> {
        // The connected role was asked about its own rights to a table already: there it cannot tell.
        let compared = if read.holds_own_rows() && read.right != Right::Unknown {
            None
        } else {
            self.compare(client, read).await?
        };
        Ok(compared.unwrap_or(ProbeOutcome::NothingSeen))
    }

    /// Adds the read itself to a message, as the persona.
    pub(super) fn read(&self, message: Message, read: &Read<'_>) -> Message {
        message.settings(&read.settings).role(&read.persona.role).count(&read.relation.name, self.limit())
    }

    /// One row more than is counted, to know whether there are more.
    pub(super) fn limit(&self) -> u32 {
        self.options.rows.saturating_add(1)
    }

    /// The rows that a read saw; `None` if none.
    pub(super) fn seen(&self, answer: &[SimpleQueryMessage]) -> Option<ProbeOutcome> {
        self.counted(value(answer, SEEN)?)
    }

    /// Likewise, of the text of a count.
    pub(super) fn counted(&self, count: &str) -> Option<ProbeOutcome> {
        let rows: u32 = count.parse().ok()?;
        let at_least = rows > self.options.rows;
        (rows > 0).then_some(ProbeOutcome::Seen { rows: rows.min(self.options.rows), at_least })
    }

    /// Tells a refusal of the read itself from everything else that can go wrong in it.
    ///
    /// 42501 alone does not say which: a function in a policy, or a relation under a view, may be what was refused.
    /// Messages say it, but in the server's language; so the server is asked what the role holds.
    async fn judge(&self, client: &Client, read: &Read<'_>, failure: Failure) -> Result<ProbeOutcome, ConnectError> {
        let Failure::Refusal { code, message } = failure else { return Ok(no_time()) };
        if is_no_answer(code.code()) {
            return Ok(ProbeOutcome::NotTested { reason: unanswered::reason(&message, code.code()) });
        }
        if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(&code)
        {
            match self.rights(client, std::slice::from_ref(read)).await? {
                Ok(rights) => {
                    let settles = |r: &&Right| **r != Right::Refused || code == SqlState::INSUFFICIENT_PRIVILEGE;
                    if let Some(outcome) = rights.first().filter(settles).and_then(|right| right.outcome()) {
                        return Ok(outcome);
                    }
                }
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

/// The value of a column of the first row that has it.
pub(super) fn value<'r>(answer: &'r [SimpleQueryMessage], column: &str) -> Option<&'r str> {
    values(answer, column).next()
}

/// The values of a column of all rows that have it.
pub(super) fn values<'r>(answer: &'r [SimpleQueryMessage], column: &str) -> impl Iterator<Item = &'r str> {
    answer.iter().filter_map(move |message| match message {
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
