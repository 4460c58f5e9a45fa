//! The GitLab writer: a code quality report, which merge requests show beside the changed lines.

use serde_json::{Value, json};

use super::{Report, place};
use crate::finding::{Finding, Severity};
use crate::model::printable;

/// The report as a code quality report.
#[must_use]
pub fn gitlab(report: &Report) -> Value {
    Value::Array(report.findings.iter().map(issue).collect())
}

fn issue(finding: &Finding) -> Value {
    let (path, line) = match place::first(finding) {
        // GitLab wants paths from the root of the repository.
        Some(at) => (at.file.strip_prefix("./").unwrap_or(&at.file).to_owned(), at.span.line.max(1)),
        None => (place::unplaced(finding), 1),
    };
    json!({
        "description": printable(&format!("{}: {}", finding.title, finding.message)),
        "check_name": finding.check,
        "fingerprint": finding.fingerprint,
        "severity": severity(finding.severity),
        "location": { "path": printable(&path), "lines": { "begin": line } },
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "blocker",
        Severity::High => "critical",
        Severity::Medium => "major",
        Severity::Low => "minor",
        Severity::Info => "info",
    }
}
