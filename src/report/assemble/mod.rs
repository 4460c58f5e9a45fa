//! Puts a report together: what was decided elsewhere, counted and worded, so that writers only write.

mod coverage;
mod matrix;
mod through;
mod verdict;

pub use matrix::{entries, entry};
pub(crate) use matrix::{exempt, name, refused};
pub(crate) use through::through;

use super::{Coverage, Report, Source, Summary, Tool, VERSION};
use crate::checks::Context;
use crate::finding::{Examined, Finding};
use crate::report::{Probe, Suppressed, VerdictEntry};

/// What the parts of a run came to.
#[derive(Debug)]
pub struct Parts {
    /// What was audited.
    pub source: Source,
    /// The open findings, the worst first.
    pub findings: Vec<Finding>,
    /// Those that are not reported as open.
    pub suppressed: Vec<Suppressed>,
    /// What each check looked at.
    pub examined: Examined,
    /// The checks that were not to run.
    pub skipped: Vec<String>,
    /// What was decided.
    pub verdicts: Vec<VerdictEntry>,
    /// What was tried on the server.
    pub probes: Vec<Probe>,
}

/// The report of a run; the exit code is set by the command.
#[must_use]
pub fn assemble(cx: &Context<'_>, parts: Parts) -> Report {
    let Parts { mut source, findings, suppressed, examined, skipped, verdicts, probes } = parts;
    source.notes.extend(exposure_note(cx));
    let coverage = Coverage { skipped, ..coverage::of(cx, &examined, &verdicts, &probes) };
    let mut summary = Summary::of(&findings);
    summary.verdict = verdict::of(cx, &findings, &suppressed, &coverage);
    let roles: Vec<_> =
        cx.effective.principals().iter().filter(|p| p.is_untrusted()).map(|p| p.role.as_str()).collect();
    let relations: Vec<_> = cx.relations().filter(|r| r.kind.holds_rows()).collect();
    Report {
        version: VERSION,
        tool: Tool { name: "pgwitness".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
        time: None,
        hashes: None,
        source,
        summary,
        coverage,
        change: None,
        findings,
        suppressed,
        verdicts,
        matrix: entries(cx, &roles, &relations),
        probes,
        trials: Vec::new(),
        doors: Vec::new(),
        tests: Vec::new(),
    }
}

/// Says so when the schemas that clients can name are a guess.
fn exposure_note(cx: &Context<'_>) -> Option<String> {
    match cx.effective.exposure() {
        crate::analyzer::effective::Exposure::Assumed(list) => Some(format!(
            "the database does not say which schemas the Data API serves: {} assumed (--exposed-schemas says it)",
            list.join(" and ")
        )),
        _ => None,
    }
}
