//! The baseline: a file of the findings that stood there when it was written, by fingerprint.
//!
//! It is for projects that begin with findings: the next run tells what is new, while the old ones stay counted. A finding
//! that is graver than the file says is new.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};

/// The version of the file.
const VERSION: u32 = 1;

/// The findings of a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of the file's form.
    pub version: u32,
    /// The findings, by fingerprint.
    pub findings: Vec<Entry>,
}

/// A finding that stood there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its check.
    pub check: String,
    /// How bad it was.
    pub severity: Severity,
    /// What it is about, for people.
    pub object: String,
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// It is no JSON of this form.
    #[error("{path} is not a baseline: {source}")]
    Form {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It was written by another version.
    #[error("{path} is a baseline of version {version}, and this program reads version {VERSION}")]
    Version {
        /// The file.
        path: String,
        /// Its version.
        version: u32,
    },
}

impl Baseline {
    /// A baseline of these findings.
    #[must_use]
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let entry = |f: &Finding| Entry {
            fingerprint: f.fingerprint.clone(),
            check: f.check.clone(),
            severity: f.severity,
            object: f.object.to_string(),
        };
        let mut findings: Vec<_> = findings.into_iter().map(entry).collect();
        findings.sort();
        Self { version: VERSION, findings }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no baseline of this version.
    pub fn read(text: &str, path: &Path) -> Result<Self, Mistake> {
        let path = path.display().to_string();
        let read: Self = serde_json::from_str(text).map_err(|source| Mistake::Form { path: path.clone(), source })?;
        match read.version {
            VERSION => Ok(read),
            version => Err(Mistake::Version { path, version }),
        }
    }

    /// The entries by fingerprint, to be used up one by one: two defects of one fingerprint are two.
    pub(super) fn by_fingerprint(&self) -> BTreeMap<String, Vec<&Entry>> {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for entry in &self.findings {
            all.entry(entry.fingerprint.clone()).or_default().push(entry);
        }
        all
    }
}
