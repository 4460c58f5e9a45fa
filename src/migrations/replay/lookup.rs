//! Finding objects by the names that statements give them.

use super::Object;
use super::catalog::names::Space;
use super::catalog::object::{Column, Namespace, Relation, Shape};
use super::catalog::types::{Base, TypeRef};
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::Name;
use crate::migrations::initial;
use crate::migrations::parse::role::RoleSpec;
use crate::model::{QualifiedName, RelationKind, ReplicaIdentity};

/// The namespace that temporary objects are in, under the name that statements may give it.
pub(super) const TEMPORARY: &str = "pg_temp";

pub(super) fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema" | "pg_toast")
}

impl Run {
    /// The namespace that a new object comes into.
    pub(super) fn creation_namespace(&mut self, schema: Option<&str>) -> Result<Id> {
        if let Some(schema) = schema {
            return self.namespace(schema);
        }
        let temporary = self.catalog.namespace(TEMPORARY);
        match self.path().iter().copied().find(|id| Some(*id) != temporary) {
            Some(id) => Ok(id),
            None => reject(state::UNDEFINED_SCHEMA, "no schema has been selected to create in"),
        }
    }

    /// A namespace; one that no statement makes is assumed to be there.
    pub(super) fn namespace(&mut self, name: &str) -> Result<Id> {
        if let Some(id) = self.catalog.namespace(name) {
            return Ok(id);
        }
        if name == TEMPORARY {
            return Ok(self.temporary_namespace());
        }
        let message = format!("schema `{name}` does not exist");
        let object = Object::Schema(name.to_owned());
        if self.strict > 0 || self.dropped.contains(&object) {
            return reject(state::UNDEFINED_SCHEMA, message);
        }
        self.note_unknown(object, state::UNDEFINED_SCHEMA, message);
        Ok(self.insert_namespace(name, self.user()))
    }

    pub(super) fn insert_namespace(&mut self, name: &str, owner: Id) -> Id {
        let id = self.catalog.fresh();
        let row = Namespace { name: name.to_owned(), owner, acl: None, extension: None, origin: self.origin };
        self.catalog.namespaces.insert(id, row);
        self.catalog.names.add(Space::Namespace, ROOT, name, id);
        id
    }

    pub(super) fn temporary_namespace(&mut self) -> Id {
        match self.catalog.namespace(TEMPORARY) {
            Some(id) => id,
            None => self.insert_namespace(TEMPORARY, self.user()),
        }
    }

    /// What has this name in the first namespace that knows it.
    pub(super) fn find(&self, space: Space, name: &Name) -> Option<Id> {
        match &name.schema {
            Some(schema) => self.catalog.names.find(space, self.catalog.namespace(schema)?, &name.name),
            None => self.path().iter().find_map(|ns| self.catalog.names.find(space, *ns, &name.name)),
        }
    }

    pub(super) fn find_relation(&self, name: &Name) -> Option<Id> {
        self.find(Space::Relation, name).filter(|id| self.catalog.relations.has(*id))
    }

    pub(super) fn find_index(&self, name: &Name) -> Option<Id> {
        self.find(Space::Relation, name).filter(|id| self.catalog.indexes.has(*id))
    }

    /// A relation; one that no statement makes is assumed to be there.
    pub(super) fn relation(&mut self, name: &Name) -> Result<Id> {
        self.may_look_into(name)?;
        if let Some(id) = self.find_relation(name) {
            return Ok(id);
        }
        let message = format!("relation `{name}` does not exist");
        if self.find_index(name).is_some() {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is an index"));
        }
        let system = name.schema.as_deref().map_or_else(|| name.name.starts_with("pg_"), is_system);
        if system {
            return gap(format!("what is done to the system relation `{name}` is not followed"), true);
        }
        let schema = match &name.schema {
            Some(schema) => self.namespace(schema)?,
            None => self.creation_namespace(None)?,
        };
        let object = Object::Relation(QualifiedName::new(self.catalog.namespace_name(schema), &name.name));
        if self.strict > 0 || self.dropped.contains(&object) {
            return reject(state::UNDEFINED_TABLE, message);
        }
        self.note_unknown(object, state::UNDEFINED_TABLE, message);
        let mut relation = self.new_relation(schema, &name.name, RelationKind::Table);
        relation.unknown = true;
        Ok(self.insert_relation(relation))
    }

