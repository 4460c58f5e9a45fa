//! The Markdown writer: a comment for a pull request, first what the change does to access, then the findings, folded.

use super::markup::{fenced, markdown};
use super::{AccessChange, Change, Report, place};
use crate::diff::Direction;
use crate::finding::{Finding, Severity};

/// What marks a comment as ours, so that the next run can write it anew.
const MARK: &str = "<!-- pgwitness -->";

/// GitHub refuses comments of more characters than 65,536; some are left for what a workflow adds.
const MOST: usize = 60_000;

/// Findings in the table; a comment has room for no more, the reports in files have all.
const ROWS: usize = 200;

/// Differences in access that are told; the rest is only counted.
const DIFFERENCES: usize = 20;

/// The report as a comment.
#[must_use]
pub fn comment(report: &Report) -> String {
    let mut out = format!("{MARK}\n### pgwitness: {}\n\n", markdown(&report.summary.verdict));
    if let Some(change) = &report.change {
        out.push_str(&access(change));
    }
    out.push_str(&table(report));
    out.push_str(&tried(report));
    let mut left = report.findings.len();
    for finding in &report.findings {
        let text = folded(finding);
        if out.len() + text.len() > MOST {
            break;
        }
        out.push_str(&text);
        left -= 1;
    }
    if left > 0 {
        out.push_str(&format!("\n{left} more findings are too long for a comment; see the report.\n"));
    }
    out.push_str(&accepted(report));
    out.push_str(&unexamined(report));
    out.push_str(&format!("\n{}\n", markdown(&super::counts(report))));
    out
}

/// Who reaches more or less, in words.
fn access(change: &Change) -> String {
    let mut out = format!("#### Access, compared with {}\n\n", markdown(&change.base));
    if change.access.is_empty() {
        out.push_str("Nobody reaches more or less than before.\n\n");
        return out;
    }
    for one in change.access.iter().take(DIFFERENCES) {
        out.push_str(&difference(one));
    }
    if change.access.len() > DIFFERENCES {
        out.push_str(&format!("- and {} more\n", change.access.len() - DIFFERENCES));
    }
    out.push('\n');
    out
}

fn difference(one: &AccessChange) -> String {
    let sign = match one.direction {
        Direction::Widened => "🔴",
        Direction::Sideways | Direction::MayWiden => "🟠",
        Direction::Narrowed => "🟢",
    };
    let place = one.locations.first().map_or_else(String::new, |l| format!(" ({}:{})", l.file, l.span.line));
    format!("- {sign} **{}**: {}{}\n", one.direction.word(), markdown(&one.sentence()), markdown(&place))
}

fn table(report: &Report) -> String {
    if report.findings.is_empty() {
        return "No findings.\n".to_owned();
    }
    let mut out = "| severity | check | what | where | fingerprint |\n|---|---|---|---|---|\n".to_owned();
    for finding in report.findings.iter().take(ROWS) {
        let at = place::first(finding).map_or_else(String::new, |l| format!("{}:{}", l.file, l.span.line));
        out.push_str(&format!(
            "| {} {} | {} | {} | {} | {} |\n",
            sign(finding.severity),
            finding.severity.word(),
            markdown(&finding.check),
            markdown(&finding.title),
            markdown(&at),
            finding.fingerprint
        ));
    }
    out.push('\n');
    out
}

fn folded(finding: &Finding) -> String {
    let mut out = format!(
        "<details><summary>{} {}: {}</summary>\n\n{}\n\n",
        sign(finding.severity),
        markdown(&finding.check),
        markdown(&finding.title),
        markdown(&finding.message)
    );
    for fact in &finding.evidence {
        out.push_str(&format!("- {}\n", markdown(&format!("{}: {}", fact.kind, fact.text))));
    }
    if let Some(sql) = finding.reproduce.as_ref().and_then(|see| see.sql.as_ref()) {
        out.push_str(&format!("\nSee it with psql:\n\n{}", fenced("sql", sql)));
    }
    if let Some(fix) = &finding.fix {
        out.push_str(&format!("\nFix:\n\n{}", fenced("sql", fix)));
    }
    let sure = finding.confidence.word();
    out.push_str(&format!("\n{sure}, fingerprint `{}`\n</details>\n", finding.fingerprint));
    out
}

/// What was tried and did not come out as it had to.
fn tried(report: &Report) -> String {
    let all = report.unexpected();
    if all.is_empty() {
        return String::new();
    }
    let mut out = "#### Tried, and not as expected\n\n".to_owned();
    for one in all.iter().take(DIFFERENCES) {
        out.push_str(&format!("- {} {}\n", sign(one.severity()), markdown(&one.line())));
    }
    if all.len() > DIFFERENCES {
        out.push_str(&format!("- and {} more\n", all.len() - DIFFERENCES));
    }
    out.push('\n');
    out
}

/// What somebody accepted, folded: a reviewer has to see what a change accepts by itself.
fn accepted(report: &Report) -> String {
    let all: Vec<_> = report.suppressed.iter().filter(|one| one.by.is_accepted()).collect();
    if all.is_empty() {
        return String::new();
    }
    let mut out = format!("\n<details><summary>{} accepted as a risk</summary>\n\n", all.len());
    for one in all.iter().take(ROWS) {
        let Finding { severity, check, title, fingerprint, .. } = &one.finding;
        let text = format!("{} {check}: {title} ({fingerprint}): {}", severity.word(), one.why());
        out.push_str(&format!("- {} {}\n", sign(*severity), markdown(&text)));
    }
    if all.len() > ROWS {
        out.push_str(&format!("- and {} more\n", all.len() - ROWS));
    }
    out.push_str("\n</details>\n");
    out
}

fn unexamined(report: &Report) -> String {
    let gaps: Vec<_> = report.coverage.gaps.iter().filter(|gap| gap.access_control).collect();
    if gaps.is_empty() {
        return String::new();
    }
    let mut out = "\n#### Not examined\n\n".to_owned();
    for gap in gaps.iter().take(DIFFERENCES) {
        out.push_str(&format!("- {}\n", markdown(&place::gap(gap))));
    }
    if gaps.len() > DIFFERENCES {
        out.push_str(&format!("- and {} more\n", gaps.len() - DIFFERENCES));
    }
    out
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "🔴",
        Severity::Medium => "🟠",
        Severity::Low => "🟡",
        Severity::Info => "🔵",
    }
}
