//! RENAME TO, OWNER TO and SET SCHEMA of objects of all kinds.

use super::Object;
use super::catalog::acl::Acl;
use super::catalog::names::Space;
use super::catalog::{Id, ROOT};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::object::{Change, ObjectKind, ObjectRef};

/// Gives a row with an owner and a list to another owner.
macro_rules! own {
    ($run:ident, $rows:ident, $id:expr, $owner:expr) => {
        if let Some(row) = $run.catalog.$rows.edit($id) {
            let old = std::mem::replace(&mut row.owner, $owner);
            if let Some(acl) = &mut row.acl {
                Acl::change_owner(acl, old, $owner);
            }
        }
    };
}
pub(super) use own;

impl Run {
    pub(super) fn change(&mut self, object: &ObjectRef, change: &Change) -> Result {
        match object {
            ObjectRef::Named(kind, name) => match kind {
                ObjectKind::Schema => self.change_schema(&name.name, change),
                ObjectKind::Role => self.rename_role(&name.name, change),
                ObjectKind::Database => self.change_database(&name.name, change),
                ObjectKind::Language => self.change_global(Space::Language, &name.name, "language", change),
                _ => Ok(()),
            },
            ObjectRef::Trigger(name, relation) => {
                let relation = self.relation(relation)?;
                self.must_own(relation)?;
                let Some(id) = self.catalog.names.find(Space::Trigger, relation, name) else {
                    return reject(state::UNDEFINED_OBJECT, format!("trigger `{name}` does not exist"));
                };
                if let Change::Rename(to) = change {
                    self.rename_trigger(id, to)?;
                }
                Ok(())
            }
            ObjectRef::Rule(name, relation) => {
                let relation = self.relation(relation)?;
                self.must_own(relation)?;
                let Some(id) = self.catalog.names.find(Space::Rule, relation, name) else {
                    return reject(state::UNDEFINED_OBJECT, format!("rule `{name}` does not exist"));
                };
                if let Change::Rename(to) = change {
                    self.rename_in(Space::Rule, relation, name, to, id);
                    if let Some(row) = self.catalog.rules.edit(id) {
                        row.name.clone_from(to);
                    }
                    self.changed(id);
                }
                Ok(())
            }
            ObjectRef::Other("large object", number) => self.change_large_object(&number.text, change),
            _ => Ok(()),
        }
    }

    fn rename_in(&mut self, space: Space, parent: Id, from: &str, to: &str, id: Id) {
        self.touch(id);
        self.catalog.names.remove(space, parent, from, id);
        self.catalog.names.add(space, parent, to, id);
    }

    fn change_schema(&mut self, name: &str, change: &Change) -> Result {
        let id = self.namespace(name)?;
        self.must_own(id)?;
        self.touch(id);
        match change {
            Change::Rename(to) => {
                self.may_create_in_database()?;
                if self.catalog.namespace(to).is_some() {
                    return reject(state::DUPLICATE_SCHEMA, format!("schema `{to}` already exists"));
                }
                self.rename_in(Space::Namespace, ROOT, name, to, id);
                if let Some(row) = self.catalog.namespaces.edit(id) {
                    row.name.clone_from(to);
                }
            }
            Change::Owner(role) => {
                let owner = self.role(role)?;
                self.may_give_to(owner, None)?;
                self.may_create_in_database()?;
                own!(self, namespaces, id, owner);
            }
            Change::Schema(_) => (),
        }
        let origin = self.origin;
        if let Some(row) = self.catalog.namespaces.edit(id) {
            row.origin = origin;
        }
        self.touch(id);
        Ok(())
    }

