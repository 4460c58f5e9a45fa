//! `checks`: the list of checks.

use serde::Serialize;

use crate::checks::all;
use crate::cli::Checks;
use crate::finding::Severity;
use crate::project::Mask;
use crate::report::human::text::{severity, styled};
use crate::{Error, ExitCode};

/// A line of the list.
#[derive(Debug, Serialize)]
struct Line {
    id: &'static str,
    severity: Severity,
    title: &'static str,
}

pub(super) fn run(args: &Checks) -> Result<ExitCode, Error> {
    let mut lines: Vec<_> =
        all().into_iter().map(|m| Line { id: m.id, severity: m.severity, title: m.title }).collect();
    lines.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.id.cmp(b.id)));
    super::print(args.format, &lines, &Mask::default(), || human(&lines))
}

fn human(lines: &[Line]) -> String {
    let widest = lines.iter().map(|l| l.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for Line { id, severity: worst, title } in lines {
        let word = styled(severity(*worst), &format!("{:8}", worst.word()));
        out.push_str(&format!("{word}  {id:widest$}  {title}\n"));
    }
    out.push_str("\nThe severity is the worst that a check reports; who can reach what decides. ");
    out.push_str("`pgwitness explain CHECK` tells more.\n");
    out
}
