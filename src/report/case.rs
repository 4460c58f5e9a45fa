//! Tests that a project declares, and what came of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A `[[test]]`, run as its persona and rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// What it shows, or else the statement.
    pub name: String,
    /// The persona.
    pub persona: String,
    /// The statement as it was run.
    pub statement: String,
    /// What had to come of it, in words.
    pub expected: String,
    /// What came of it, in words.
    pub actual: String,
    /// Whether that is the same.
    pub passed: bool,
    /// Whether the server gave no answer, so that it was not tested.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// The file that declares it.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
}

impl Case {
    /// Whether something else came of it than had to.
    #[must_use]
    pub fn failed(&self) -> bool {
        !self.passed && !self.unanswered
    }
}
