//! The one sentence that a report comes to.

use std::collections::BTreeSet;

use crate::analyzer::effective::Who;
use crate::checks::Context;
use crate::finding::{Finding, Severity};
use crate::report::human::text::counted as of_kind;
use crate::report::{Coverage, Suppressed, SuppressedBy};

/// Who can read how many relations that they should not; else how many findings there are; else that there is none.
/// What was accepted or is hidden is told in the same sentence: it is no pass.
pub(super) fn of(cx: &Context<'_>, findings: &[Finding], suppressed: &[Suppressed], coverage: &Coverage) -> String {
    let mut sentence = readable(cx, findings, Who::Anyone, "anyone on the internet")
        .or_else(|| readable(cx, findings, Who::SignedIn, "any signed-in user"))
        .unwrap_or_else(|| counted(findings, suppressed, coverage));
    sentence.push_str(&taken_out(suppressed));
    if !coverage.skipped.is_empty() {
        let checks = of_kind(u64::try_from(coverage.skipped.len()).unwrap_or(u64::MAX), "check");
        sentence.push_str(&format!("; {checks} did not run"));
    }
    if coverage.gaps.iter().any(|g| g.access_control) {
        sentence.push_str(", and not everything could be examined");
    }
    sentence.push('.');
    sentence
}

fn readable(cx: &Context<'_>, findings: &[Finding], who: Who, words: &str) -> Option<String> {
    let roles: BTreeSet<&str> =
        cx.effective.principals().iter().filter(|p| p.who == who).map(|p| p.role.as_str()).collect();
    let relations: BTreeSet<_> = findings
        .iter()
        .filter(|f| f.severity >= Severity::High)
        .flat_map(|f| f.confirm.iter())
        .filter(|read| roles.contains(read.role.as_str()))
        .map(|read| &read.relation)
        .collect();
    let (first, n) = (relations.first()?, relations.len());
    let tables = if relations.iter().all(|r| is_table(cx, r)) { "tables" } else { "tables and views" };
    Some(match n {
        1 => format!("{first} can be read by {words}"),
        n => format!("{n} {tables} can be read by {words}"),
    })
}

fn is_table(cx: &Context<'_>, name: &crate::model::QualifiedName) -> bool {
    cx.schema.relation(name).is_some_and(|r| r.kind.carries_row_security())
}

/// `; 3 findings are accepted as a risk, 1 of them high or critical`
fn taken_out(suppressed: &[Suppressed]) -> String {
    let of = |pick: fn(SuppressedBy) -> bool, words: &str| {
        let all: Vec<_> = suppressed.iter().filter(|one| pick(one.by)).map(|one| one.finding.severity).collect();
        let bad = all.iter().filter(|s| **s >= Severity::High).count();
        let (n, word) = (all.len(), plural(all.len(), "finding"));
        let is = if n == 1 { "is" } else { "are" };
        match bad {
            _ if n == 0 => String::new(),
            0 => format!("; {n} {word} {is} {words}"),
            bad if bad == n => format!("; {n} {word} of high or critical severity {is} {words}"),
            bad => format!("; {n} {word} {is} {words}, {bad} of them high or critical"),
        }
    };
    let accepted = of(|by| by.is_accepted(), "accepted as a risk");
    accepted + &of(|by| !by.is_accepted(), "hidden by a threshold")
}

fn counted(findings: &[Finding], suppressed: &[Suppressed], coverage: &Coverage) -> String {
    let n = |kind: &str| coverage.examined.get(kind).copied().unwrap_or_default();
    let bad = findings.iter().filter(|f| f.severity >= Severity::High).count();
    match (findings.len(), bad) {
        (0, _) if n("relations") == 0 && suppressed.is_empty() => {
            "Nothing to audit: the database has no table or view of its own".to_owned()
        }
        (0, _) => {
            let (relations, policies) = (of_kind(n("relations"), "relation"), of_kind(n("policies"), "policy"));
            let nothing = if suppressed.is_empty() { "Nothing wrong was found" } else { "No finding is open" };
            format!("{nothing} in {relations} and {policies}")
        }
        (all, 0) => format!("{all} {} of lesser weight, none of them high or critical", plural(all, "finding")),
        (all, bad) => format!("{all} {}, {bad} of them high or critical", plural(all, "finding")),
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}
