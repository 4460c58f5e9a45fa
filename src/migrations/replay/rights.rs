//! What the current role may do: the questions that Postgres asks a role that is no superuser.
//!
//! Of reading and writing rows only the relations that a statement names are asked about; rows are nothing that the model
//! has.

use super::Object;
use super::catalog::acl::Acl;
use super::catalog::{Address, Id};
use super::grants::Listed;
use super::run::{Result, Run, reject, state};
use crate::migrations::Name;
use crate::model::Privilege;
use std::borrow::Cow;
use std::fmt::Display;

impl Run {
    /// Whether the current role's rights are limited and known. Nobody knows those of a role that somebody else made.
    pub(super) fn is_bound(&self) -> bool {
        let row = self.catalog.roles.get(self.user());
        let is_unknown =
            |name: &str| !self.unknown.is_empty() && self.unknown.contains_key(&Object::Role(name.to_owned()));
        row.is_some_and(|r| !r.superuser && !is_unknown(&r.name))
    }

    /// Whether a role has a privilege, by a grant to itself, to PUBLIC or to a role whose rights it has.
    pub(super) fn has_privilege(&self, role: Id, object: Listed, privilege: Privilege) -> bool {
        if self.catalog.roles.get(role).is_some_and(|r| r.superuser) {
            return true;
        }
        let Some((kind, owner, acl)) = self.listed(object) else { return true };
        let unsaid = || Cow::Owned(Acl::of_nothing_said(kind, owner, self.catalog.major));
        let acl = acl.map_or_else(unsaid, Cow::Borrowed);
        let holds = |grantee: Option<Id>| grantee.is_none_or(|grantee| self.has_rights_of(role, grantee));
        acl.0.iter().any(|item| item.privileges.contains(privilege) && holds(item.grantee))
            || self.reads_or_writes_all(role, object, privilege)
    }

    /// `pg_read_all_data` and `pg_write_all_data`.
    fn reads_or_writes_all(&self, role: Id, object: Listed, privilege: Privilege) -> bool {
        use Privilege::{Delete, Insert, Select, Update, Usage};
        let member = |name: &str| self.catalog.role(name).is_some_and(|of| self.has_rights_of(role, of));
        match (object, privilege) {
            (Listed::Relation(_), Select) => member("pg_read_all_data"),
            (Listed::Relation(_), Insert | Update | Delete) => member("pg_write_all_data"),
            (Listed::Namespace(_), Usage) => member("pg_read_all_data") || member("pg_write_all_data"),
            _ => false,
        }
    }

    fn needs<D: Display>(&self, object: Listed, privilege: Privilege, what: impl FnOnce() -> D) -> Result {
        match !self.is_bound() || self.has_privilege(self.user(), object, privilege) {
            true => Ok(()),
            false => reject(state::INSUFFICIENT_PRIVILEGE, format!("permission denied for {}", what())),
        }
    }

    /// USAGE on the schema that a name is qualified with.
    pub(super) fn may_look_into(&self, name: &Name) -> Result {
        let schema = name.schema.as_deref().filter(|_| self.is_bound());
        match schema.and_then(|schema| Some((schema, self.catalog.namespace(schema)?))) {
            Some((schema, id)) => self.needs(Listed::Namespace(id), Privilege::Usage, || format!("schema `{schema}`")),
            None => Ok(()),
        }
    }

    /// Whether the current role sees what is in a schema of its search path.
    pub(super) fn sees(&self, schema: Id) -> bool {
        !self.is_bound() || self.has_privilege(self.user(), Listed::Namespace(schema), Privilege::Usage)
    }

    /// The schema that something new comes into, in which the role has to be allowed to make it.
    pub(super) fn schema_for_new(&mut self, schema: Option<&str>) -> Result<Id> {
        let id = self.creation_namespace(schema)?;
        self.may_create_in(id)?;
        Ok(id)
    }

    pub(super) fn may_create_in(&self, schema: Id) -> Result {
        let what = || format!("schema `{}`", self.catalog.namespace_name(schema));
        self.needs(Listed::Namespace(schema), Privilege::Create, what)
    }

    /// CREATE on the database: for schemas, publications and extensions.
    pub(super) fn may_create_in_database(&self) -> Result {
        let database = self.catalog.database.ids(|_| true).first().copied();
        database.map_or(Ok(()), |id| self.needs(Listed::Database(id), Privilege::Create, || "the database"))
    }

