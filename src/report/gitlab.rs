//! The GitLab writer: a code quality report, which merge requests show beside the changed lines.

use serde_json::{Value, json};

use super::{Report, Unexpected, place};
use crate::finding::{Finding, Severity};
use crate::model::printable;

/// The report as a code quality report.
#[must_use]
pub fn gitlab(report: &Report) -> Value {
    Value::Array(
        report
            .findings
            .iter()
            .map(issue)
            .chain(report.unexpected().iter().map(tried))
            .chain(taken_out(report))
            .collect(),
    )
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

fn tried(one: &Unexpected) -> Value {
    let (path, line) = one.place.clone().unwrap_or_else(|| ("database".to_owned(), 1));
    json!({
        "description": printable(&format!("{}: {}", one.title, one.text)),
        "check_name": one.kind,
        "fingerprint": one.fingerprint,
        "severity": severity(one.severity()),
        "location": { "path": printable(path.strip_prefix("./").unwrap_or(&path)), "lines": { "begin": line.max(1) } },
    })
}

/// What is not reported as open, as one remark: the format has no other place to count it.
fn taken_out(report: &Report) -> Option<Value> {
    let words = report.suppressed_in_words()?;
    let known: Vec<_> = report.suppressed.iter().map(|one| one.finding.fingerprint.as_str()).collect();
    let description = match known.as_slice() {
        [] => format!("not reported: {words}"),
        known => format!("not reported: {words}: {}", known.join(", ")),
    };
    Some(json!({
        "description": printable(&description),
        "check_name": "not-reported",
        "fingerprint": super::stamp::hash_texts(["not-reported"]),
        "severity": "info",
        "location": { "path": "pgwitness.toml", "lines": { "begin": 1 } },
    }))
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
