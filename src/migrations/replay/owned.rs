//! What roles own and may do: DROP ROLE, DROP OWNED, REASSIGN OWNED.

use super::catalog::acl::Acl;
use super::catalog::names::Space;
use super::catalog::{Address, Id, ROOT};
use super::change::own;
use super::grants::Listed;
use super::run::{Result, Run, reject, state};

impl Run {
    pub(super) fn drop_role(&mut self, id: Id) -> Result {
        if let Some(object) = self.needs_role(id) {
            let name = self.catalog.role_name(id);
            let message = format!("role `{name}` cannot be dropped because some objects depend on it: {object}");
            return reject(state::DEPENDENT_OBJECTS, message);
        }
        self.note_dropped(id.into());
        let name = self.catalog.role_name(id);
        self.catalog.names.remove(Space::Role, ROOT, &name, id);
        self.catalog.roles.remove(id);
        for membership in self.catalog.memberships.using(id, |m| m.role == id || m.member == id) {
            self.catalog.memberships.remove(membership);
        }
        for setting in self.catalog.settings.using(id, |s| s.role == Some(id)) {
            self.catalog.settings.remove(setting);
        }
        Ok(())
    }

    /// Something that a role owns, may use or is named in.
    pub(super) fn needs_role(&self, id: Id) -> Option<String> {
        let c = &self.catalog;
        let acl = |acl: &Option<super::catalog::acl::Acl>| acl.as_ref().is_some_and(|a| a.names(id));
        let relation =
            c.relations.iter().find(|(_, r)| r.owner == id || acl(&r.acl) || r.columns.iter().any(|c| acl(&c.acl)));
        let function = || c.functions.iter().find(|(_, f)| f.owner == id || acl(&f.acl)).map(|(id, _)| id);
        let other = || c.types.iter().find(|(_, t)| t.owner == id || acl(&t.acl)).map(|(id, _)| id);
        let schema = || c.namespaces.iter().find(|(_, n)| n.owner == id || acl(&n.acl)).map(|(id, _)| id);
        let policy = || c.policies.users(id).find(|(_, p)| p.roles.contains(&Some(id))).map(|(id, _)| id);
        let default = || c.defaults.iter().find(|(_, d)| d.role == id || d.acl.names(id)).map(|(id, _)| id);
        let found = relation.map(|(id, _)| id).or_else(function).or_else(other).or_else(schema);
        let found = found.or_else(policy).or_else(default).or_else(|| self.other_that_needs_role(id))?;
        Some(c.describe(found.into()).map(|o| o.to_string()).unwrap_or_default())
    }

    fn other_that_needs_role(&self, role: Id) -> Option<Id> {
        let c = &self.catalog;
        macro_rules! of {
            (owner: $($owned:ident)*; acl: $($listed:ident)*) => {
                None$(.or_else(|| c.$owned.iter().find(|(_, r)| r.owner == role).map(|(id, _)| id)))*
                $(.or_else(|| {
                    let names = |acl: &Option<Acl>| acl.as_ref().is_some_and(|a| a.names(role));
                    c.$listed.iter().find(|(_, r)| names(&r.acl)).map(|(id, _)| id)
                }))*
            };
        }
        of!(
            owner: database languages extensions event_triggers publications subscriptions wrappers servers large_objects;
            acl: database languages wrappers servers large_objects parameters
        )
        .or_else(|| c.mappings.iter().find(|(_, m)| m.user == Some(role)).map(|(id, _)| id))
    }

    /// `DROP OWNED BY`: what the roles own goes, and what they may do.
    pub(super) fn drop_owned(&mut self, roles: &[Id], cascade: bool) -> Result {
        let c = &self.catalog;
        let mut targets: Vec<Address> = Vec::new();
        targets.extend(c.relations.ids(|r| roles.contains(&r.owner)).into_iter().map(Address::from));
        targets.extend(c.functions.ids(|f| roles.contains(&f.owner)).into_iter().map(Address::from));
        targets.extend(c.types.ids(|t| roles.contains(&t.owner)).into_iter().map(Address::from));
        targets.extend(c.namespaces.ids(|n| roles.contains(&n.owner)).into_iter().map(Address::from));
        targets.extend(c.publications.ids(|p| roles.contains(&p.owner)).into_iter().map(Address::from));
        targets.extend(c.event_triggers.ids(|t| roles.contains(&t.owner)).into_iter().map(Address::from));
        targets.extend(c.large_objects.ids(|o| roles.contains(&o.owner)).into_iter().map(Address::from));
        targets.extend(c.defaults.ids(|d| roles.contains(&d.role)).into_iter().map(Address::from));
        // A policy for nobody else goes with what the role owns, so that it is in the way of nothing.
        let alone =
            |p: &super::catalog::object::Policy| matches!(p.roles.as_slice(), [Some(one)] if roles.contains(one));
        targets.extend(c.policies.ids(alone).into_iter().map(Address::from));
        self.drop_all(targets, cascade)?;
        for role in roles {
            self.forget_grants(*role);
        }
        Ok(())
    }