    pub(super) fn may_use_language(&self, language: Id) -> Result {
        if self.catalog.languages.get(language).is_some_and(|l| !l.trusted) {
            return self.must_be_superuser("write functions in a language that is not trusted");
        }
        self.needs(Listed::Language(language), Privilege::Usage, || "the language")
    }

    pub(super) fn may_use_wrapper(&self, wrapper: Id) -> Result {
        self.needs(Listed::Wrapper(wrapper), Privilege::Usage, || "the foreign-data wrapper")
    }

    pub(super) fn may_use_type(&self, data_type: Id) -> Result {
        self.needs(Listed::Type(data_type), Privilege::Usage, || "the type")
    }

    pub(super) fn may_execute(&self, function: Id) -> Result {
        let what = || format!("function `{}`", self.catalog.function_id(function));
        self.needs(Listed::Function(function), Privilege::Execute, what)
    }

    pub(super) fn may_do_to(&self, relation: Id, privilege: Privilege) -> Result {
        let what = || format!("`{}`", self.catalog.qualified(relation));
        self.needs(Listed::Relation(relation), privilege, what)
    }

    /// The privilege on the whole relation, or on each of these columns.
    pub(super) fn may_do_to_columns(&self, relation: Id, columns: &[usize], privilege: Privilege) -> Result {
        let whole = self.may_do_to(relation, privilege);
        let holds = |place: &usize| self.has_privilege(self.user(), Listed::Column(relation, *place), privilege);
        match whole.is_err() && !columns.is_empty() && columns.iter().all(holds) {
            true => Ok(()),
            false => whole,
        }
    }

    /// The privilege on the whole relation, or on any of its columns.
    pub(super) fn may_do_to_any_column(&self, relation: Id, privilege: Privilege) -> Result {
        let whole = self.may_do_to(relation, privilege);
        let columns = self.catalog.relations.get(relation).map(|r| r.columns.len()).unwrap_or_default();
        let any = |place: usize| self.has_privilege(self.user(), Listed::Column(relation, place), privilege);
        match whole.is_err() && (0..columns).any(any) {
            true => Ok(()),
            false => whole,
        }
    }

    /// Who owns an object, or what it is a part of.
    fn owner_of(&self, id: Id) -> Option<Id> {
        let c = &self.catalog;
        let relation = |id: Id| c.relations.get(id).map(|r| r.owner);
        None.or_else(|| relation(id))
            .or_else(|| c.indexes.get(id).and_then(|r| relation(r.relation)))
            .or_else(|| c.policies.get(id).and_then(|r| relation(r.relation)))
            .or_else(|| c.triggers.get(id).and_then(|r| relation(r.relation)))
            .or_else(|| c.rules.get(id).and_then(|r| relation(r.relation)))
            .or_else(|| c.functions.get(id).map(|r| r.owner))
            .or_else(|| c.types.get(id).map(|r| r.owner))
            .or_else(|| c.namespaces.get(id).map(|r| r.owner))
            .or_else(|| c.publications.get(id).map(|r| r.owner))
            .or_else(|| c.subscriptions.get(id).map(|r| r.owner))
            .or_else(|| c.large_objects.get(id).map(|r| r.owner))
            .or_else(|| c.event_triggers.get(id).map(|r| r.owner))
            .or_else(|| c.extensions.get(id).map(|r| r.owner))
            .or_else(|| c.wrappers.get(id).map(|r| r.owner))
            .or_else(|| c.servers.get(id).map(|r| r.owner))
            .or_else(|| c.languages.get(id).map(|r| r.owner))
            .or_else(|| c.database.get(id).map(|r| r.owner))
    }

    /// Refuses what only the owner of an object may do.
    pub(super) fn must_own(&self, id: Id) -> Result {
        let owner = self.owner_of(id).filter(|_| self.is_bound());
        match owner.is_none_or(|owner| self.has_rights_of(self.user(), owner)) {
            true => Ok(()),
            false => {
                let what = self.catalog.describe(id.into()).map(|o| o.to_string()).unwrap_or_default();
                reject(state::INSUFFICIENT_PRIVILEGE, format!("must be owner of {what}"))
            }
        }
    }

    /// The owner of the schema may drop what is in it.
    pub(super) fn may_drop(&self, target: Address) -> Result {
        let c = &self.catalog;
        let id = target.id;
        let schema = None
            .or_else(|| c.relations.get(id).map(|r| r.schema))
            .or_else(|| c.functions.get(id).map(|r| r.schema))
            .or_else(|| c.types.get(id).map(|r| r.schema))
            .or_else(|| c.indexes.get(id).and_then(|i| c.relations.get(i.relation)).map(|r| r.schema));
        match schema.is_some_and(|schema| self.must_own(schema).is_ok()) {
            true => Ok(()),
            false => self.must_own(id),
        }
    }

