//! Assessments for people at a terminal: each control with its status and why; the evidence where nothing is to be cut short.

use super::{Assessment, ControlResult, Status};
use crate::finding::Severity;
use crate::report::Report;
use crate::report::human::text::{BOLD, DIM, severity, styled, wrapped};

/// Where the text after a status starts.
const INDENT: usize = 16;

/// The assessments as text with ANSI styles.
#[must_use]
pub fn human(report: &Report, assessments: &[Assessment], width: usize, verbose: bool) -> String {
    let mut out = String::new();
    for assessment in assessments {
        let line = |text: &str| format!("{}\n", wrapped(text, width, 0));
        out.push_str(&styled(BOLD, &line(&assessment.framework.title())));
        out.push_str(&line(&format!("{}: {}", report.source.description, report.summary.verdict)));
        for control in &assessment.controls {
            out.push_str(&self::control(control, width, verbose));
        }
        let told = Status::ALL.iter().map(|status| (assessment.count(*status), status.words()));
        let counts: Vec<_> = told.filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}")).collect();
        out.push_str(&format!("\n{}\n", counts.join(", ")));
        out.push_str(&line(
            "A pass is evidence for an assessor, not a certificate; --format markdown or html gives all of it.",
        ));
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn control(control: &ControlResult, width: usize, verbose: bool) -> String {
    let word = format!("{:<width$}", control.status.words(), width = INDENT - 2);
    let word = match control.status {
        Status::Fail => styled(severity(Severity::High), &word),
        Status::AcceptedRisk | Status::NotAssessed => styled(severity(Severity::Medium), &word),
        Status::Pass => word,
        Status::Manual => styled(DIM, &word),
    };
    let text = |text: &str| wrapped(text, width, INDENT);
    let title = text(&format!("{} {}", control.id, control.title));
    let mut lines = vec![control.because.clone()];
    if verbose {
        lines.extend(control.evidence());
        lines.extend(control.manual.iter().map(|manual| format!("left to a person: {manual}")));
    }
    let mut out = format!("\n  {word}{title}\n");
    lines.iter().for_each(|line| out.push_str(&format!("{}{}\n", " ".repeat(INDENT), text(line))));
    out
}
