//! Sorts findings: which are open, and what takes the others out.

use std::collections::BTreeSet;

use super::{Baseline, Day, Ignore, Scope};
use crate::finding::{self, Confidence, Evidence, Examined, Finding, Severity};
use crate::report::{Suppressed, SuppressedBy};

/// What a run accepts, and what it is not to show.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Comments and `[[ignore]]`.
    pub ignores: Vec<Ignore>,
    /// The baseline, with the name of its file.
    pub baseline: Option<(String, Baseline)>,
    /// Checks that are not to run.
    pub skipped: BTreeSet<&'static str>,
    /// The least severity that is shown.
    pub severity: Severity,
    /// The least confidence that is shown.
    pub confidence: Confidence,
    /// Whether an ignore must say why.
    pub explained: bool,
    /// Whether nothing may be taken out.
    pub all: bool,
    /// The day of the run.
    pub today: Day,
}

/// The findings, sorted.
#[derive(Debug, Default)]
pub struct Kept {
    /// What is open, what is said about ignores among it; the worst first.
    pub open: Vec<Finding>,
    /// What was taken out.
    pub suppressed: Vec<Suppressed>,
    /// What must not happen in silence.
    pub notes: Vec<String>,
}

impl Bounds {
    /// Sorts the findings of a run. `examined` loses the checks that are not to run, and gains those of ignores.
    #[must_use]
    pub fn sort(&self, mut findings: Vec<Finding>, examined: &mut Examined) -> Kept {
        findings.retain(|finding| !self.skipped.contains(finding.check.as_str()));
        examined.retain(|check, _| !self.skipped.contains(check));
        let about: Vec<_> = self.ignores.iter().map(|ignore| About::of(ignore, &findings)).collect();
        let (own, looked_at) = self.own(&about, &findings, examined);
        let mut baseline = self.baseline.as_ref().map(|(_, file)| file.by_fingerprint()).unwrap_or_default();
        let mut kept = Kept { notes: self.notes(), ..Kept::default() };
        for mut finding in findings {
            // What stands in the file is used up even where an ignore is quicker.
            let entry = baseline.get_mut(&finding.fingerprint).and_then(Vec::pop);
            let accepted = about.iter().find(|one| self.holds(one, &finding)).map(|one| one.ignore);
            match (accepted, entry) {
                (Some(ignore), _) => kept.take(Suppressed {
                    by: ignore.by,
                    reason: ignore.reason.clone(),
                    expires: ignore.expires.as_ref().map(|day| day.as_str().to_owned()),
                    place: Some(ignore.place_in_words()),
                    finding,
                }),
                (None, Some(was)) if finding.severity <= was.severity && !self.all => {
                    kept.take(self.by_itself(finding, SuppressedBy::Baseline));
                }
                (None, was) => {
                    finding.evidence.extend(was.filter(|_| !self.all).map(|was| Evidence {
                        kind: "baseline".to_owned(),
                        text: format!("it was {} when the baseline was written", was.severity.word()),
                    }));
                    self.show(finding, &mut kept);
                }
            }
        }
        examined.extend(looked_at);
        own.into_iter().for_each(|finding| self.show(finding, &mut kept));
        finding::sort(&mut kept.open);
        kept
    }

    /// Whether an ignore takes a finding out.
    fn holds(&self, one: &About<'_>, finding: &Finding) -> bool {
        let ignore = one.ignore;
        // Who declared a rule and accepts that it is broken says why.
        let explained = ignore.reason.is_some() || !(self.explained || breaks_declared_rule(finding));
        !self.all
            && explained
            && !one.is_ambiguous()
            && !self.is_over(ignore)
            && ignore.is_about(finding)
            && ignore.accepts(finding)
    }

    /// Whether the last day of an ignore is over.
    pub(super) fn is_over(&self, ignore: &Ignore) -> bool {
        ignore.expires.as_ref().is_some_and(|day| *day < self.today)
    }

    /// A finding that no ignore accepts: open, or below a threshold.
    fn show(&self, finding: Finding, kept: &mut Kept) {
        let shown = finding.severity >= self.severity && finding.confidence >= self.confidence;
        match shown || self.all {
            true => kept.open.push(finding),
            false => kept.suppressed.push(self.by_itself(finding, SuppressedBy::Threshold)),
        }
    }

    fn by_itself(&self, finding: Finding, by: SuppressedBy) -> Suppressed {
        let file = self.baseline.as_ref().map(|(file, _)| file.clone());
        let place = file.filter(|_| by == SuppressedBy::Baseline);
        Suppressed { finding, by, reason: None, expires: None, place }
    }

    fn notes(&self) -> Vec<String> {
        let hides = !self.ignores.is_empty() || self.baseline.is_some();
        let all = "the profile auditor shows everything: ignores and the baseline take nothing out";
        (self.all && hides).then(|| all.to_owned()).into_iter().collect()
    }
}

impl Kept {
    fn take(&mut self, one: Suppressed) {
        if breaks_declared_rule(&one.finding) {
            let place = one.place.as_deref().map_or_else(String::new, |place| format!(" ({place})"));
            let reason = one.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
            let (title, by) = (&one.finding.title, one.by.words());
            self.notes.push(format!("a declared rule is broken, and that is {by}{place}{reason}: {title}"));
        }
        self.suppressed.push(one);
    }
}

/// Whether a finding says that a declared rule does not hold; what breaks a mere reading is only likely.
fn breaks_declared_rule(finding: &Finding) -> bool {
    finding.confidence >= Confidence::Proved && crate::verdicts::CHECKS.iter().any(|meta| meta.id == finding.check)
}

/// An ignore and the findings that it is about.
pub(super) struct About<'a> {
    pub(super) ignore: &'a Ignore,
    /// Their fingerprints, each once.
    pub(super) fingerprints: BTreeSet<String>,
}

impl<'a> About<'a> {
    fn of(ignore: &'a Ignore, findings: &[Finding]) -> Self {
        let about = findings.iter().filter(|finding| ignore.is_about(finding));
        Self { ignore, fingerprints: about.map(|f| f.fingerprint.clone()).collect() }
    }

    /// A comment accepts one finding, lest another one that comes later hides behind it.
    pub(super) fn is_ambiguous(&self) -> bool {
        matches!(self.ignore.scope, Scope::Statement(_)) && self.fingerprints.len() > 1
    }
}

#[cfg(test)]
mod tests;
