//! What is wrong with ignores and the baseline themselves.

use super::kept::About;
use super::{Bounds, Ignore, Scope};
use crate::finding::{Draft, Examined, Finding, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Origin, SourceFile, Statement};

/// Entries of a baseline that are named before the rest is only counted.
const NAMED: usize = 10;

impl Bounds {
    /// The findings about what is accepted. `examined` tells which checks could have found something.
    pub(super) fn own(
        &self,
        about: &[About<'_>],
        findings: &[Finding],
        examined: &Examined,
    ) -> (Vec<Finding>, Examined) {
        let files: Vec<_> = about.iter().map(|one| SourceFile { path: one.ignore.place.file.clone() }).collect();
        let mut out = Findings::new(&files);
        let could = |check: &str| examined.get(check).is_some_and(|subjects| !subjects.is_empty());
        for (id, of) in [
            ("expired-ignore", expired as Rule),
            ("unexplained-ignore", unexplained as Rule),
            ("unused-ignore", unused as Rule),
        ] {
            if self.skipped.contains(id) {
                continue;
            }
            out.enter(id);
            for (at, one) in about.iter().enumerate() {
                out.examine(object(one.ignore));
                let asked = one.ignore.mistake.is_some() || could(&one.ignore.check);
                if let Some(draft) = of(self, one).filter(|_| asked) {
                    out.report(draft.origin(origin(one.ignore, at)));
                }
            }
        }
        if !self.skipped.contains("stale-baseline") {
            out.enter("stale-baseline");
            self.stale(findings, &could, &mut out);
        }
        out.finish()
    }

    fn stale(&self, findings: &[Finding], could: &dyn Fn(&str) -> bool, out: &mut Findings<'_>) {
        let Some((file, baseline)) = &self.baseline else { return };
        let object = ObjectRef::global(ObjectKind::File, file);
        out.examine(object.clone());
        let mut left = baseline.by_fingerprint();
        for finding in findings {
            left.get_mut(&finding.fingerprint).and_then(Vec::pop);
        }
        let gone: Vec<_> = left.into_values().flatten().filter(|entry| could(&entry.check)).collect();
        if gone.is_empty() {
            return;
        }
        let named = gone.iter().take(NAMED).map(|e| format!("{} of {} ({})", e.check, e.object, e.fingerprint));
        let mut named = named.collect::<Vec<_>>().join(", ");
        if gone.len() > NAMED {
            named.push_str(&format!(" and {} more", gone.len() - NAMED));
        }
        let (entries, are) = if gone.len() == 1 { ("entry", "is") } else { ("entries", "are") };
        let title = format!("{} {entries} of the baseline {file} {are} gone from the database", gone.len());
        let message = format!(
            "What {file} says was there is not found any more: {named}. Write it anew with --write-baseline, so that the \
             same defects cannot come back behind it."
        );
        out.report(Draft::new(object, Severity::Low, title, message));
    }
}

type Rule = fn(&Bounds, &About<'_>) -> Option<Draft>;

fn expired(bounds: &Bounds, one: &About<'_>) -> Option<Draft> {
    let ignore = one.ignore;
    let day = ignore.expires.as_ref().filter(|_| bounds.is_over(ignore) && !one.fingerprints.is_empty())?;
    let title = format!("the ignore of {} in {} has expired", ignore.check, ignore.place_in_words());
    let message = format!(
        "Its last day was {}, and what it accepted is still there ({}). It hides nothing any more.",
        day.as_str(),
        listed(one)
    );
    Some(draft(ignore, Severity::Medium, title, message))
}

fn unexplained(bounds: &Bounds, one: &About<'_>) -> Option<Draft> {
    let ignore = one.ignore;
    if ignore.reason.is_some() || one.fingerprints.is_empty() || bounds.is_over(ignore) || one.is_ambiguous() {
        return None;
    }
    let title = format!("the ignore of {} in {} gives no reason", ignore.check, ignore.place_in_words());
    let message = format!("It is about {}. Say why that is accepted, for whoever reads it next.", listed(one));
    Some(draft(ignore, Severity::Low, title, message))
}

fn unused(_: &Bounds, one: &About<'_>) -> Option<Draft> {
    let ignore = one.ignore;
    let place = ignore.place_in_words();
    let (title, message) = if let Some(mistake) = &ignore.mistake {
        (format!("the ignore in {place} cannot hide anything"), format!("{mistake}."))
    } else if one.is_ambiguous() {
        let names: Vec<_> = one.fingerprints.iter().map(|f| format!("{}:{f}", ignore.check)).collect();
        let title = format!("the ignore of {} in {place} does not say which finding it is about", ignore.check);
        let message = format!(
            "The statement has {} findings of that check, and a comment covers one, lest a later one hides behind it. To \
             accept all of them write `ignore[{}] reason`.",
            names.len(),
            names.join(", ")
        );
        (title, message)
    } else if one.fingerprints.is_empty() {
        let where_ = match &ignore.scope {
            Scope::Statement(None) => "no statement follows it".to_owned(),
            Scope::Statement(Some(_)) => "no finding of that check points at its statement".to_owned(),
            Scope::Object(glob) => format!("no object that matches `{glob}` has a finding of that check"),
        };
        let title = format!("the ignore of {} in {place} hides nothing", ignore.check);
        (title, format!("As things are, {where_}. Take it out: it would hide the next defect of its kind."))
    } else {
        return None;
    };
    Some(draft(ignore, Severity::Low, title, message))
}

fn draft(ignore: &Ignore, severity: Severity, title: String, message: String) -> Draft {
    let scope = match &ignore.scope {
        Scope::Object(glob) => glob.clone(),
        Scope::Statement(_) => ignore.fingerprint.clone().unwrap_or_default(),
    };
    // Lines move; two comments of one file that say the same are told apart by nothing that stays.
    let detail = format!("{}/{scope}/{}", ignore.check, ignore.reason.as_deref().unwrap_or_default());
    Draft::new(object(ignore), severity, title, message).detail(detail)
}

fn object(ignore: &Ignore) -> ObjectRef {
    ObjectRef::global(ObjectKind::File, ignore.place.file.clone())
}

/// The place of an ignore, in the list of files that has one for each of them.
fn origin(ignore: &Ignore, at: usize) -> Origin {
    Origin::Statement(Statement { file: u32::try_from(at).unwrap_or(u32::MAX), ..ignore.place.span })
}

fn listed(one: &About<'_>) -> String {
    let n = one.fingerprints.len();
    let names: Vec<_> = one.fingerprints.iter().take(NAMED).map(String::as_str).collect();
    let more = if n > names.len() { format!(" and {} more", n - names.len()) } else { String::new() };
    format!("{} {}{more}", if n == 1 { "finding" } else { "findings" }, names.join(", "))
}
