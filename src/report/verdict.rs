//! Decisions on declared access: one entry for each question that was asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Confidence, Witness};
use crate::model::{Command, QualifiedName};

/// What was decided of one principal, relation, command and row against one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictEntry {
    /// The role.
    pub principal: String,
    /// The relation.
    pub relation: QualifiedName,
    /// The command.
    pub command: Command,
    /// The function by which rows are reached; `null` for the command itself.
    #[serde(default)]
    pub through: Option<String>,
    /// The statement that it is about; `null` for the command in whatever form.
    #[serde(default)]
    pub statement: Option<StatementForm>,
    /// The row that it is about: an UPDATE has two.
    pub row: RowOf,
    /// What it was held against.
    pub rule: RuleRef,
    /// What was asked.
    pub question: Asked,
    /// The answer.
    pub verdict: Decided,
    /// How sure the answer is; `null` where there is none.
    pub confidence: Option<Confidence>,
    /// Why, in words; for an unknown verdict what it depends on and what would decide it.
    pub reason: String,
    /// The condition under which the command reaches the row, in SQL.
    pub condition: String,
    /// The policies, grants or exemptions that decide, the most telling first.
    pub decided_by: Vec<String>,
    /// The session and rows that show a violation.
    pub witness: Option<Witness>,
    /// What the answer rests on beside the catalog.
    pub assumptions: Vec<String>,
    /// Whether a missing grant or the absence of any policy settles it.
    pub trivial: bool,
}

/// Which row of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowOf {
    /// The row that is read, changed or deleted.
    Old,
    /// The row that is added, or what it is changed to.
    New,
}

/// Forms of a command that reach other rows than the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatementForm {
    /// One that reads no column, neither in WHERE nor RETURNING nor ON CONFLICT: SELECT policies do not count.
    Bare,
    /// An INSERT that returns its row, or names columns in ON CONFLICT: SELECT policies are checks on the new row.
    Returning,
    /// An INSERT .. ON CONFLICT DO UPDATE that meets a row.
    Upsert,
}

/// A rule, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleRef {
    /// The condition as it was written.
    pub text: String,
    /// The rule file; `null` for the default reading.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// The column in it, from 1.
    pub column: Option<u32>,
    /// Why, in the words of whoever declared it, or what the default reading rests on.
    pub reason: Option<String>,
    /// Whether nobody declared it: it was read from columns, keys and policies.
    pub reading: bool,
}

/// The questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Whether access never goes beyond the rule.
    NeverExceeds,
    /// Whether access reaches all that the rule says.
    GrantsAll,
}

/// The answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// It holds in every session and database.
    Proved,
    /// It does not, as the witness shows.
    Violated,
    /// Neither is known.
    Unknown,
}

impl VerdictEntry {
    /// Whether a rule that somebody declared could not be decided.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.verdict == Decided::Unknown && !self.rule.reading
    }
}
