//! What of a report is worse than in another state.

use std::collections::BTreeMap;

use super::Base;
use super::cause::Causes;
use crate::cli::Reading;
use crate::commands::Run;
use crate::commands::source::Loaded;
use crate::diff::{self, Direction};
use crate::finding::{Evidence, Finding, ObjectKind, Severity};
use crate::project::Files;
use crate::report::{AccessChange, Change, Report, Summary};

impl Base {
    /// Leaves the findings that are new or graver, and says what access the change widens and narrows.
    pub(in crate::commands) fn keep_what_is_worse(
        &self,
        report: &mut Report,
        loaded: &Loaded,
        reading: &Reading,
        run: &Run,
    ) {
        let access = self.access(loaded, reading, run);
        let mut change = self.sort_out(report, &loaded.files, &access);
        change.access = access;
        let confirmed = Summary::of(&report.findings);
        report.summary.findings = confirmed.findings;
        report.summary.confirmed = confirmed.confirmed;
        report.summary.verdict = sentence(&change, report);
        report.source.notes.extend(self.remarks());
        report.change = Some(change);
    }

    /// Takes out what stands in the base, and counts it; what somebody accepts stays where it is, as it is shown always.
    fn sort_out(&self, report: &mut Report, files: &Files, access: &[AccessChange]) -> Change {
        let mut old: BTreeMap<String, &Finding> =
            self.findings.iter().map(|f| (identity(f, &self.loaded.files), f)).collect();
        let mut standing = BTreeMap::new();
        report.findings.retain_mut(|finding| {
            let Some(was) = old.remove(&identity(finding, files)) else { return true };
            if let Some(text) = graver(finding, was, access, &self.name) {
                finding.evidence.insert(0, Evidence { kind: "change".to_owned(), text });
                return true;
            }
            *standing.entry(finding.severity.word().to_owned()).or_default() += 1;
            false
        });
        let mut accepted = 0;
        report.suppressed.retain_mut(|one| {
            let was = old.remove(&identity(&one.finding, files));
            let worse = was.map(|was| graver(&one.finding, was, access, &self.name));
            match (worse, one.by.is_accepted()) {
                (Some(None), true) => return true,
                (Some(None), false) => {
                    *standing.entry(one.finding.severity.word().to_owned()).or_default() += 1;
                    return false;
                }
                (Some(Some(text)), _) => {
                    one.finding.evidence.insert(0, Evidence { kind: "change".to_owned(), text });
                }
                (None, _) => {}
            }
            accepted += u64::from(one.by.is_accepted());
            true
        });
        let gone = u64::try_from(old.len()).unwrap_or(u64::MAX);
        Change { base: self.name.clone(), standing, accepted, gone, access: Vec::new() }
    }

    /// The differences in access; a server prints texts another way than files write them, so files are held against files.
    pub(super) fn access(&self, loaded: &Loaded, reading: &Reading, run: &Run) -> Vec<AccessChange> {
        let exposed = run.exposed(reading);
        let read = loaded.replayed.as_ref().filter(|_| self.loaded.replayed.is_some());
        let later = read.map_or(&loaded.schema, |r| &r.schema);
        let (before, after) =
            (crate::checks::Context::new(&self.loaded.schema, exposed), crate::checks::Context::new(later, exposed));
        let causes = Causes::new(&self.loaded, loaded);
        let each = diff::compare(&before, &after).into_iter().map(|difference| AccessChange {
            locations: causes.of(&difference),
            direction: difference.direction,
            principals: difference.principals,
            object: difference.object,
            commands: difference.commands,
            text: difference.text,
            witness: difference.witness,
        });
        each.collect()
    }

