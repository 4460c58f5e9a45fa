//! What decides: the policies, grants and exemptions behind an answer, and the statement that a violation comes from.

use super::judge::Case;
use crate::analyzer::decide::{Decider, Which};
use crate::analyzer::effective::{Access, Refusal};
use crate::analyzer::witness::Witness;
use crate::model::{Origin, Policy};
use crate::report;

/// Why nothing is reached, in words.
pub(super) fn refused(access: &Access<'_>, refusal: Refusal) -> String {
    report::refused(access, refusal)
}

/// The facts that decide, the most telling first.
pub(super) fn deciding(case: &Case<'_, '_>, witness: Option<&Witness>) -> Vec<String> {
    let Case { access, relation, .. } = case;
    let mut facts = Vec::new();
    if access.row_security.applies() {
        let named: Vec<_> = match witness.map(|w| letting_through(case, w)) {
            Some(policies) if !policies.is_empty() => policies,
            _ => access.permissive.iter().chain(&access.restrictive).copied().collect(),
        };
        facts.extend(named.into_iter().map(policy));
    } else if access.is_some() && relation.view.is_none() {
        facts.push(report::exempt(&access.row_security, relation));
    }
    if let Some(view) = &relation.view {
        let eyes = if view.security_invoker { "as the caller" } else { "as its owner" };
        facts.push(format!("the {} reads {eyes}", relation.kind));
    }
    match access.holder() {
        Some(holder) => facts.push(format!("{} {holder}", access.command)),
        None => facts.push(format!("no {} privilege", access.command)),
    }
    facts
}

fn policy(policy: &Policy) -> String {
    let kind = if policy.permissive { "policy" } else { "restrictive policy" };
    format!("{kind} {}", report::name(policy))
}

/// The permissive policies that are TRUE of the row of a witness; none where that is not known.
fn letting_through<'a>(case: &Case<'_, 'a>, witness: &Witness) -> Vec<&'a Policy> {
    let decider = Decider::new(&case.cx.effective);
    let lets = |policy: &&&Policy| {
        let formula = decider.policies(&case.declared.role, case.relation, &[**policy], case.declared.row);
        formula.holds(witness) == Some(true)
    };
    case.access.permissive.iter().filter(lets).copied().collect()
}

/// The statement that a violation comes from: that of the policy that lets the row through, or else of the relation.
pub(super) fn cause(case: &Case<'_, '_>, witness: Option<&Witness>) -> Origin {
    let policies = witness.map(|w| letting_through(case, w)).unwrap_or_default();
    let policy = policies.first().or_else(|| case.access.permissive.first()).copied();
    case.origin_of(policy.filter(|_| case.access.row_security.applies()))
}

/// In words, which row a command is about.
pub(super) fn row(which: Which) -> &'static str {
    match which {
        Which::Old => "old",
        Which::New => "new",
    }
}
