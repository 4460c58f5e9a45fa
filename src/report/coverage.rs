//! What a run examined, and what it could not.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was examined, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Counts by kind: `relations`, `policies`, `functions`, `roles`, `probes`, ...
    pub examined: BTreeMap<String, u64>,
    /// The number of subjects that each check looked at, by check id.
    pub checks: BTreeMap<String, u64>,
    /// Checks that were not to run; what they would have found is not known.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// What could not be read or understood.
    pub gaps: Vec<CoverageGap>,
}

/// Something that could not be read or understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageGap {
    /// What and why, in words.
    pub what: String,
    /// The file, when it was met in one.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// Whether access control may depend on it: then the run is not complete (exit code 3 unless allowed).
    pub access_control: bool,
}
