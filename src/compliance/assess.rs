//! The status of controls, from a report: its findings, what it accepted, and what it examined.

use super::{Assessment, CheckEvidence, Control, ControlResult, FindingRef, Framework, Status, VerdictEvidence};
use crate::finding::{Confidence, Finding, Severity};
use crate::report::{Decided, ProbeOutcome, Report, Suppressed, VerdictEntry};

/// What `report` says of `framework`.
#[must_use]
pub fn assess(framework: &Framework, report: &Report) -> Assessment {
    let controls = framework.controls.iter().map(|control| of_control(control, report)).collect();
    Assessment { framework: framework.reference(), controls }
}

fn of_control(control: &Control, report: &Report) -> ControlResult {
    let cited = control.checks();
    let bears = |finding: &Finding| counts(finding) && cited.contains(&finding.check.as_str());
    let findings: Vec<_> = report.unaccepted().filter(|f| bears(f)).map(|f| reference(f, None)).collect();
    let accepted: Vec<_> = report
        .suppressed
        .iter()
        .filter(|one| one.by.is_accepted() && bears(&one.finding))
        .map(|one| reference(&one.finding, Some(why(one))))
        .collect();
    let checks: Vec<_> = cited
        .iter()
        .map(|check| CheckEvidence {
            check: (*check).to_owned(),
            examined: report.coverage.checks.get(*check).copied(),
        })
        .collect();
    let mut result = ControlResult {
        id: control.id.clone(),
        title: control.title.clone(),
        status: Status::Manual,
        because: String::new(),
        checks,
        findings,
        accepted,
        verdicts: control.verdicts.then(|| verdicts(report)),
        probes: control.probes.then(|| probes(report)),
        manual: control.manual.clone(),
    };
    (result.status, result.because) = status(control, &result, report);
    result
}

/// What is only worth knowing fails nothing.
fn counts(finding: &Finding) -> bool {
    finding.severity >= Severity::Low
}

/// The most pressing that holds, and why.
fn status(control: &Control, result: &ControlResult, report: &Report) -> (Status, String) {
    if !control.is_automatic() {
        return (Status::Manual, "a database does not tell; a person has to".to_owned());
    }
    let n = result.findings.len();
    let declared = result.verdicts.filter(|v| v.declared);
    let violated = declared.map_or(0, |v| v.violated.saturating_sub(v.accepted));
    // What was declared and tried on a server counts where statements that were tried do.
    let wrong = match control.probes {
        true => report.unexpected().iter().filter(|one| one.declared).count(),
        false => 0,
    };
    if n > 0 || violated > 0 || wrong > 0 {
        let mut parts = Vec::new();
        parts.extend((n > 0).then(|| format!("{n} open finding{}", if n == 1 { "" } else { "s" })));
        parts.extend((wrong > 0).then(|| format!("{wrong} tests and trials that did not come out as declared")));
        parts.extend((violated > 0).then(|| format!("{violated} declared rules violated")));
        return (Status::Fail, parts.join(", "));
    }
    let (n, broken) = (result.accepted.len(), declared.map_or(0, |v| v.accepted));
    if n > 0 || broken > 0 {
        let rules = if broken > 0 { format!(", {broken} declared rules violated and accepted") } else { String::new() };
        let s = if n == 1 { "" } else { "s" };
        return (Status::AcceptedRisk, format!("{n} finding{s} accepted, none open{rules}"));
    }
    match unassessed(control, result, report) {
        Some(why) => (Status::NotAssessed, why),
        None => (Status::Pass, "examined, and nothing was found".to_owned()),
    }
}

/// Why a control without a finding is no pass.
fn unassessed(control: &Control, result: &ControlResult, report: &Report) -> Option<String> {
    if report.change.is_some() {
        return Some("the report compares two states and leaves out what stands in both".to_owned());
    }
    let left_out: Vec<_> = result
        .checks
        .iter()
        .map(|c| c.check.as_str())
        .filter(|id| report.coverage.skipped.iter().any(|s| s == id))
        .collect();
    if !left_out.is_empty() {
        return Some(format!("checks were left out: {}", left_out.join(", ")));
    }
    if let Some(gap) = report.coverage.gaps.iter().find(|gap| gap.access_control) {
        return Some(format!("not everything could be examined: {}", gap.what));
    }
    if control.topics.is_empty() && result.verdicts.is_some_and(|v| !v.declared) {
        return Some("no access rules are declared; `pgwitness init` writes a draft".to_owned());
    }
    if let Some(verdicts) = result.verdicts.filter(|v| v.declared && v.undecided > 0) {
        return Some(format!("{} questions of the declared rules are not decided", verdicts.undecided));
    }
    if control.probes && result.probes.unwrap_or_default() == 0 {
        return Some(
            "nothing was tried on a server: audit a running database, or migrations on a throw-away one".to_owned(),
        );
    }
    let subjects: u64 = result.checks.iter().filter_map(|c| c.examined).sum();
    let decided = result.verdicts.map_or(0, |v| v.proved);
    (subjects + decided == 0).then(|| "there was nothing to examine".to_owned())
}

fn reference(finding: &Finding, accepted: Option<String>) -> FindingRef {
    FindingRef {
        fingerprint: finding.fingerprint.clone(),
        check: finding.check.clone(),
        severity: finding.severity,
        title: finding.title.clone(),
        accepted,
    }
}

/// `ignored by the configuration until 2027-01-31: read by the finance team only`
fn why(one: &Suppressed) -> String {
    let until = one.expires.as_deref().map_or_else(String::new, |day| format!(" until {day}"));
    let reason = one.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{}{until}{reason}", one.by.words())
}

fn verdicts(report: &Report) -> VerdictEvidence {
    let count = |pick: &dyn Fn(&crate::report::VerdictEntry) -> bool| {
        u64::try_from(report.verdicts.iter().filter(|v| pick(v)).count()).unwrap_or(u64::MAX)
    };
    VerdictEvidence {
        proved: count(&|v| v.verdict == Decided::Proved),
        violated: count(&|v| v.verdict == Decided::Violated),
        accepted: count(&|v| v.verdict == Decided::Violated && is_accepted(v, report)),
        undecided: count(&|v| v.verdict == Decided::Unknown),
        reproduced: count(&|v| v.verdict == Decided::Violated && v.confidence == Some(Confidence::Confirmed)),
        declared: report.verdicts.iter().any(|v| !v.rule.reading),
    }
}

/// Whether the finding that a violated rule became was accepted, and no other of it is open.
fn is_accepted(entry: &VerdictEntry, report: &Report) -> bool {
    let tells = |finding: &&Finding| {
        crate::verdicts::CHECKS.iter().any(|meta| meta.id == finding.check)
            && finding.object.schema.as_deref() == Some(entry.relation.schema.as_str())
            && finding.object.name == entry.relation.name
            && finding.principal.as_deref() == Some(entry.principal.as_str())
    };
    let accepted = report.suppressed.iter().filter(|one| one.by.is_accepted()).map(|one| &one.finding);
    accepted.into_iter().any(|finding| tells(&finding)) && !report.unaccepted().any(|finding| tells(&finding))
}

fn probes(report: &Report) -> u64 {
    let tried = report.probes.iter().filter(|p| !matches!(p.outcome, ProbeOutcome::NotTested { .. }));
    let trials = report.trials.iter().filter(|t| !matches!(t.outcome, ProbeOutcome::NotTested { .. }));
    u64::try_from(tried.count() + trials.count()).unwrap_or(u64::MAX)
}
