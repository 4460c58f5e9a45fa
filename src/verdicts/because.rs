//! What decides: the policies, grants and exemptions behind an answer, and the statement that a violation comes from.

use super::judge::Case;
use crate::analyzer::decide::{DecidedBy, Which};
use crate::analyzer::effective::{Access, Refusal};
use crate::model::{Origin, Policy};
use crate::report;

/// Why nothing is reached, in words.
pub(super) fn refused(access: &Access<'_>, refusal: Refusal) -> String {
    report::refused(access, refusal)
}

/// The facts that decide, the most telling first; then what gives the command at all.
pub(super) fn deciding(case: &Case<'_, '_>, by: &[DecidedBy]) -> Vec<String> {
    let Case { access, relation, .. } = case;
    let mut facts: Vec<_> = by.iter().filter_map(|one| fact(case, one)).collect();
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

fn fact(case: &Case<'_, '_>, by: &DecidedBy) -> Option<String> {
    Some(match by {
        // It is said last, of every answer.
        DecidedBy::NoPrivilege => return None,
        DecidedBy::NoRowSecurity => report::exempt(&case.access.row_security, case.relation),
        DecidedBy::DefaultDeny => "no permissive policy binds the role".to_owned(),
        DecidedBy::Recursion => "the policies call for each other without end (42P17)".to_owned(),
        DecidedBy::Policy(name) => {
            let policy = case.relation.policies.iter().find(|p| p.name == *name)?;
            let kind = if policy.permissive { "policy" } else { "restrictive policy" };
            format!("{kind} {}", report::name(policy))
        }
    })
}

/// The statement that a violation comes from: that of the policy that lets the row through, or else of the relation.
pub(super) fn cause(case: &Case<'_, '_>, by: &[DecidedBy]) -> Origin {
    let named = |name: &String| case.relation.policies.iter().find(|p| p.name == *name);
    let mut policies = by.iter().filter_map(|one| match one {
        DecidedBy::Policy(name) => named(name),
        _ => None,
    });
    let lets: Option<&Policy> = policies.find(|p| p.permissive);
    lets.map(|p| p.origin).filter(|o| !o.is_catalog()).unwrap_or(case.relation.origin)
}

/// In words, which row a command is about.
pub(super) fn row(which: Which) -> &'static str {
    match which {
        Which::Old => "old",
        Which::New => "new",
    }
}
