//! The report of a run: plain data that every writer shares, and one writer a file.
//!
//! Writers never compute: what they show was decided before.

mod assemble;
mod case;
mod change;
mod coverage;
mod csv;
mod door;
mod github;
mod gitlab;
mod html;
pub mod human;
mod json;
mod junit;
mod markdown;
pub mod markup;
mod matrix;
mod oscal;
mod place;
mod probe;
mod sarif;
pub mod stamp;
mod suppressed;
mod trial;
mod unexpected;
mod verdict;

pub use assemble::{Parts, assemble, entries, entry};
pub(crate) use assemble::{exempt, name, refused, through};
pub use case::Case;
pub use change::{AccessChange, Change};
pub use coverage::{Coverage, CoverageGap};
pub(crate) use csv::cell as csv_cell;
pub use csv::csv;
pub use door::{DoorKind, DoorTrial};
pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use markdown::comment;
pub use matrix::{Grade, MatrixEntry};
pub use oscal::oscal;
pub use probe::{Probe, ProbeOutcome};
pub use sarif::sarif;
pub use suppressed::{Suppressed, SuppressedBy, counts};
pub use trial::{Action, Surprise, SurpriseKind, Trial};
pub(crate) use unexpected::Unexpected;
pub use verdict::{Asked, Decided, RowOf, RuleRef, StatementForm, VerdictEntry};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::model::Platform;

/// The version of the JSON report; raised when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// What made it.
    pub tool: Tool,
    /// When it was made, in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// What it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<stamp::Hashes>,
    /// What it is about.
    pub source: Source,
    /// What it comes to.
    pub summary: Summary,
    /// What was examined, and what could not be.
    pub coverage: Coverage,
    /// What a change does to access, when the run compared two states; the findings are then those that are new or graver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// Findings that are not reported as open: accepted risks, a baseline, a threshold.
    #[serde(default)]
    pub suppressed: Vec<Suppressed>,
    /// Decisions on access, against declared rules or else the default reading.
    pub verdicts: Vec<VerdictEntry>,
    /// Who can do what.
    pub matrix: Vec<MatrixEntry>,
    /// What was tried on a real server.
    pub probes: Vec<Probe>,
    /// What was attempted on a server of our own, on rows made for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
    /// What was tried there by other doors: calls of functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorTrial>,
    /// The tests that the project declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<Case>,
}

/// What made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `pgwitness`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Where the model came from.
    pub kind: SourceKind,
    /// The database, folder or file in words; never a password.
    pub description: String,
    /// The server's version, such as `17.10`.
    pub server_version: String,
    /// What stands around the database.
    pub platform: Platform,
    /// The schemas that the Data API serves; `None` when clients speak SQL.
    pub exposed_schemas: Option<Vec<String>>,
    /// The files that were applied or read, in order.
    pub files: Vec<String>,
    /// Things to know about how it was read: assumptions made, settings ignored.
    pub notes: Vec<String>,
}

/// Where a model came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A running database.
    Live,
    /// A snapshot file.
    Snapshot,
    /// Migrations applied to a throw-away server.
    Shadow,
    /// Migrations that were read, without a server.
    Migrations,
}

/// What a run comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The result in one sentence.
    pub verdict: String,
    /// Findings by severity word; every severity is listed.
    pub findings: BTreeMap<String, u64>,
    /// How many findings a live read confirmed.
    pub confirmed: u64,
    /// The exit code of the run.
    pub exit: u8,
}

impl Summary {
    /// Counts findings; the exit code is set by the command.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
        let by = |s| count(findings.iter().filter(|f| f.severity == s).count());
        let confirmed = findings.iter().filter(|f| f.confidence == crate::finding::Confidence::Confirmed).count();
        Self {
            verdict: String::new(),
            findings: all.into_iter().map(|s| (s.word().to_owned(), by(s))).collect(),
            confirmed: count(confirmed),
            exit: 0,
        }
    }
}
