//! The CSV writer: a line for each finding, for spreadsheets, which must not take a name for a formula.

use super::{Report, Unexpected, place};
use crate::finding::Finding;
use crate::model::printable;

const HEADER: [&str; 17] = [
    "fingerprint",
    "check",
    "severity",
    "confidence",
    "kind",
    "schema",
    "name",
    "part",
    "principal",
    "title",
    "message",
    "file",
    "line",
    "fix",
    "status",
    "reason",
    "expires",
];

/// The report's findings as comma-separated values, the suppressed ones last.
#[must_use]
pub fn csv(report: &Report) -> String {
    let mut out = format!("{}\r\n", HEADER.join(","));
    report.findings.iter().for_each(|finding| out.push_str(&line(finding, ["open", "", ""])));
    report.unexpected().iter().for_each(|one| out.push_str(&tried(one)));
    for one in &report.suppressed {
        let state = [one.by.words(), one.reason.as_deref().unwrap_or(""), one.expires.as_deref().unwrap_or("")];
        out.push_str(&line(&one.finding, state));
    }
    out
}

fn line(finding: &Finding, state: [&str; 3]) -> String {
    let object = &finding.object;
    let at = place::first(finding);
    let number = at.map_or_else(String::new, |l| l.span.line.to_string());
    let [status, reason, expires] = state;
    let cells = [
        finding.fingerprint.as_str(),
        &finding.check,
        finding.severity.word(),
        finding.confidence.word(),
        object.kind.word(),
        object.schema.as_deref().unwrap_or(""),
        &object.name,
        object.part.as_deref().unwrap_or(""),
        finding.principal.as_deref().unwrap_or(""),
        &finding.title,
        &finding.message,
        at.map_or("", |l| l.file.as_str()),
        &number,
        finding.fix.as_deref().unwrap_or(""),
        status,
        reason,
        expires,
    ];
    format!("{}\r\n", cells.map(cell).join(","))
}

/// What was tried has no object of its own: its title names what there is.
fn tried(one: &Unexpected) -> String {
    let sure = if one.declared { "confirmed" } else { "likely" };
    let (file, number) = one.place.clone().map_or_else(Default::default, |(file, n)| (file, n.to_string()));
    let cells = [
        one.fingerprint.as_str(),
        one.kind,
        one.severity().word(),
        sure,
        "",
        "",
        "",
        "",
        "",
        &one.title,
        &one.text,
        &file,
        &number,
        "",
        "open",
        "",
        "",
    ];
    format!("{}\r\n", cells.map(cell).join(","))
}

/// A value that no spreadsheet runs: a quote goes before what would begin a formula.
pub(crate) fn cell(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    let text = lines.join("\n");
    let begins = text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let guard = if begins { "'" } else { "" };
    if text.contains(['"', ',', '\n']) || begins { format!("\"{guard}{}\"", text.replace('"', "\"\"")) } else { text }
}
