//! The human writer: a verdict in one sentence, the findings at a glance, each with its reasons, worst first, then what
//! was and was not examined.
//!
//! It is written for someone who has never read a policy. Every name comes from a database that its users may shape,
//! so all text passes `printable` on its way out.

mod buckets;
mod change;
mod finding;
mod overview;
mod personas;
mod snippet;
mod tail;
pub mod text;
mod trials;
mod witness;

use std::collections::BTreeMap;

use super::Report;
use crate::finding::{Finding, Severity};
use finding::Detail;
use text::{BOLD, DIM, counted, styled, wrapped};

/// How to write for people.
#[derive(Debug, Clone, Copy)]
pub struct Human<'a> {
    /// The columns of the screen.
    pub width: usize,
    /// Whether nothing may be cut short.
    pub verbose: bool,
    /// The texts of the files that findings point into, by path.
    pub texts: &'a BTreeMap<String, String>,
}

/// Findings of one check that are shown in full before the rest become single lines.
const FULL: usize = 3;
/// Single lines of one check before the rest is only counted.
const BRIEF: usize = 10;

impl Human<'_> {
    /// The report, with ANSI styles.
    #[must_use]
    pub fn report(&self, report: &Report) -> String {
        let mut out = format!("{}\n", styled(BOLD, &wrapped(&report.summary.verdict, self.width, 0)));
        if let Some(change) = &report.change {
            self.change(change, &mut out);
        }
        let groups = groups(&report.findings);
        out.push_str(&self.overview(&groups));
        let mut lines_only = false;
        for group in groups {
            let brief = !self.verbose && group.first().is_some_and(|f| f.severity <= Severity::Low);
            if brief && !lines_only {
                out.push('\n');
            }
            lines_only = brief;
            self.group(&group, brief, &mut out);
        }
        self.tail(report, &mut out);
        out
    }

    /// One finding in full.
    #[must_use]
    pub fn finding(&self, finding: &Finding) -> String {
        let mut out = String::new();
        self.full(finding, Detail::First, &mut out);
        out
    }

    /// Findings of one check and severity.
    fn group(&self, findings: &[&Finding], brief: bool, out: &mut String) {
        let full = match (self.verbose, brief) {
            (true, _) => usize::MAX,
            (false, true) => 0,
            (false, false) => FULL,
        };
        for (at, finding) in findings.iter().take(full).enumerate() {
            out.push('\n');
            self.full(finding, if at == 0 { Detail::First } else { Detail::Further }, out);
        }
        let rest: Vec<_> = findings.iter().skip(full).collect();
        if !rest.is_empty() && !brief {
            out.push('\n');
        }
        for finding in rest.iter().take(BRIEF) {
            self.brief(finding, out);
        }
        if rest.len() > BRIEF {
            let more = counted(u64::try_from(rest.len() - BRIEF).unwrap_or(u64::MAX), "more finding");
            let check = findings.first().map_or("", |f| f.check.as_str());
            out.push_str(&styled(DIM, &format!("  {more} of {check} (--verbose shows all)\n")));
        }
    }
}

/// Neighbours of the same severity and check.
fn groups(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let same = |a: &Finding, b: &Finding| (a.severity, &a.check) == (b.severity, &b.check);
    findings.chunk_by(same).map(|chunk| chunk.iter().collect()).collect()
}

#[cfg(test)]
mod tests;
