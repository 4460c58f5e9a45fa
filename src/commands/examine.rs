//! What `audit` and `check` share: the model through all checks, confirmed where a server is at hand, and what comes of it.

use std::collections::BTreeSet;

use super::judging::judgement;
use super::{Run, accepting, source};
use crate::checks::{Context, run_all};
use crate::cli::Verdict;
use crate::config::FailOn;
use crate::finding::{self, Findings};
use crate::impersonation::{Agreement, Tested, doors};
use crate::model::Command;
use crate::report::{CoverageGap, Parts, Probe, ProbeOutcome, Report, SourceKind, assemble};
use crate::{Error, ExitCode, project};

/// What a run comes to.
pub(super) struct Examination {
    pub(super) report: Report,
    /// Where the model and the server contradict each other, which is a bug of ours.
    pub(super) contradictions: Vec<String>,
    /// The pgTAP suite of the trials, where it was asked for.
    pub(super) suite: Option<String>,
    /// How many tables no trial could be made on.
    pub(super) untested: usize,
}

/// The model through all checks, confirmed where a server is at hand.
pub(super) async fn examine(
    loaded: &source::Loaded,
    cx: &Context<'_>,
    verdict: &Verdict,
    run: &Run,
) -> Result<Examination, Error> {
    // What is wrong with the command line or the baseline is told before the work.
    let bounds = accepting::bounds(&verdict.accepted, loaded, run)?;
    let mut source = loaded.describe(cx);
    let (mut findings, mut examined) = {
        let _working = run.talk.working_on("checking");
        let mut out = Findings::new(&loaded.schema.files);
        run_all(cx, &mut out);
        out.finish()
    };
    if let Some(replayed) = &loaded.replayed {
        source::places::point(&mut findings, replayed, &loaded.schema);
    }
    let unasked = cx.own_writes_unasked();
    if unasked > 0 {
        source.notes.push(format!(
            "there was no time to ask of {unasked} tables whether users can widen their own access to them by what they may \
             write (self-writable-authority, self-insertable-membership)"
        ));
    }
    let undecided = cx.own_writes_undecided();
    if undecided > 0 {
        source.notes.push(format!(
            "whether users can widen their own access by what they may write is not decided for {undecided} tables: \
             their policies rest on what is not understood, or the question took too much work \
             (self-writable-authority, self-insertable-membership)"
        ));
    }
    let (bounded, rows) = cx.own_writes_bounded();
    if bounded > 0 {
        source.notes.push(format!(
            "for {bounded} tables no write was found by which users widen their own access, with up to {rows} rows of \
             each table that policies look up; with more rows there may be one \
             (self-writable-authority, self-insertable-membership)"
        ));
    }
    if loaded.schema.server.throw_away && source.kind == SourceKind::Shadow {
        source.notes.push("the version of the throw-away server was not judged: it is not yours".to_owned());
    }
    if !loaded.files.is_empty() {
        let (of_files, looked_at) = project::run_all(&loaded.files);
        findings.extend(of_files);
        finding::sort(&mut findings);
        examined.extend(looked_at);
    }
    let wanted = !verdict.no_probes && run.config.config.audit.probes.unwrap_or(true);
    let judged = judgement(loaded, cx, &findings, wanted, run).await?;
    findings.extend(judged.findings);
    finding::sort(&mut findings);
    examined.extend(judged.examined);
    source.notes.extend(judged.notes);
    doors::confirm(&mut findings, &judged.attempted.doors.trials, &judged.attempted.tried.trials);
    if wanted {
        loaded.replay_findings(&mut findings, run).await?;
    }
    let tested = if wanted { loaded.probe(cx, &mut findings, run).await? } else { None };
    let (tested, agreement) = tested.unwrap_or_default();
    let mut tested = tested;
    tested.probes.extend(judged.attempted.probes.iter().cloned());
    source.notes.extend(remarks(&tested, &agreement));
    let kept = bounds.sort(findings, &mut examined);
    // What is accepted though a rule forbids it comes first, where lists are cut short.
    source.notes.splice(0..0, kept.notes);
    let skipped = bounds.skipped.iter().map(|id| (*id).to_owned()).collect();
    let parts = Parts {
        source,
        findings: kept.open,
        suppressed: kept.suppressed,
        examined,
        skipped,
        verdicts: judged.entries,
        probes: tested.probes,
    };
    let mut report = assemble(cx, parts);
    let attempted = judged.attempted;
    report.trials = attempted.tried.trials;
    report.doors = attempted.doors.trials;
    report.tests = attempted.cases;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let mut counts = Vec::new();
    if let Some(replayed) = loaded.replayed.as_ref().filter(|_| loaded.reads_files()) {
        counts.extend([("statements", replayed.statements.len()), ("files", loaded.schema.files.len())]);
    }
    if let Some((total, ran)) = loaded.statements {
        counts.extend([("statements", total), ("statements_applied", ran)]);
    }
    report.coverage.examined.extend(counts.into_iter().map(|(kind, n)| (kind.to_owned(), count(n))));
    let access_control = true;
    report.coverage.gaps.extend(attempted.uncontrolled.map(|what| CoverageGap {
        what,
        file: None,
        line: None,
        access_control,
    }));
    let mut contradictions = attempted.contradictions;
    contradictions.extend(agreement.contradictions.iter().map(ToString::to_string));
    run.record.hide(loaded.mask());
    let (suite, untested) = (attempted.suite, attempted.untested);
    Ok(Examination { report, contradictions, suite, untested })
}

