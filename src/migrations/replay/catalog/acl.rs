//! Access control lists with Postgres' own rules: one item for each pair of grantee and grantor, and what is taken from
//! somebody is taken from those who have it from there.

use super::Id;
use crate::model::{Origin, Privilege, PrivilegeSet};
use Privilege::{
    AlterSystem, Connect, Create, Delete, Execute, Insert, Maintain, References, Select, Set, Temporary, Truncate,
    Update, Usage,
};

/// What one role gave another; a grantee `None` is PUBLIC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) grantee: Option<Id>,
    pub(crate) grantor: Id,
    pub(crate) privileges: PrivilegeSet,
    pub(crate) grantable: PrivilegeSet,
    pub(crate) origin: Origin,
}

/// A list that is not the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Acl(pub(crate) Vec<Item>);

/// Kinds of object with privileges of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Relation,
    Column,
    Sequence,
    Function,
    Schema,
    Type,
    Database,
    Language,
    Wrapper,
    Server,
    LargeObject,
    Parameter,
}

impl Kind {
    /// What ALL PRIVILEGES means.
    pub(crate) fn all(self, major: u32) -> PrivilegeSet {
        let list: &[Privilege] = match self {
            Self::Relation => &[Select, Insert, Update, Delete, Truncate, References, Privilege::Trigger, Maintain],
            Self::Column => &[Select, Insert, Update, References],
            Self::Sequence => &[Usage, Select, Update],
            Self::Function => &[Execute],
            Self::Schema => &[Usage, Create],
            Self::Type | Self::Language | Self::Wrapper | Self::Server => &[Usage],
            Self::Database => &[Create, Temporary, Connect],
            Self::LargeObject => &[Select, Update],
            Self::Parameter => &[Set, AlterSystem],
        };
        list.iter().copied().filter(|p| major >= 17 || *p != Maintain).collect()
    }

    /// What PUBLIC has while nobody has said anything.
    fn of_public(self) -> PrivilegeSet {
        let list: &[Privilege] = match self {
            Self::Function => &[Execute],
            Self::Type | Self::Language => &[Usage],
            Self::Database => &[Temporary, Connect],
            _ => &[],
        };
        list.iter().copied().collect()
    }
}

/// A revoke that others' grants rest on.
#[derive(Debug)]
pub(crate) struct DependentPrivileges;

impl Acl {
    /// What an object has while nobody has said anything (`acldefault`).
    pub(crate) fn of_nothing_said(kind: Kind, owner: Id, major: u32) -> Self {
        let mut acl = Self::default();
        if kind == Kind::Column {
            return acl;
        }
        acl.grant(None, owner, kind.of_public(), false, Origin::Catalog);
        acl.grant(Some(owner), owner, kind.all(major), false, Origin::Catalog);
        acl
    }

    fn item(&mut self, grantee: Option<Id>, grantor: Id) -> Option<&mut Item> {
        self.0.iter_mut().find(|i| i.grantee == grantee && i.grantor == grantor)
    }

    pub(crate) fn grant(
        &mut self,
        grantee: Option<Id>,
        grantor: Id,
        privileges: PrivilegeSet,
        with_option: bool,
        origin: Origin,
    ) {
        if privileges.is_empty() {
            return;
        }
        let grantable = if with_option { privileges } else { PrivilegeSet::default() };
        match self.item(grantee, grantor) {
            Some(item) => {
                let more = !privileges.without(item.privileges).union(grantable.without(item.grantable)).is_empty();
                item.privileges = item.privileges.union(privileges);
                item.grantable = item.grantable.union(grantable);
                if more {
                    item.origin = origin;
                }
            }
            None => self.0.push(Item { grantee, grantor, privileges, grantable, origin }),
        }
    }

    /// Takes `privileges`, or only the right to pass them on, from `grantee`, as far as `grantor` gave them.
    pub(crate) fn revoke(
        &mut self,
        grantee: Option<Id>,
        grantor: Id,
        privileges: PrivilegeSet,
        option_only: bool,
        cascade: bool,
        owner: Id,
    ) -> Result<(), DependentPrivileges> {
        let Some(item) = self.item(grantee, grantor) else { return Ok(()) };
        let lost = item.grantable.intersection(privileges);
        item.grantable = item.grantable.without(privileges);
        if !option_only {
            item.privileges = item.privileges.without(privileges);
        }
        self.0.retain(|i| !i.privileges.is_empty());
        match grantee {
            Some(role) if !lost.is_empty() => self.revoke_passed_on(role, lost, cascade, owner),
            _ => Ok(()),
        }
    }

    fn revoke_passed_on(
        &mut self,
        role: Id,
        lost: PrivilegeSet,
        cascade: bool,
        owner: Id,
    ) -> Result<(), DependentPrivileges> {
        if role == owner {
            return Ok(());
        }
        let lost = lost.without(self.grantable_by(role));
        while let Some(passed) =
            self.0.iter().find(|i| i.grantor == role && !i.privileges.intersection(lost).is_empty()).cloned()
        {
            if !cascade {
                return Err(DependentPrivileges);
            }
            self.revoke(passed.grantee, role, lost, false, true, owner)?;
        }
        Ok(())
    }

    /// What `role` itself may pass on.
    pub(crate) fn grantable_by(&self, role: Id) -> PrivilegeSet {
        let of_role = self.0.iter().filter(|i| i.grantee == Some(role));
        of_role.fold(PrivilegeSet::default(), |set, i| set.union(i.grantable))
    }

    /// What `role` itself holds, or PUBLIC.
    pub(crate) fn held_by(&self, role: Option<Id>) -> PrivilegeSet {
        let of_role = self.0.iter().filter(|i| i.grantee == role);
        of_role.fold(PrivilegeSet::default(), |set, i| set.union(i.privileges))
    }

    /// The new owner steps into the old one's place, as grantor and grantee.
    pub(crate) fn change_owner(&mut self, old: Id, new: Id) {
        let items = std::mem::take(&mut self.0);
        for mut item in items {
            if item.grantee == Some(old) {
                item.grantee = Some(new);
            }
            if item.grantor == old {
                item.grantor = new;
            }
            match self.item(item.grantee, item.grantor) {
                Some(same) => {
                    same.privileges = same.privileges.union(item.privileges);
                    same.grantable = same.grantable.union(item.grantable);
                }
                None => self.0.push(item),
            }
        }
    }

    /// Adds what `other` grants.
    pub(crate) fn merge(&mut self, other: &Self) {
        for item in &other.0 {
            self.grant(item.grantee, item.grantor, item.privileges, false, item.origin);
            if !item.grantable.is_empty() {
                self.grant(item.grantee, item.grantor, item.grantable, true, item.origin);
            }
        }
    }

    /// Whether both grant the same.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let has = |acl: &Self, item: &Item| {
            acl.0.iter().any(|i| {
                (i.grantee, i.grantor, i.privileges, i.grantable)
                    == (item.grantee, item.grantor, item.privileges, item.grantable)
            })
        };
        self.0.len() == other.0.len() && self.0.iter().all(|i| has(other, i))
    }

    /// Whether `role` is named.
    pub(crate) fn names(&self, role: Id) -> bool {
        self.0.iter().any(|i| i.grantee == Some(role) || i.grantor == role)
    }

    /// Takes everything from `role`, as DROP OWNED does to default privileges.
    pub(crate) fn forget(&mut self, role: Id) {
        self.0.retain(|i| i.grantee != Some(role));
    }
}
