//! Default privileges: ALTER DEFAULT PRIVILEGES, and what new objects get from them.

use super::catalog::acl::{Acl, Kind};
use super::catalog::object::DefaultPrivileges;
use super::catalog::{Catalog, Id};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::grant::AlterDefaultPrivileges;
use crate::model::{GrantObject, PrivilegeSet};

fn kind(object: GrantObject) -> Kind {
    match object {
        GrantObject::Tables => Kind::Relation,
        GrantObject::Sequences => Kind::Sequence,
        GrantObject::Functions => Kind::Function,
        GrantObject::Types => Kind::Type,
        GrantObject::Schemas => Kind::Schema,
        GrantObject::LargeObjects => Kind::LargeObject,
    }
}

impl Catalog {
    fn defaults_of(&self, role: Id, schema: Option<Id>, object: GrantObject) -> Option<(Id, &DefaultPrivileges)> {
        self.defaults.iter().find(|(_, d)| d.role == role && d.schema == schema && d.object == object)
    }

    /// The list that a new object starts with, if it is not the built-in one.
    pub(super) fn starting_acl(&self, object: GrantObject, owner: Id, schema: Option<Id>) -> Option<Acl> {
        let global = self.defaults_of(owner, None, object).map(|(_, d)| &d.acl);
        let here = schema.and_then(|s| self.defaults_of(owner, Some(s), object)).map(|(_, d)| &d.acl);
        if global.is_none() && here.is_none() {
            return None;
        }
        let mut acl = global.cloned().unwrap_or_else(|| Acl::of_nothing_said(kind(object), owner, self.major));
        if let Some(here) = here {
            acl.merge(here);
        }
        // Postgres takes an empty list for none at all.
        Some(acl).filter(|acl| !acl.0.is_empty())
    }
}

impl Run {
    /// Takes away a list that says what holds anyhow.
    pub(super) fn drop_needless_defaults(&mut self, id: Id) {
        let Some(row) = self.catalog.defaults.get(id) else { return };
        let base = match row.schema {
            None => Acl::of_nothing_said(kind(row.object), row.role, self.catalog.major),
            Some(_) => Acl::default(),
        };
        if row.acl.same(&base) {
            self.catalog.defaults.remove(id);
        }
    }

    pub(super) fn alter_default_privileges(&mut self, alter: &AlterDefaultPrivileges) -> Result {
        let grantees = alter.grantees.iter().map(|g| self.grantee(g)).collect::<Result<Vec<_>>>()?;
        if alter.grant_option && !alter.revoke && grantees.contains(&None) {
            return reject(state::INVALID_GRANT, "grant options can only be granted to roles");
        }
        if alter.object == GrantObject::LargeObjects && self.catalog.major < 18 {
            return reject(state::SYNTAX, "default privileges of large objects came with Postgres 18");
        }
        let roles = if alter.roles.is_empty() { vec![self.user()] } else { self.roles(&alter.roles)? };
        let mut schemas = Vec::new();
        for schema in &alter.schemas {
            schemas.push(Some(self.namespace(schema)?));
        }
        if schemas.is_empty() {
            schemas.push(None);
        }
        let schemaless = matches!(alter.object, GrantObject::Schemas | GrantObject::LargeObjects);
        if schemaless && !alter.schemas.is_empty() {
            return reject("0LP01", "default privileges of schemas cannot be set in a schema");
        }
        for role in roles {
            if self.is_bound() && !self.has_rights_of(self.user(), role) {
                return reject(state::INSUFFICIENT_PRIVILEGE, "permission denied to change default privileges");
            }
            for schema in &schemas {
                self.alter_defaults_of(alter, role, *schema, &grantees)?;
            }
        }
        Ok(())
    }

    fn alter_defaults_of(
        &mut self,
        alter: &AlterDefaultPrivileges,
        role: Id,
        schema: Option<Id>,
        grantees: &[Option<Id>],
    ) -> Result {
        let kind = kind(alter.object);
        let all = kind.all(self.catalog.major);
        let mut privileges = PrivilegeSet::default();
        for privilege in &alter.privileges {
            match privilege {
                None => privileges = all,
                Some(one) if all.contains(*one) => privileges.insert(*one),
                Some(one) => return reject("0LP01", format!("invalid privilege type {one} for this kind of object")),
            }
        }
        let found = self.catalog.defaults_of(role, schema, alter.object).map(|(id, d)| (id, d.acl.clone()));
        let base = match schema {
            None => Acl::of_nothing_said(kind, role, self.catalog.major),
            Some(_) => Acl::default(),
        };
        let (id, mut acl) = match found {
            Some((id, acl)) => (id, acl),
            None => (self.catalog.fresh(), base.clone()),
        };
        for grantee in grantees {
            if !alter.revoke {
                acl.grant(*grantee, role, privileges, alter.grant_option, self.origin);
            } else if acl.revoke(*grantee, role, privileges, alter.option_only, alter.cascade, role).is_err() {
                return reject(state::DEPENDENT_OBJECTS, "dependent privileges exist");
            }
        }
        self.touch(id);
        if acl.same(&base) {
            self.catalog.defaults.remove(id);
        } else {
            let row = DefaultPrivileges { role, schema, object: alter.object, acl, origin: self.origin };
            self.catalog.defaults.insert(id, row);
        }
        self.touch(id);
        Ok(())
    }
}
