//! What the server says the roles of a plan may read at all, asked in bulk before anything is tried.
//!
//! A read that is bound to be refused leaves an error in the log of the audited server. Its own functions give the
//! answer that the executor would, SQLSTATE 42501 or not: USAGE on the schema, and SELECT on any column.

use tokio_postgres::Client;

use super::message::{Message, RIGHTS};
use super::plan::{Plan, Read};
use super::probe::{Failure, Prober, value};
use crate::connector::ConnectError;
use crate::report::ProbeOutcome;

/// What the server says of a role and a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// It was not asked, or could not say.
    Unknown,
    /// It knows no relation of that name.
    Missing,
    /// The role may not read it.
    Refused,
    /// The role may read it.
    Held {
        /// Whether the connected role sees all of its rows, and so can tell hidden from empty.
        all_seen: bool,
    },
}

/// The relations of one question.
const AT_ONCE: usize = 1_000;

impl Right {
    fn of(letter: &str) -> Self {
        match letter {
            "a" => Self::Held { all_seen: true },
            "h" => Self::Held { all_seen: false },
            "r" => Self::Refused,
            _ => Self::Unknown,
        }
    }

    /// Whether the role may read it.
    pub(super) fn is_held(self) -> bool {
        matches!(self, Self::Held { .. })
    }

    /// The outcome of a read, where the right settles it.
    pub(super) fn outcome(self) -> Option<ProbeOutcome> {
        match self {
            Self::Refused => Some(ProbeOutcome::Refused),
            Self::Missing => Some(not_there()),
            Self::Unknown | Self::Held { .. } => None,
        }
    }
}

impl Prober<'_> {
    /// Asks for the rights of all reads. What the server does not answer stays unknown and is found out by trying.
    pub(super) async fn ask_rights(&self, client: &Client, plan: &mut Plan<'_>) -> Result<(), ConnectError> {
        for of_role in plan.reads.chunk_by_mut(|a, b| a.persona.role == b.persona.role) {
            for reads in of_role.chunks_mut(AT_ONCE) {
                if let Ok(rights) = self.rights(client, reads).await? {
                    reads.iter_mut().zip(rights).for_each(|(read, right)| read.right = right);
                }
            }
        }
        Ok(())
    }

    /// The right to make each of some reads of one role.
    pub(super) async fn rights(
        &self,
        client: &Client,
        reads: &[Read<'_>],
    ) -> Result<Result<Vec<Right>, Failure>, ConnectError> {
        let role = reads.first().map_or("", |r| r.persona.role.as_str());
        let names: Vec<_> = reads.iter().map(|r| &r.relation.name).collect();
        let message = Message::new(self.options).no_role().rights(role, &names).end();
        Ok(self.send(client, &message).await?.map(|answer| {
            let mut rights = vec![Right::Missing; reads.len()];
            for item in value(&answer, RIGHTS).unwrap_or_default().split(' ') {
                let Some((place, letter)) = item.split_at_checked(item.len().saturating_sub(1)) else { continue };
                if let Some(right) = place.parse().ok().and_then(|at: usize| rights.get_mut(at)) {
                    *right = Right::of(letter);
                }
            }
            rights
        }))
    }
}

fn not_there() -> ProbeOutcome {
    let reason = "the server knows no relation of this name: it was dropped meanwhile, or its name has bytes that \
                  are not UTF-8 and cannot be sent";
    ProbeOutcome::NotTested { reason: reason.to_owned() }
}
