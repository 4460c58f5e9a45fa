//! Assessments as Markdown and CSV, for auditors.

use super::{Assessment, ControlResult, Status};
use crate::report::markup::markdown as safe;
use crate::report::{Report, csv_cell};

/// The assessments as a Markdown document.
#[must_use]
pub fn markdown(report: &Report, assessments: &[Assessment]) -> String {
    let mut out = String::new();
    for assessment in assessments {
        out.push_str(&format!("# {}\n\n{}\n", safe(&assessment.framework.title()), head(report)));
        out.push_str("| control | what it asks for | status | why |\n|---|---|---|---|\n");
        for control in &assessment.controls {
            out.push_str(&format!(
                "| {} | {} | **{}** | {} |\n",
                safe(&control.id),
                safe(&control.title),
                control.status.words(),
                safe(&control.because)
            ));
        }
        let counts: Vec<_> = Status::ALL.iter().map(|s| format!("{} {}", assessment.count(*s), s.words())).collect();
        out.push_str(&format!("\n{}\n\n", counts.join(", ")));
        assessment.controls.iter().for_each(|control| out.push_str(&section(control)));
    }
    out
}

/// What was audited, by what, when, and of what.
fn head(report: &Report) -> String {
    let mut lines = vec![
        format!("database: {}", report.source.description),
        format!("server: Postgres {}", report.source.server_version),
        format!("made by: {} {}", report.tool.name, report.tool.version),
    ];
    lines.extend(report.time.as_ref().map(|time| format!("made at: {time}")));
    if let Some(hashes) = &report.hashes {
        lines.push(format!("SHA-256 of the model: {}", hashes.model));
        lines.extend(hashes.rules.as_ref().map(|hash| format!("SHA-256 of the rules: {hash}")));
    }
    lines.push(format!("result: {}", report.summary.verdict));
    lines.iter().map(|line| format!("- {}\n", safe(line))).collect()
}

fn section(control: &ControlResult) -> String {
    let mut out = format!(
        "## {} {}\n\n{}: {}\n\n",
        safe(&control.id),
        safe(&control.title),
        control.status.words(),
        safe(&control.because)
    );
    control.evidence().iter().for_each(|line| out.push_str(&format!("- {}\n", safe(line))));
    if let Some(manual) = &control.manual {
        out.push_str(&format!("\nLeft to a person: {}\n", safe(manual)));
    }
    out.push('\n');
    out
}

/// The assessments as comma-separated values, a line for each control.
#[must_use]
pub fn csv(assessments: &[Assessment]) -> String {
    let mut out = "framework,edition,control,title,status,because,findings,accepted,evidence,manual\r\n".to_owned();
    for assessment in assessments {
        for control in &assessment.controls {
            let list =
                |all: &[super::FindingRef]| all.iter().map(|f| f.fingerprint.as_str()).collect::<Vec<_>>().join(" ");
            let cells = [
                assessment.framework.name.clone(),
                assessment.framework.edition.clone(),
                control.id.clone(),
                control.title.clone(),
                control.status.words().to_owned(),
                control.because.clone(),
                list(&control.findings),
                list(&control.accepted),
                control.evidence().join("\n"),
                control.manual.clone().unwrap_or_default(),
            ];
            let cells: Vec<_> = cells.iter().map(|cell| csv_cell(cell)).collect();
            out.push_str(&format!("{}\r\n", cells.join(",")));
        }
    }
    out
}
