//! What was tried on a real server, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Command, QualifiedName};

/// A statement that the impersonation tester ran as a persona, in a transaction that was rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The persona, such as `anon` or `signed-in user`.
    pub persona: String,
    /// The role it acts as.
    pub role: String,
    /// The relation.
    pub relation: QualifiedName,
    /// The command.
    pub command: Command,
    /// What came of it.
    pub outcome: ProbeOutcome,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum ProbeOutcome {
    /// Rows came back; `at_least` says how many were counted before the probe stopped counting.
    Seen {
        /// The rows counted.
        rows: u32,
        /// Whether counting stopped there.
        at_least: bool,
    },
    /// The statement ran and no row came back, though the relation has rows.
    Hidden,
    /// The statement ran, but the relation has no rows: it shows nothing either way.
    Empty,
    /// The statement ran and no row came back; whether there are any could not be told.
    NothingSeen,
    /// Refused for a missing privilege: SQLSTATE 42501.
    Refused,
    /// Any other error.
    Error {
        /// The SQLSTATE.
        sqlstate: String,
        /// The server's message.
        message: String,
    },
    /// Not tried, for this reason.
    NotTested {
        /// Why.
        reason: String,
    },
}
