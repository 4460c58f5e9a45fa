//! Findings: what is wrong, how bad it is, how sure we are, and how anyone can see it.

mod fingerprint;
mod object;
mod sink;
mod witness;

pub use object::{ObjectKind, ObjectRef};
pub(crate) use sink::{Draft, sort};
pub use sink::{Examined, Findings};
pub use witness::{Part, Replay, Witness, WitnessRow};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{QualifiedName, Statement};
use crate::report::DoorKind;
use crate::verdicts::script::Script;

/// How bad it is, by who can reach what; a pattern without reach is low or info.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness that nobody can use as things are.
    Low,
    /// A trap that a next change springs, or a leak of little.
    Medium,
    /// A reachable principal gains rows, columns or rights that it should not have.
    High,
    /// The same for anyone on the internet, or with no effort.
    Critical,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure we are.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A sign of it; whether it matters depends on what we cannot see.
    Possible,
    /// It follows from a reading of the application's intent.
    Likely,
    /// It follows from the catalog.
    Proved,
    /// It was seen on a real server.
    Confirmed,
}

impl Confidence {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Proved => "proved",
            Self::Confirmed => "confirmed",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The id of the check.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// What it is about.
    pub object: ObjectRef,
    /// The least trusted role that gains something.
    pub principal: Option<String>,
    /// One line, without a full stop.
    pub title: String,
    /// Who can do what to which rows, in plain sentences.
    pub message: String,
    /// How to see it oneself.
    pub reproduce: Option<Reproduce>,
    /// SQL that mends it.
    pub fix: Option<String>,
    /// The same in every run for the same defect of the same object.
    pub fingerprint: String,
    /// Where in the files it comes from.
    pub locations: Vec<Location>,
    /// The facts that it rests on, most telling first.
    pub evidence: Vec<Evidence>,
    /// The session and rows that show it, where it follows from a verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// The reads that would confirm it.
    #[serde(skip)]
    pub confirm: Vec<ReadProbe>,
    /// The doors that would confirm it on a server of our own.
    #[serde(skip)]
    pub doors: Vec<DoorProbe>,
    /// The steps that would confirm it on a server of our own.
    #[serde(skip)]
    pub script: Option<Box<Script>>,
}

/// A read that the impersonation tester can make to confirm a finding: rows seen confirm it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadProbe {
    /// The role to act as.
    pub role: String,
    /// The relation to read.
    pub relation: QualifiedName,
}

/// A door that shows a finding where it leads somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorProbe {
    /// The kind of door.
    pub door: DoorKind,
    /// The role that goes through it.
    pub role: String,
    /// What it leads through.
    pub object: String,
}

/// How to see a finding oneself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Reproduce {
    /// A script for psql; it changes nothing.
    pub sql: Option<String>,
    /// A request to the Data API.
    pub curl: Option<String>,
    /// The same with supabase-js.
    pub supabase_js: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// The statement in it.
    pub span: Statement,
}

/// A fact that a finding rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What kind of fact: `privilege`, `row security`, `policy`, `live read`, ...
    pub kind: String,
    /// The fact.
    pub text: String,
}
