//! The GitHub writer: workflow commands, which a job's log turns into annotations of the changed files.

use super::{Report, Suppressed, Unexpected, place};
use crate::finding::{Finding, Severity};
use crate::model::printable;

/// The report as workflow commands, one a line.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut out = format!("{}\n", harmless(&report.summary.verdict));
    if let Some(change) = &report.change {
        for one in &change.access {
            let title = format!("title={}", property(&format!("access {}", one.direction.word())));
            let place = one.locations.first().map(|l| at(&l.file, l.span.line, l.span.column)).unwrap_or_default();
            out.push_str(&format!("::notice {place}{title}::{}\n", data(&one.sentence())));
        }
    }
    report.findings.iter().for_each(|finding| out.push_str(&annotation(finding)));
    report.unexpected().iter().for_each(|one| out.push_str(&tried(one)));
    report.suppressed.iter().filter(|one| one.by.is_accepted()).for_each(|one| out.push_str(&accepted(one)));
    for gap in report.coverage.gaps.iter().filter(|gap| gap.access_control) {
        let place = gap.file.as_ref().map(|file| at(file, gap.line.unwrap_or(1), 1)).unwrap_or_default();
        out.push_str(&format!("::error {place}title=not examined::{}\n", data(&gap.what)));
    }
    out.push_str(&format!("{}\n", harmless(&super::counts(report))));
    out
}

fn annotation(finding: &Finding) -> String {
    let command = command(finding.severity);
    let place = place::first(finding).map(|l| at(&l.file, l.span.line, l.span.column)).unwrap_or_default();
    let title = property(&format!("{}[{}]", finding.severity.word(), finding.check));
    let text = format!("{}\n{}\nfingerprint {}", finding.title, finding.message, finding.fingerprint);
    format!("::{command} {place}title={title}::{}\n", data(&text))
}

/// What somebody accepted is a remark at its line: whoever reviews a change has to see it.
fn accepted(one: &Suppressed) -> String {
    let finding = &one.finding;
    let place = place::first(finding).map(|l| at(&l.file, l.span.line, l.span.column)).unwrap_or_default();
    let title = property(&format!("accepted {}[{}]", finding.severity.word(), finding.check));
    let text = format!("{}\n{}\nfingerprint {}", finding.title, one.why(), finding.fingerprint);
    format!("::notice {place}title={title}::{}\n", data(&text))
}

fn tried(one: &Unexpected) -> String {
    let place = one.place.as_ref().map(|(file, line)| at(file, *line, 1)).unwrap_or_default();
    let text = format!("{}\n{}\nfingerprint {}", one.title, one.text, one.fingerprint);
    format!("::{} {place}title={}::{}\n", command(one.severity()), one.kind, data(&text))
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

fn at(file: &str, line: u32, column: u32) -> String {
    format!("file={},line={line},col={column},", property(file))
}

/// The message of a command; line breaks between our own lines are encoded, those of names were made visible.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| printable(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property of a command, in which colons and commas end it.
fn property(text: &str) -> String {
    printable(text).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// A line that is not a command, whatever it begins with.
fn harmless(text: &str) -> String {
    let text = printable(text);
    // Both forms of commands: `::name::` at the start of a line, `##[name]` anywhere in it.
    let text = text.replace("##[", "# #[");
    if text.trim_start().starts_with("::") { format!(".{text}") } else { text }
}
