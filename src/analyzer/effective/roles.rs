//! The role graph: whose privileges a role has, and which roles it can become.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Effective;
use crate::model::{Membership, Role, Schema};

/// Memberships, closed in both ways that the server closes them.
///
/// Privileges and ownership flow along memberships with INHERIT; `SET ROLE` follows those with SET, and reaches the
/// attributes (SUPERUSER, BYPASSRLS) that never flow.
#[derive(Debug)]
pub(super) struct RoleGraph<'a> {
    inherited: BTreeMap<&'a str, Paths<'a>>,
    settable: BTreeMap<&'a str, Paths<'a>>,
}

/// Reached roles, each with the shortest chain of memberships that leads there, both ends included.
type Paths<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl<'a> RoleGraph<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        let mut inherit_edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut set_edges = inherit_edges.clone();
        for m in &schema.memberships {
            if m.inherit {
                inherit_edges.entry(&m.member).or_default().insert(&m.role);
            }
            if m.set {
                set_edges.entry(&m.member).or_default().insert(&m.role);
            }
        }
        // The database's owner is a member of pg_database_owner without a row in pg_auth_members. Like any other
        // membership it passes a NOINHERIT role by before PostgreSQL 16 (roles_is_member_of in the server's acl.c).
        let owner = schema.database.owner.as_str();
        set_edges.entry(owner).or_default().insert("pg_database_owner");
        if schema.server.major() >= 16 || schema.role(owner).is_none_or(|r| r.inherit) {
            inherit_edges.entry(owner).or_default().insert("pg_database_owner");
        }
        let close = |edges: &BTreeMap<&'a str, BTreeSet<&'a str>>| {
            schema.roles.iter().map(|r| (r.name.as_str(), paths_from(&r.name, edges))).collect()
        };
        Self { inherited: close(&inherit_edges), settable: close(&set_edges) }
    }

    /// The memberships through which `role` has the privileges of `target`; `[role]` if they are one.
    pub(super) fn inherits(&self, role: &str, target: &str) -> Option<&[&'a str]> {
        self.inherited.get(role)?.get(target).map(Vec::as_slice)
    }

    /// The memberships through which a session of `role` may SET ROLE to `target`.
    pub(super) fn sets(&self, role: &str, target: &str) -> Option<&[&'a str]> {
        self.settable.get(role)?.get(target).map(Vec::as_slice)
    }
}

fn paths_from<'a>(start: &'a str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Paths<'a> {
    let mut paths = Paths::from([(start, vec![start])]);
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        let path = paths.get(at).cloned().unwrap_or_default();
        for next in edges.get(at).into_iter().flatten() {
            if !paths.contains_key(next) {
                let mut longer = path.clone();
                longer.push(next);
                paths.insert(next, longer);
                queue.push_back(next);
            }
        }
    }
    paths
}

/// Why a session may make its role a member of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitting<'a> {
    /// A membership with ADMIN OPTION.
    Option(&'a Membership),
    /// A role with CREATEROLE, which before PostgreSQL 16 is ADMIN OPTION on every role that is no superuser.
    CreateRole(&'a Role),
}

impl<'a> Admitting<'a> {
    /// The role that holds the right.
    #[must_use]
    pub fn by(self) -> &'a str {
        match self {
            Self::Option(membership) => &membership.member,
            Self::CreateRole(role) => &role.name,
        }
    }
}

impl<'a> Effective<'a> {
    /// Whether `role` is a superuser; a role that the model does not know is not.
    #[must_use]
    pub fn is_superuser(&self, role: &str) -> bool {
        self.schema.role(role).is_some_and(|r| r.superuser)
    }

    /// The chain of memberships through which `role` has the privileges of `target`: `[role, .., target]`.
    ///
    /// A superuser needs no chain and is not reported by this.
    #[must_use]
    pub fn inherits(&self, role: &str, target: &str) -> Option<&[&'a str]> {
        self.roles.inherits(role, target)
    }

    /// The roles that a session of `role` can become with SET ROLE, `role` itself left out, with the chain.
    pub fn can_become(&self, role: &str) -> impl Iterator<Item = (&'a Role, &[&'a str])> {
        let paths = self.roles.settable.get(role).into_iter().flatten();
        paths
            .filter(|(_, path)| path.len() > 1)
            .filter_map(|(name, path)| Some((self.schema.role(name)?, path.as_slice())))
    }

    /// By what a session of `role` may make it a member of `target`: ADMIN OPTION that it, or a role that it acts as, holds.
    #[must_use]
    pub fn admitting(&self, role: &str, target: &str) -> Option<Admitting<'a>> {
        let becomes = |other: &str| other == role || self.can_become(role).any(|(known, _)| known.name == other);
        let acts_as = |other: &str| becomes(other) || self.inherits(role, other).is_some();
        let mut memberships = self.schema.memberships.iter().filter(|m| m.admin && m.role == target);
        let creator = || {
            let all = self.schema.server.major() < 16 && !self.is_superuser(target);
            self.schema.roles.iter().find(|other| all && other.create_role && becomes(&other.name))
        };
        let by_option = memberships.find(|m| acts_as(&m.member)).map(Admitting::Option);
        by_option.or_else(|| creator().map(Admitting::CreateRole))
    }
}
