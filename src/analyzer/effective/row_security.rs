//! Whether row security applies to a role on a relation, and which policies bind it.

use super::{Effective, PolicyTruth};
use crate::model::{Command, Grantee, Policy, Relation};

/// Whether row security filters a role's rows, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowSecurity {
    /// Policies decide.
    Applies,
    /// `ENABLE ROW LEVEL SECURITY` was never said.
    Off,
    /// This kind of relation cannot carry it.
    NotCarried,
    /// The role is a superuser.
    Superuser,
    /// The role has BYPASSRLS.
    BypassRls,
    /// The role owns the relation, itself or by this chain of memberships, and FORCE is not set.
    Owner(Vec<String>),
}

impl RowSecurity {
    /// Whether policies decide.
    #[must_use]
    pub fn applies(&self) -> bool {
        *self == Self::Applies
    }

    /// Whether it is the role that is exempt, rather than the relation that is open to everyone.
    #[must_use]
    pub fn is_exemption(&self) -> bool {
        matches!(self, Self::Superuser | Self::BypassRls | Self::Owner(_))
    }
}

impl<'a> Effective<'a> {
    /// Whether row security applies to `role` on `relation`, in the server's own order.
    #[must_use]
    pub fn row_security(&self, role: &str, relation: &Relation) -> RowSecurity {
        if !relation.kind.carries_row_security() {
            return RowSecurity::NotCarried;
        }
        if !relation.row_security {
            return RowSecurity::Off;
        }
        match self.schema.role(role) {
            Some(r) if r.superuser => return RowSecurity::Superuser,
            Some(r) if r.bypass_rls => return RowSecurity::BypassRls,
            _ => {}
        }
        match self.inherits(role, &relation.owner) {
            Some(path) if !relation.force_row_security => {
                RowSecurity::Owner(path.iter().map(|&r| r.to_owned()).collect())
            }
            _ => RowSecurity::Applies,
        }
    }

    /// The policies of `relation` that bind `role` for `command`: those to PUBLIC or to a role whose privileges it
    /// has. A member without INHERIT is bound by neither kind.
    pub fn policies(&self, role: &str, relation: &'a Relation, command: Command) -> impl Iterator<Item = &'a Policy> {
        relation.policies.iter().filter(move |p| p.command.covers(command) && self.binds(role, p))
    }

    /// Whether `policy` is for `role`.
    #[must_use]
    pub fn binds(&self, role: &str, policy: &Policy) -> bool {
        policy.roles.iter().any(|to| match to {
            Grantee::Public => true,
            Grantee::Role(name) => self.inherits(role, name).is_some(),
        })
    }

    pub(super) fn truth_of(&self, policy: &Policy) -> PolicyTruth {
        use crate::analyzer::truth::Truth::Depends;
        let unknown = PolicyTruth { using: Depends, check: Depends };
        self.truths.get(&std::ptr::from_ref(policy).addr()).copied().unwrap_or(unknown)
    }
}