    fn forget_grants(&mut self, role: Id) {
        for object in self.granted_to(role) {
            self.take_from(object, role);
        }
        for id in self.catalog.parameters.ids(|_| true) {
            self.drop_needless_parameter(id);
        }
        for id in self.catalog.defaults.ids(|d| d.acl.names(role)) {
            if let Some(row) = self.catalog.defaults.edit(id) {
                row.acl.forget(role);
            }
            self.drop_needless_defaults(id);
        }
        for id in self.catalog.policies.using(role, |p| p.roles.contains(&Some(role))) {
            let alone = self.catalog.policies.get(id).is_some_and(|p| p.roles.len() == 1);
            if alone {
                self.remove_policy(id);
            } else if let Some(row) = self.catalog.policies.edit(id) {
                row.roles.retain(|r| *r != Some(role));
            }
        }
    }

    /// What has a list that names a role.
    fn granted_to(&self, role: Id) -> Vec<Listed> {
        let c = &self.catalog;
        let names = |acl: &Option<Acl>| acl.as_ref().is_some_and(|a| a.names(role));
        let mut objects: Vec<Listed> = Vec::new();
        for (id, row) in c.relations.iter() {
            objects.extend(names(&row.acl).then_some(Listed::Relation(id)));
            let columns = row.columns.iter().enumerate().filter(|(_, column)| names(&column.acl));
            objects.extend(columns.map(|(place, _)| Listed::Column(id, place)));
        }
        macro_rules! those {
            ($($rows:ident $kind:ident),*) => { $(
                objects.extend(c.$rows.ids(|row| names(&row.acl)).into_iter().map(Listed::$kind));
            )* };
        }
        those!(
            functions Function, types Type, namespaces Namespace, languages Language, wrappers Wrapper,
            servers Server, database Database, large_objects LargeObject, parameters Parameter
        );
        objects
    }

    /// Takes everything from a role, and from those who have it from there.
    fn take_from(&mut self, object: Listed, role: Id) {
        let Some((kind, owner, Some(acl))) = self.listed(object) else { return };
        let mut acl = acl.clone();
        let all = kind.all(self.catalog.major);
        let grantor = self.grantor(owner, &acl, all);
        // With CASCADE nothing is in the way.
        let _ = acl.revoke(Some(role), grantor, all, false, true, owner);
        self.set_acl(object, acl);
    }

    /// Everything that roles own in the database becomes another's.
    pub(super) fn reassign_owned(&mut self, from: &[Id], to: Id) {
        let c = &self.catalog;
        let relations = c.relations.ids(|r| from.contains(&r.owner));
        let functions = c.functions.ids(|f| from.contains(&f.owner));
        let types = c.types.ids(|t| from.contains(&t.owner));
        let namespaces = c.namespaces.ids(|n| from.contains(&n.owner));
        let (publications, triggers) =
            (c.publications.ids(|p| from.contains(&p.owner)), c.event_triggers.ids(|t| from.contains(&t.owner)));
        let (wrappers, servers) =
            (c.wrappers.ids(|w| from.contains(&w.owner)), c.servers.ids(|s| from.contains(&s.owner)));
        let large_objects = c.large_objects.ids(|o| from.contains(&o.owner));
        let extensions = c.extensions.ids(|e| from.contains(&e.owner));
        let database = c.database.ids(|d| from.contains(&d.owner));
        for id in relations {
            self.own_relation(id, to);
        }
        for id in functions {
            self.touch(id);
            own!(self, functions, id, to);
        }
        for id in types {
            own!(self, types, id, to);
        }
        for id in namespaces {
            self.touch(id);
            own!(self, namespaces, id, to);
        }
        for id in wrappers {
            own!(self, wrappers, id, to);
        }
        for id in servers {
            own!(self, servers, id, to);
        }
        for id in database {
            own!(self, database, id, to);
        }
        for id in large_objects {
            own!(self, large_objects, id, to);
        }
        self.reassign_subscriptions(from, to);
        for id in publications {
            if let Some(row) = self.catalog.publications.edit(id) {
                row.owner = to;
            }
        }
        for id in triggers {
            if let Some(row) = self.catalog.event_triggers.edit(id) {
                row.owner = to;
            }
        }
        for id in extensions {
            if let Some(row) = self.catalog.extensions.edit(id) {
                row.owner = to;
            }
        }
    }
}