/// What the reads could not tell.
fn remarks(tested: &Tested, agreement: &Agreement) -> Vec<String> {
    let untested = tested.untested.iter().map(|u| format!("nothing was read as {}: {}", u.role, u.reason));
    let explained = agreement.explained.iter().cloned();
    let missed = agreement.not_reproduced.iter().map(|text| format!("not reproduced: {text}"));
    let failed: BTreeSet<_> = tested
        .probes
        .iter()
        .filter_map(|probe| match &probe.outcome {
            ProbeOutcome::Error { sqlstate, message } => {
                let done = if probe.command == Command::Select { "read" } else { "written" };
                Some(format!("{} could not be {done}: {message} (SQLSTATE {sqlstate})", probe.relation))
            }
            ProbeOutcome::NotTested { reason } if !tested.untested.iter().any(|u| u.role == probe.role) => {
                let done = if probe.command == Command::Select { "read" } else { "written" };
                Some(format!("{} was not {done}: {reason}", probe.relation))
            }
            _ => None,
        })
        .collect();
    let sampled = tested.sampled.iter().map(|name| format!("{name} is large: only a sample of its rows was read"));
    let reached = tested.probes.iter().filter(|p| p.command != Command::Select).filter_map(reached);
    untested.chain(reached).chain(sampled).chain(explained).chain(missed).chain(failed).collect()
}

/// What a write on a running database reached.
fn reached(probe: &Probe) -> Option<String> {
    let ProbeOutcome::Seen { rows, .. } = probe.outcome else { return None };
    let command = format!("{:?}", probe.command).to_uppercase();
    let what = match (probe.command, rows) {
        (Command::Insert, _) => "let a row in like one that is there".to_owned(),
        (_, 1) => "reached a row that is there".to_owned(),
        (_, rows) => format!("reached {rows} rows that are there"),
    };
    Some(format!("as {}, {command} on {} {what}; it was rolled back", probe.persona, probe.relation))
}

/// Findings weigh more than gaps: they are certain.
pub(super) fn exit_code(report: &Report, verdict: &Verdict, run: &Run) -> ExitCode {
    let config = &run.config.config.audit;
    let by_profile = || accepting::profile(&verdict.accepted, run).fail_on();
    let threshold: FailOn = verdict.fail_on.or(config.fail_on).unwrap_or_else(by_profile);
    let allow_partial = verdict.allow_partial || config.allow_partial.unwrap_or(false);
    let failed = report.tests.iter().any(|case| case.failed());
    let counts = |least| failed || report.unaccepted().any(|f| f.severity >= least);
    if threshold.severity().is_some_and(counts) {
        ExitCode::Findings
    } else if !allow_partial && report.coverage.gaps.iter().any(|g| g.access_control) {
        ExitCode::Incomplete
    } else {
        ExitCode::Clean
    }
}