    fn rename_role(&mut self, name: &str, change: &Change) -> Result {
        let Change::Rename(to) = change else { return Ok(()) };
        let id = self.role_named(name)?;
        self.may_manage_roles(Some(id))?;
        if self.catalog.role(to).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("role `{to}` already exists"));
        }
        self.rename_in(Space::Role, ROOT, name, to, id);
        if let Some(row) = self.catalog.roles.edit(id) {
            row.name.clone_from(to);
        }
        self.changed(id);
        Ok(())
    }

    fn change_database(&mut self, name: &str, change: &Change) -> Result {
        let found = self.catalog.database.ids(|d| d.name == name).first().copied();
        if found.is_none() && self.strict > 0 {
            return reject(state::UNDEFINED_DATABASE, format!("database `{name}` does not exist"));
        }
        let (Some(id), Change::Owner(role)) = (found, change) else { return Ok(()) };
        let owner = self.role(role)?;
        self.must_own(id)?;
        self.may_give_to(owner, None)?;
        own!(self, database, id, owner);
        self.touch(id);
        Ok(())
    }

    fn change_global(&mut self, space: Space, name: &str, what: &str, change: &Change) -> Result {
        let id = self.global(space, name, what)?;
        self.must_own(id)?;
        match change {
            Change::Rename(to) => {
                self.rename_in(space, ROOT, name, to, id);
                let c = &mut self.catalog;
                match space {
                    Space::Language => c.languages.edit(id).map(|r| r.name.clone_from(to)),
                    Space::Publication => c.publications.edit(id).map(|r| r.name.clone_from(to)),
                    Space::Subscription => c.subscriptions.edit(id).map(|r| r.name.clone_from(to)),
                    Space::EventTrigger => c.event_triggers.edit(id).map(|r| r.name.clone_from(to)),
                    Space::Wrapper => c.wrappers.edit(id).map(|r| r.name.clone_from(to)),
                    Space::Server => c.servers.edit(id).map(|r| r.name.clone_from(to)),
                    _ => None,
                };
            }
            Change::Owner(role) => {
                let owner = self.role(role)?;
                self.may_give_to(owner, None)?;
                match space {
                    Space::Language => own!(self, languages, id, owner),
                    Space::Wrapper => own!(self, wrappers, id, owner),
                    Space::Server => own!(self, servers, id, owner),
                    Space::Publication => {
                        if let Some(row) = self.catalog.publications.edit(id) {
                            row.owner = owner;
                        }
                    }
                    Space::Subscription => {
                        if let Some(row) = self.catalog.subscriptions.edit(id) {
                            row.owner = owner;
                        }
                    }
                    Space::EventTrigger => {
                        if let Some(row) = self.catalog.event_triggers.edit(id) {
                            row.owner = owner;
                        }
                    }
                    _ => (),
                }
            }
            Change::Schema(_) => (),
        }
        self.changed(id);
        Ok(())
    }

    pub(super) fn change_publication(&mut self, name: &str, change: &Change) -> Result {
        self.change_global(Space::Publication, name, "publication", change)
    }

    pub(super) fn change_subscription(&mut self, name: &str, change: &Change) -> Result {
        if self.catalog.major < 16
            && let Change::Owner(role) = change
            && let owner = self.role(role)?
            && self.catalog.roles.get(owner).is_some_and(|r| !r.superuser)
        {
            return reject(state::INSUFFICIENT_PRIVILEGE, "the owner of a subscription must be a superuser");
        }
        self.change_global(Space::Subscription, name, "subscription", change)
    }

    pub(super) fn change_event_trigger(&mut self, name: &str, change: &Change) -> Result {
        self.change_global(Space::EventTrigger, name, "event trigger", change)
    }

    pub(super) fn change_wrapper(&mut self, name: &str, change: &Change) -> Result {
        self.change_global(Space::Wrapper, name, "foreign-data wrapper", change)
    }

    pub(super) fn change_server(&mut self, name: &str, change: &Change) -> Result {
        self.change_global(Space::Server, name, "server", change)
    }

    pub(super) fn change_index(&mut self, id: Id, change: &Change) -> Result {
        match change {
            Change::Rename(to) => self.rename_index(id, to),
            _ => Ok(()),
        }
    }

    pub(super) fn change_relation(&mut self, id: Id, change: &Change) -> Result {
        match change {
            Change::Rename(to) => self.rename_relation(id, to),
            Change::Owner(role) => {
                let owner = self.role(role)?;
                let row = self.catalog.relations.get(id);
                if row.is_some_and(|r| r.owned_by.is_some() && r.owner != owner) {
                    return reject(state::NOT_SUPPORTED, "cannot change the owner of an owned sequence");
                }
                self.may_give_to(owner, row.map(|r| r.schema))?;
                self.own_relation(id, owner);
                Ok(())
            }
            Change::Schema(to) => {
                let schema = self.namespace(to)?;
                self.may_create_in(schema)?;
                if self.catalog.relations.get(id).is_some_and(|r| r.owned_by.is_some()) {
                    return reject(state::NOT_SUPPORTED, "cannot move an owned sequence into another schema");
                }
                self.move_relation(id, schema)
            }
        }
    }

    fn rename_relation(&mut self, id: Id, to: &str) -> Result {
        let (from, schema) = self.table_name(id);
        self.may_create_in(schema)?;
        if self.is_taken(schema, to) {
            return reject(state::DUPLICATE_TABLE, format!("relation `{to}` already exists"));
        }
        let object = Object::Relation(self.catalog.qualified(id));
        self.dropped.insert(object);
        self.rename_in(Space::Relation, schema, &from, to, id);
        if let Some(row) = self.catalog.relations.edit(id) {
            to.clone_into(&mut row.name);
        }
        self.touch(id);
        let object = Object::Relation(self.catalog.qualified(id));
        self.note_made(&object);
        Ok(())
    }

    /// A relation goes to another schema, with its indexes, constraints and the sequences of its columns.
    fn move_relation(&mut self, id: Id, schema: Id) -> Result {
        let (name, from) = self.table_name(id);
        if from == schema {
            return Ok(());
        }
        if self.is_taken(schema, &name) {
            return reject(state::DUPLICATE_TABLE, format!("relation `{name}` already exists in the schema"));
        }
        self.touch(id);
        let mut moved: Vec<(Id, String, Space)> = vec![(id, name, Space::Relation)];
        for index in self.catalog.indexes.of(id, |_| true) {
            moved.extend(self.catalog.indexes.get(index).map(|i| (index, i.name.clone(), Space::Relation)));
        }
        for constraint in self.constraints_of(id) {
            let name = self.catalog.constraints.get(constraint).map(|c| c.name.clone());
            moved.extend(name.map(|name| (constraint, name, Space::ConstraintName)));
        }
        for (id, name, space) in moved {
            self.catalog.names.remove(space, from, &name, id);
            self.catalog.names.add(space, schema, &name, id);
        }
        if let Some(row) = self.catalog.relations.edit(id) {
            row.schema = schema;
        }
        self.touch(id);
        for sequence in self.catalog.relations.using(id, |r| r.owned_by.is_some_and(|(table, ..)| table == id)) {
            self.move_relation(sequence, schema)?;
        }
        Ok(())
    }

    pub(super) fn change_type(&mut self, id: Id, change: &Change) -> Result {
        self.must_own(id)?;
        let Some(row) = self.catalog.types.get(id) else { return Ok(()) };
        let (from, schema) = (row.name.clone(), row.schema);
        match change {
            Change::Rename(to) => {
                if self.is_taken(schema, to) {
                    return reject(state::DUPLICATE_OBJECT, format!("type `{to}` already exists"));
                }
                self.rename_in(Space::Type, schema, &from, to, id);
                if let Some(row) = self.catalog.types.edit(id) {
                    row.name.clone_from(to);
                }
            }
            Change::Owner(role) => {
                let owner = self.role(role)?;
                self.may_give_to(owner, Some(schema))?;
                own!(self, types, id, owner);
                let multirange = |t: &super::catalog::object::Type| matches!(t.kind, super::catalog::object::TypeKind::Multirange(range) if range == id);
                for other in self.catalog.types.using(id, multirange) {
                    own!(self, types, other, owner);
                }
            }
            Change::Schema(to) => {
                let to = self.namespace(to)?;
                self.may_create_in(to)?;
                self.catalog.names.remove(Space::Type, schema, &from, id);
                self.catalog.names.add(Space::Type, to, &from, id);
                if let Some(row) = self.catalog.types.edit(id) {
                    row.schema = to;
                }
            }
        }
        Ok(())
    }

    pub(super) fn change_function(&mut self, id: Id, change: &Change) -> Result {
        let Some(row) = self.catalog.functions.get(id) else { return Ok(()) };
        let (from, schema) = (row.name.clone(), row.schema);
        self.touch(id);
        match change {
            Change::Rename(to) => {
                if self.same_function(schema, to, id) {
                    return reject(state::DUPLICATE_FUNCTION, format!("function `{to}` already exists"));
                }
                self.rename_in(Space::Function, schema, &from, to, id);
                if let Some(row) = self.catalog.functions.edit(id) {
                    row.name.clone_from(to);
                }
            }
            Change::Owner(role) => {
                let owner = self.role(role)?;
                self.may_give_to(owner, Some(schema))?;
                own!(self, functions, id, owner);
            }
            Change::Schema(to) => {
                let to = self.namespace(to)?;
                self.may_create_in(to)?;
                if self.same_function(to, &from, id) && to != schema {
                    return reject(state::DUPLICATE_FUNCTION, format!("function `{from}` already exists there"));
                }
                self.catalog.names.remove(Space::Function, schema, &from, id);
                self.catalog.names.add(Space::Function, to, &from, id);
                if let Some(row) = self.catalog.functions.edit(id) {
                    row.schema = to;
                }
            }
        }
        let origin = self.origin;
        if let Some(row) = self.catalog.functions.edit(id) {
            row.origin = origin;
        }
        self.touch(id);
        Ok(())
    }
}
