//! What was examined, counted; what could not be, listed.

use std::collections::BTreeMap;

use crate::checks::Context;
use crate::finding::Examined;
use crate::model::{Origin, printable};
use crate::report::{Asked, Coverage, CoverageGap, Decided, Probe, ProbeOutcome, VerdictEntry};

pub(super) fn of(cx: &Context<'_>, examined: &Examined, verdicts: &[VerdictEntry], probes: &[Probe]) -> Coverage {
    let schema = cx.schema;
    let functions = schema
        .functions
        .iter()
        .filter(|f| f.extension.is_none() && !cx.effective.is_platform_object(&f.id.schema, &f.owner));
    let tried = probes.iter().filter(|p| !matches!(p.outcome, ProbeOutcome::NotTested { .. }));
    let counts = [
        ("schemas", schema.namespaces.len()),
        ("relations", cx.relations().filter(|r| r.kind.holds_rows()).count()),
        ("policies", cx.relations().map(|r| r.policies.len()).sum()),
        ("functions", functions.count()),
        ("roles", schema.roles.len()),
        ("principals", cx.effective.principals().iter().filter(|p| p.is_untrusted()).count()),
        ("questions", questions(cx)),
        ("checks", examined.len()),
        ("probes", tried.count()),
        ("verdicts", verdicts.len()),
        ("proved", verdicts.iter().filter(|v| v.verdict == Decided::Proved).count()),
        ("violated", verdicts.iter().filter(|v| v.verdict == Decided::Violated).count()),
        ("undecided", verdicts.iter().filter(|v| v.verdict == Decided::Unknown).count()),
        ("trivial", verdicts.iter().filter(|v| v.trivial).count()),
    ];
    let checks = examined.iter().map(|(id, objects)| ((*id).to_owned(), count(objects.len()))).collect();
    let examined: BTreeMap<_, _> = counts.into_iter().map(|(kind, n)| (kind.to_owned(), count(n))).collect();
    let open = verdicts.iter().filter(|v| v.is_open()).map(undecided);
    Coverage { examined, checks, skipped: Vec::new(), gaps: gaps(cx).into_iter().chain(open).collect() }
}

/// Principals times relations times commands: each was answered.
fn questions(cx: &Context<'_>) -> usize {
    let principals = cx.effective.principals().iter().filter(|p| p.is_untrusted()).count();
    cx.relations().filter(|r| r.kind.holds_rows()).count() * principals * crate::model::Command::ALL.len()
}

fn gaps(cx: &Context<'_>) -> Vec<CoverageGap> {
    let place = |origin: Origin| match origin {
        Origin::Catalog => (None, None),
        Origin::Statement(s) => (cx.schema.files.get(s.file as usize).map(|f| f.path.clone()), Some(s.line)),
    };
    let gap = |g: &crate::model::Gap| {
        let (file, line) = place(g.origin);
        CoverageGap { what: g.what.clone(), file, line, access_control: g.access_control }
    };
    let mut all: Vec<_> = cx.schema.gaps.iter().map(gap).collect();
    // As a reader meets them: in the order of the files.
    all.sort_by(|a, b| (&a.file, a.line, &a.what).cmp(&(&b.file, b.line, &b.what)));
    all
}

/// A declared rule of which nobody knows whether it holds.
fn undecided(verdict: &VerdictEntry) -> CoverageGap {
    let VerdictEntry { principal, relation, command, rule, .. } = verdict;
    let what = match verdict.question {
        Asked::NeverExceeds => "never exceeds",
        Asked::GrantsAll => "reaches all of",
    };
    let what = format!(
        "not decided: whether {command} on {relation} by {} {what} `{}`: {}",
        printable(principal),
        rule.text,
        verdict.reason
    );
    CoverageGap { what, file: rule.file.clone(), line: rule.line, access_control: true }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