    fn remarks(&self) -> Vec<String> {
        let mut unread = self.loaded.schema.gaps.iter().filter(|g| g.access_control);
        let mut notes = Vec::new();
        if let Some(first) = unread.next() {
            let more = match unread.count() {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            notes.push(format!("not examined in {} either: {}{more}", self.name, first.what));
        }
        if self.loaded.files.is_empty() {
            notes.push(format!("{} has no files beside the schema: what is found in files counts as new", self.name));
        }
        notes
    }
}

/// What is worse about a finding that stands in the base too; the same defect may open more, or to others.
fn graver(finding: &Finding, was: &Finding, access: &[AccessChange], base: &str) -> Option<String> {
    if finding.severity > was.severity {
        return Some(format!("it was {} in {base}", was.severity.word()));
    }
    let gains = |change: &AccessChange| {
        let (one, other) = (&change.object, &finding.object);
        change.direction == Direction::Widened
            && (&one.schema, &one.name) == (&other.schema, &other.name)
            && finding.principal.as_ref().is_some_and(|who| change.principals.contains(who))
    };
    let is_worse = finding.severity >= Severity::Medium && finding.message != was.message && access.iter().any(gains);
    is_worse.then(|| format!("in {base}: {}", was.message))
}

/// What makes two findings the same defect; in files the text that it points at, wherever the file is now.
fn identity(finding: &Finding, files: &Files) -> String {
    let location = finding.locations.first().filter(|_| finding.object.kind == ObjectKind::File);
    let text = location.and_then(|at| {
        let file = files.all().find(|file| file.path == at.file)?;
        file.text.get(at.span.start as usize..at.span.end as usize)
    });
    match text {
        Some(text) => format!("{} {text}", finding.check),
        None => finding.fingerprint.clone(),
    }
}

/// What the change comes to, access first.
fn sentence(change: &Change, report: &Report) -> String {
    let count = |direction| change.count(direction);
    let ways = [
        (count(Direction::Widened), "widens access", "place"),
        (count(Direction::Sideways), "moves it", "place"),
        (count(Direction::MayWiden), "may widen it", "place"),
        (count(Direction::Narrowed), "narrows it", "place"),
    ];
    let told: Vec<_> = ways
        .iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, what, unit)| format!("{what} in {n} {unit}{}", if *n == 1 { "" } else { "s" }))
        .collect();
    let access = match told.as_slice() {
        [] => "This change leaves access as it is".to_owned(),
        [one] => format!("This change {one}"),
        [most @ .., last] => format!("This change {} and {last}", most.join(", ")),
    };
    let access = access.replace("This change moves it", "This change moves access");
    let access = access.replace("This change may widen it", "This change may widen access");
    let access = access.replace("This change narrows it", "This change narrows access");
    let new = report.findings.len();
    let findings = match (new, change.standing()) {
        (0, 0) if !report.suppressed.is_empty() => "no finding is open".to_owned(),
        (0, 0) if change.gone == 0 => "nothing is wrong with it, nor was before".to_owned(),
        (0, 0) => {
            let plural = if change.gone == 1 { "" } else { "s" };
            format!("nothing is wrong with it, and {} finding{plural} of {} stand no more", change.gone, change.base)
        }
        (0, n) => format!("it brings no new finding; {n} stand already in {}", change.base),
        (new, 0) => format!("it brings {new} new or graver finding{}", if new == 1 { "" } else { "s" }),
        (new, n) => {
            let plural = if new == 1 { "" } else { "s" };
            format!("it brings {new} new or graver finding{plural}; {n} stand already in {}", change.base)
        }
    };
    let partial = if report.coverage.gaps.iter().any(|g| g.access_control) {
        ", and not everything could be examined"
    } else {
        ""
    };
    format!("{access}; {findings}{}{partial}.", taken_out(change, report))
}

/// What the change accepts by itself, which a reviewer has to see; then what is accepted or hidden anyway.
fn taken_out(change: &Change, report: &Report) -> String {
    let count = |accepted: bool| report.suppressed.iter().filter(|one| one.by.is_accepted() == accepted).count();
    let told = |n: usize, words: &str| {
        let (s, is) = if n == 1 { ("", "is") } else { ("s", "are") };
        (n > 0).then(|| format!("; {n} finding{s} {is} {words}"))
    };
    let new = usize::try_from(change.accepted).unwrap_or(usize::MAX);
    let parts = [
        told(new, "new or graver and accepted as a risk at once"),
        told(count(true).saturating_sub(new), "accepted as a risk as before"),
        told(count(false), "new or graver and hidden by a threshold"),
    ];
    parts.into_iter().flatten().collect()
}
