//! Statements that mend: revoking a privilege from whoever it really comes by, PUBLIC included.

use std::collections::BTreeSet;

use super::Context;
use crate::analyzer::effective::Principal;
use crate::model::{Acl, Function, FunctionKind, Grantee, Privilege, Relation};

impl Context<'_> {
    /// Takes `privileges` on a relation from `principals`, and leaves the others what they have.
    pub(super) fn revoke_relation(&self, privileges: &[Privilege], on: &Relation, from: &[&Principal]) -> String {
        let words: Vec<_> = privileges.iter().map(|p| p.sql().to_lowercase()).collect();
        let target = on.name.to_string();
        self.revoke(&words.join(", "), privileges, (&target, &on.owner, &on.acl), from)
    }

    /// Takes EXECUTE on a function from `principals`, and leaves the others what they have.
    pub(super) fn revoke_execute(&self, function: &Function, from: &[&Principal]) -> String {
        let target = format!("{} {}", routine(function), function.id);
        self.revoke("execute", &[Privilege::Execute], (&target, &function.owner, &function.acl), from)
    }

    fn revoke(
        &self,
        words: &str,
        privileges: &[Privilege],
        (target, owner, acl): (&str, &str, &Acl),
        from: &[&Principal],
    ) -> String {
        let grants = || privileges.iter().flat_map(|p| acl.granting(*p)).filter(|g| !g.grantee.is_role(owner));
        let reaches = |role: &str, grantee: &Grantee| match grantee {
            Grantee::Public => true,
            Grantee::Role(name) => self.effective.inherits(role, name).is_some(),
        };
        let cut: BTreeSet<_> =
            grants().map(|g| &g.grantee).filter(|g| from.iter().any(|p| reaches(&p.role, g))).collect();
        if cut.is_empty() {
            return String::new();
        }
        let mut sql = format!("revoke {words} on {target} from {};", names(&cut));
        let stays = |p: &&Principal| {
            !from.iter().any(|f| f.role == p.role) && self.effective.inherits(&p.role, owner).is_none()
        };
        let loses = |role: &str| {
            grants().any(|g| cut.contains(&g.grantee) && reaches(role, &g.grantee))
                && !grants().any(|g| !cut.contains(&g.grantee) && reaches(role, &g.grantee))
        };
        let principals = self.effective.principals().iter();
        let keep: BTreeSet<_> = principals
            .filter(stays)
            .filter(|p| p.is_api() && loses(&p.role))
            .map(|p| Grantee::Role(p.role.clone()))
            .collect();
        if !keep.is_empty() {
            sql.push_str(&format!("\ngrant {words} on {target} to {};", names(&keep.iter().collect())));
        }
        sql
    }
}

/// The keyword for GRANT, REVOKE and ALTER.
pub(super) fn routine(function: &Function) -> &'static str {
    if function.kind == FunctionKind::Procedure { "procedure" } else { "function" }
}

fn names(grantees: &BTreeSet<&Grantee>) -> String {
    let each: Vec<_> = grantees.iter().map(|g| g.to_string()).collect();
    each.join(", ")
}
