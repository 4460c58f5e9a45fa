//! How a role holds a privilege on an object.

use std::fmt;

use super::Effective;
use crate::model::{Acl, Function, Grant, Grantee, Namespace, Privilege, Relation, printable};

/// Why a role holds a privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The kind of reason.
    pub by: HeldBy,
    /// The chain of memberships from the role to the holder, both included; just the role when there is none.
    pub path: Vec<String>,
    /// Who granted it, for grants.
    pub grantor: Option<String>,
}

/// The kinds of reason for holding a privilege, from the most to the least telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldBy {
    /// Superusers are not checked.
    Superuser,
    /// The ACL names the role itself.
    Direct,
    /// The ACL names a role whose privileges it inherits.
    Membership,
    /// It owns the object, itself or by membership.
    Ownership,
    /// The ACL names PUBLIC.
    Public,
    /// A predefined role such as `pg_read_all_data` gives it everywhere.
    Predefined,
}

/// In words: `granted to PUBLIC by postgres`.
impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.path.last().map_or("", String::as_str);
        match self.by {
            HeldBy::Superuser => return f.write_str("superuser: no check at all"),
            HeldBy::Direct => write!(f, "granted to {}", printable(last))?,
            HeldBy::Public => f.write_str("granted to PUBLIC (every role)")?,
            HeldBy::Membership => write!(f, "granted to {}", printable(last))?,
            HeldBy::Ownership => write!(f, "{} owns it", printable(last))?,
            HeldBy::Predefined => write!(f, "every such object, by the predefined role {}", printable(last))?,
        }
        if let Some(grantor) = self.grantor.as_deref().filter(|_| self.by != HeldBy::Ownership) {
            write!(f, " by {}", printable(grantor))?;
        }
        if self.path.len() > 1 {
            let chain: Vec<_> = self.path.iter().map(|r| printable(r)).collect();
            write!(f, ", reached by membership {}", chain.join(" -> "))?;
        }
        Ok(())
    }
}

impl Effective<'_> {
    /// Why `role` may use the schema; `None` if it may not.
    #[must_use]
    pub fn holds_on_namespace(&self, role: &str, namespace: &Namespace, privilege: Privilege) -> Option<Holding> {
        let predefined: &[&str] =
            if privilege == Privilege::Usage { &["pg_read_all_data", "pg_write_all_data"] } else { &[] };
        self.holding(role, &namespace.owner, &namespace.acl, privilege, predefined)
    }

    /// Why `role` has the privilege on the whole relation; `None` if it has not.
    #[must_use]
    pub fn holds_on_relation(&self, role: &str, relation: &Relation, privilege: Privilege) -> Option<Holding> {
        let predefined: &[&str] = match privilege {
            Privilege::Select => &["pg_read_all_data"],
            Privilege::Insert | Privilege::Update | Privilege::Delete => &["pg_write_all_data"],
            Privilege::Maintain => &["pg_maintain"],
            _ => &[],
        };
        self.holding(role, &relation.owner, &relation.acl, privilege, predefined)
    }

    /// Why `role` has the privilege by a grant on that very column, whatever it has on the relation.
    #[must_use]
    pub fn holds_on_column(&self, role: &str, relation: &Relation, acl: &Acl, privilege: Privilege) -> Option<Holding> {
        self.holding(role, &relation.owner, acl, privilege, &[])
    }

    /// Whether `role` has the privilege on the relation or on any of its columns: what a query that names none needs.
    #[must_use]
    pub fn holds_on_any_column(&self, role: &str, relation: &Relation, privilege: Privilege) -> bool {
        self.holds_on_relation(role, relation, privilege).is_some()
            || relation.columns.iter().any(|c| self.holds_on_column(role, relation, &c.acl, privilege).is_some())
    }

    /// Why `role` may call the function; `None` if it may not (its schema's USAGE is another question).
    #[must_use]
    pub fn may_execute(&self, role: &str, function: &Function) -> Option<Holding> {
        self.holding(role, &function.owner, &function.acl, Privilege::Execute, &[])
    }

    /// The most telling reason why `role` has `privilege` on an object with this owner and ACL.
    ///
    /// Ownership alone gives no privilege: the owner's are in the ACL too, and can be revoked from it.
    #[must_use]
    pub fn holding(
        &self,
        role: &str,
        owner: &str,
        acl: &Acl,
        privilege: Privilege,
        predefined: &[&str],
    ) -> Option<Holding> {
        if self.is_superuser(role) {
            return Some(Holding { by: HeldBy::Superuser, path: vec![role.to_owned()], grantor: None });
        }
        let granted = acl.granting(privilege).filter_map(|grant| self.by_grant(role, owner, grant));
        granted.min_by_key(|h| (h.by, h.path.len())).or_else(|| {
            predefined.iter().find_map(|name| {
                let path = self.inherits(role, name)?;
                Some(Holding { by: HeldBy::Predefined, path: owned(path), grantor: None })
            })
        })
    }

    fn by_grant(&self, role: &str, owner: &str, grant: &Grant) -> Option<Holding> {
        let grantor = Some(grant.grantor.clone());
        let Grantee::Role(grantee) = &grant.grantee else {
            return Some(Holding { by: HeldBy::Public, path: vec![role.to_owned()], grantor });
        };
        let path = self.inherits(role, grantee)?;
        let by = match path.len() {
            _ if grantee == owner => HeldBy::Ownership,
            1 => HeldBy::Direct,
            _ => HeldBy::Membership,
        };
        Some(Holding { by, path: owned(path), grantor })
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&r| r.to_owned()).collect()
}