    /// A relation that the current role makes; the caller puts it into the catalog.
    pub(super) fn new_relation(&self, schema: Id, name: &str, kind: RelationKind) -> Relation {
        Relation {
            schema,
            name: name.to_owned(),
            kind,
            owner: self.user(),
            acl: None,
            row_security: false,
            force_row_security: false,
            is_partition: false,
            parents: Vec::new(),
            partition_key: Vec::new(),
            partition_by: None,
            bound: None,
            unlogged: false,
            columns: Vec::new(),
            view: None,
            server: None,
            owned_by: None,
            replica_identity: match kind {
                RelationKind::Table | RelationKind::PartitionedTable | RelationKind::MaterializedView => {
                    ReplicaIdentity::Default
                }
                _ => ReplicaIdentity::Nothing,
            },
            extension: self.extension,
            unknown: false,
            origin: self.origin,
            shape: Shape::default(),
        }
    }

    pub(super) fn insert_relation(&mut self, relation: Relation) -> Id {
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Relation, relation.schema, &relation.name, id);
        self.catalog.relations.insert(id, relation);
        id
    }

    /// The place of a column; of a relation that somebody else made any column is believed.
    pub(super) fn place(&mut self, relation: Id, column: &str) -> Result<usize> {
        if let Some(place) = self.find_place(relation, column) {
            return Ok(place);
        }
        let origin = self.origin;
        let name = self.catalog.qualified(relation);
        match self.catalog.relations.edit(relation) {
            Some(row) if row.unknown => {
                let data_type = TypeRef { base: Base::Unknown("unknown".into()), modifiers: None, array: false };
                row.columns.push(Column::new(column, data_type, origin));
                Ok(row.columns.len() - 1)
            }
            _ => reject(state::UNDEFINED_COLUMN, format!("column `{column}` of relation `{name}` does not exist")),
        }
    }

    pub(super) fn places(&mut self, relation: Id, columns: &[String]) -> Result<Vec<usize>> {
        columns.iter().map(|c| self.place(relation, c)).collect()
    }

    pub(super) fn find_place(&self, relation: Id, column: &str) -> Option<usize> {
        let row = self.catalog.relations.get(relation)?;
        row.columns.iter().position(|c| c.name == column && !c.dropped)
    }

    /// A role; one that no statement makes is assumed to be there.
    pub(super) fn role_named(&mut self, name: &str) -> Result<Id> {
        if let Some(id) = self.catalog.role(name) {
            return Ok(id);
        }
        if self.file.is_initial {
            // Roles belong to the server, so a dump of a database makes none.
            if let Some(what) = initial::unknown_role(name) {
                self.gap(what, true);
            }
            return Ok(self.insert_role(name));
        }
        let message = format!("role `{name}` does not exist");
        let object = Object::Role(name.to_owned());
        if self.strict > 0 || self.dropped.contains(&object) {
            return reject(state::UNDEFINED_OBJECT, message);
        }
        self.note_unknown(object, state::UNDEFINED_OBJECT, message);
        Ok(self.insert_role(name))
    }

    /// A role, or `None` for PUBLIC.
    pub(super) fn grantee(&mut self, role: &RoleSpec) -> Result<Option<Id>> {
        Ok(Some(match role {
            RoleSpec::Public => return Ok(None),
            RoleSpec::Name(name) => self.role_named(name)?,
            RoleSpec::Current => self.user(),
            RoleSpec::Session => self.session.now.session_user,
        }))
    }

    /// A role where PUBLIC has no meaning.
    pub(super) fn role(&mut self, role: &RoleSpec) -> Result<Id> {
        match self.grantee(role)? {
            Some(id) => Ok(id),
            None => reject(state::UNDEFINED_OBJECT, "role `public` does not exist"),
        }
    }

    pub(super) fn roles(&mut self, roles: &[RoleSpec]) -> Result<Vec<Id>> {
        roles.iter().map(|r| self.role(r)).collect()
    }

    /// Whether `role` has all rights of `of`: it is the same, a superuser, or a member that inherits.
    pub(super) fn has_rights_of(&self, role: Id, of: Id) -> bool {
        if role == of || self.catalog.roles.get(role).is_some_and(|r| r.superuser) {
            return true;
        }
        let owners = self.catalog.role("pg_database_owner");
        let database = self.catalog.database.iter().next().map(|(_, d)| d.owner);
        let (mut seen, mut open) = (vec![role], vec![role]);
        while let Some(member) = open.pop() {
            // The database's owner is a member of that role without being made one.
            if owners == Some(of) && database == Some(member) {
                return true;
            }
            for (_, m) in self.catalog.memberships.users(member).filter(|(_, m)| m.member == member && m.inherit) {
                if m.role == of {
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
}

impl Column {
    pub(super) fn new(name: &str, data_type: TypeRef, origin: crate::model::Origin) -> Self {
        Self {
            name: name.to_owned(),
            dropped: false,
            data_type,
            not_null: false,
            not_null_name: None,
            unproved_not_null: false,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            deterministic: true,
            acl: None,
            local: true,
            inherited: false,
            origin,
        }
    }
}
