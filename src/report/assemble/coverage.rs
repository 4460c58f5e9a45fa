//! What was examined, counted; what could not be, listed.

use std::collections::BTreeMap;

use crate::checks::Context;
use crate::finding::Examined;
use crate::model::Origin;
use crate::report::{Coverage, CoverageGap, Probe, ProbeOutcome};

pub(super) fn of(cx: &Context<'_>, examined: &Examined, probes: &[Probe]) -> Coverage {
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
    ];
    let checks = examined.iter().map(|(id, objects)| ((*id).to_owned(), count(objects.len()))).collect();
    let examined: BTreeMap<_, _> = counts.into_iter().map(|(kind, n)| (kind.to_owned(), count(n))).collect();
    Coverage { examined, checks, gaps: gaps(cx) }
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

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