    /// The new owner of something: a role that the current one may become, and that may make it there itself.
    pub(super) fn may_give_to(&self, owner: Id, schema: Option<Id>) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        self.may_become(self.user(), owner)?;
        let may_create = |schema| self.has_privilege(owner, Listed::Namespace(schema), Privilege::Create);
        match schema.is_none_or(may_create) {
            true => Ok(()),
            false => {
                reject(state::INSUFFICIENT_PRIVILEGE, "permission denied for schema: the new owner may not create")
            }
        }
    }

    /// Whether `role` may SET ROLE to another.
    pub(super) fn may_become(&self, role: Id, other: Id) -> Result {
        let superuser = self.catalog.roles.get(role).is_none_or(|r| r.superuser);
        match superuser || role == other || self.reaches(role, other) {
            true => Ok(()),
            false => reject(
                state::INSUFFICIENT_PRIVILEGE,
                format!("permission denied to set role `{}`", self.catalog.role_name(other)),
            ),
        }
    }

    fn reaches(&self, role: Id, other: Id) -> bool {
        let (mut seen, mut open) = (vec![role], vec![role]);
        while let Some(member) = open.pop() {
            for (_, m) in self.catalog.memberships.iter().filter(|(_, m)| m.member == member && m.set) {
                if m.role == other {
                    return true;
                }
                if !seen.contains(&m.role) {
                    seen.push(m.role);
                    open.push(m.role);
                }
            }
        }
        false
    }

    pub(super) fn must_have_rights_of(&self, roles: &[Id]) -> Result {
        match roles.iter().find(|role| self.is_bound() && !self.has_rights_of(self.user(), **role)) {
            Some(role) => {
                let name = self.catalog.role_name(*role);
                reject(state::INSUFFICIENT_PRIVILEGE, format!("permission denied: it takes the rights of `{name}`"))
            }
            None => Ok(()),
        }
    }

    /// Refuses what only superusers may do.
    pub(super) fn must_be_superuser(&self, what: &str) -> Result {
        match self.is_bound() {
            true => reject(state::INSUFFICIENT_PRIVILEGE, format!("must be superuser to {what}")),
            false => Ok(()),
        }
    }

    /// CREATEROLE, for making roles; for changing others from 16 on the role's administrator too.
    pub(super) fn may_manage_roles(&self, changed: Option<Id>) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        let user = self.user();
        let creates = self.catalog.roles.get(user).is_some_and(|r| r.create_role);
        let protected = changed.and_then(|id| self.catalog.roles.get(id)).is_some_and(|r| r.superuser);
        let administers = |id: Id| self.catalog.major < 16 || self.is_administrator(user, id);
        match creates && !protected && changed.is_none_or(administers) {
            true => Ok(()),
            false => reject(state::INSUFFICIENT_PRIVILEGE, "permission denied to create, change or drop the role"),
        }
    }

    /// Whether a role, or one whose rights it has, has the ADMIN option on another.
    pub(super) fn is_administrator(&self, role: Id, of: Id) -> bool {
        self.catalog.memberships.iter().any(|(_, m)| m.role == of && m.admin && self.has_rights_of(role, m.member))
    }

    /// Whether what a text reads may be read now.
    pub(super) fn may_read(&self, code: &super::catalog::code::Code) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        for address in &code.uses {
            if self.catalog.functions.has(address.id) {
                self.may_execute(address.id)?;
            } else if self.catalog.relations.has(address.id) {
                self.may_do_to_any_column(address.id, Privilege::Select)?;
            }
        }
        Ok(())
    }

    /// Refuses a text that names what is in a schema which the role may not look into.
    pub(super) fn sees_all_of(&self, code: &super::catalog::code::Code) -> Result {
        if !self.is_bound() {
            return Ok(());
        }
        let c = &self.catalog;
        let schema_of = |address: &Address| {
            let relation = c.relations.get(address.id).map(|r| r.schema);
            relation.or_else(|| c.functions.get(address.id).map(|f| f.schema))
        };
        match code.uses.iter().filter_map(schema_of).find(|schema| !self.sees(*schema)) {
            Some(schema) => {
                let message = format!("permission denied for schema `{}`", c.namespace_name(schema));
                reject(state::INSUFFICIENT_PRIVILEGE, message)
            }
            None => Ok(()),
        }
    }
}
