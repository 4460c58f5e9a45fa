//! What an audit says of the controls of compliance frameworks.
//!
//! A control cites topics of checks, verdicts and probes; its status follows from findings *and* from what was examined:
//! no subject is never a pass, and neither is an accepted risk. What no tool can tell is written out for a person.

mod assess;
mod framework;
mod human;
mod text;

pub use assess::assess;
pub use framework::{Control, Framework, Topic, all, find, topics};
pub use human::human;
pub use text::{csv, markdown};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;

/// What an audit says of one framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// The framework.
    pub framework: FrameworkRef,
    /// Its controls, in the framework's order.
    pub controls: Vec<ControlResult>,
}

/// Which framework.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameworkRef {
    /// What `--framework` calls it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The edition that the ids are of.
    pub edition: String,
    /// Where it is published.
    pub url: String,
}

impl FrameworkRef {
    /// Name and edition.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}, {}", self.name, self.edition)
    }
}

/// What an audit says of one control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlResult {
    /// Its id in the framework.
    pub id: String,
    /// What it asks for, in our own words.
    pub title: String,
    /// The status of what can be told from the database.
    pub status: Status,
    /// Why, in one sentence.
    pub because: String,
    /// The checks that it cites.
    pub checks: Vec<CheckEvidence>,
    /// The open findings that fail it.
    pub findings: Vec<FindingRef>,
    /// Findings that somebody accepted.
    pub accepted: Vec<FindingRef>,
    /// Questions of access that were decided, where the control cites them.
    pub verdicts: Option<VerdictEvidence>,
    /// Statements that were tried as client roles, where the control cites them.
    pub probes: Option<u64>,
    /// What is left to a person.
    pub manual: Option<String>,
}

/// The status of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There is an open finding.
    Fail,
    /// All that was found was accepted by somebody.
    AcceptedRisk,
    /// It was not examined, or not all of it.
    NotAssessed,
    /// It was examined, and nothing was found.
    Pass,
    /// No tool can tell.
    Manual,
}

impl Status {
    /// All, the most pressing first.
    pub const ALL: [Self; 5] = [Self::Fail, Self::AcceptedRisk, Self::NotAssessed, Self::Pass, Self::Manual];

    /// The words for it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::AcceptedRisk => "accepted risk",
            Self::NotAssessed => "not assessed",
            Self::Pass => "pass",
            Self::Manual => "manual",
        }
    }

    /// The word for programs.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::AcceptedRisk => "accepted_risk",
            Self::NotAssessed => "not_assessed",
            Self::Pass => "pass",
            Self::Manual => "manual",
        }
    }
}

/// How much of a check's subjects were examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckEvidence {
    /// The check.
    pub check: String,
    /// Its subjects that were looked at; `null` where the check did not run.
    pub examined: Option<u64>,
}

/// A finding that a control's status rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingRef {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its check.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Why it was accepted, and until when.
    pub accepted: Option<String>,
}

/// How questions of access were decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct VerdictEvidence {
    /// Held in every session and database.
    pub proved: u64,
    /// Did not.
    pub violated: u64,
    /// Of the violated ones: how many somebody accepted.
    #[serde(default)]
    pub accepted: u64,
    /// Could not be decided.
    pub undecided: u64,
    /// Violations that were seen on a server.
    pub reproduced: u64,
    /// Whether somebody declared the rules.
    pub declared: bool,
}

impl Assessment {
    /// How many controls have that status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.controls.iter().filter(|control| control.status == status).count()
    }
}

impl ControlResult {
    /// What was examined and found, a line each.
    #[must_use]
    pub fn evidence(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for finding in &self.findings {
            lines.push(format!(
                "{} {}: {} ({})",
                finding.severity.word(),
                finding.check,
                finding.title,
                finding.fingerprint
            ));
        }
        for finding in &self.accepted {
            let why = finding.accepted.as_deref().unwrap_or("accepted");
            lines.push(format!(
                "{} {}: {} ({}): {why}",
                finding.severity.word(),
                finding.check,
                finding.title,
                finding.fingerprint
            ));
        }
        let ran: Vec<_> = self.checks.iter().filter(|c| c.examined.is_some_and(|n| n > 0)).collect();
        if !ran.is_empty() {
            let each: Vec<_> =
                ran.iter().map(|c| format!("{} ({})", c.check, c.examined.unwrap_or_default())).collect();
            lines.push(format!("examined, with the number of subjects: {}", each.join(", ")));
        }
        let idle: Vec<_> = self.checks.iter().filter(|c| c.examined == Some(0)).map(|c| c.check.as_str()).collect();
        if !idle.is_empty() {
            lines.push(format!("nothing to examine: {}", idle.join(", ")));
        }
        let left_out: Vec<_> = self.checks.iter().filter(|c| c.examined.is_none()).map(|c| c.check.as_str()).collect();
        if !left_out.is_empty() {
            lines.push(format!("not run: {}", left_out.join(", ")));
        }
        lines.extend(self.verdicts.map(VerdictEvidence::in_words));
        lines.extend(self.probes.map(|n| format!("{n} statements tried as client roles, each rolled back")));
        lines
    }
}

impl VerdictEvidence {
    fn in_words(self) -> String {
        let of = if self.declared { "the declared rules" } else { "a default reading (no rules are declared)" };
        format!(
            "questions of {of}: {} proved, {} violated ({} seen on a server, {} accepted as a risk), {} not decided",
            self.proved, self.violated, self.reproduced, self.accepted, self.undecided
        )
    }
}

#[cfg(test)]
mod tests;
