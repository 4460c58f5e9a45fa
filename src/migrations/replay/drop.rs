//! DROP, and what goes with the dropped.

use super::catalog::names::Space;
use super::catalog::object::TypeKind;
use super::catalog::{Address, Id, ROOT};
use super::lookup::TEMPORARY;
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::object::{Drop, ObjectKind, ObjectRef};
use crate::model::RelationKind;
use std::collections::BTreeMap;

/// How something depends on something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// It stands in the way, unless CASCADE is said.
    Normal,
    /// It goes along.
    Part,
}

impl Run {
    pub(super) fn drop(&mut self, drop: &Drop) -> Result {
        let mut targets = Vec::with_capacity(drop.objects.len());
        for object in &drop.objects {
            match self.target(object) {
                Ok(Some(address)) => targets.push(address),
                Ok(None) => return Ok(()),
                Err(refusal) if drop.if_exists => {
                    // IF EXISTS forgives only what is not there.
                    let there = [state::WRONG_OBJECT_TYPE, state::DEPENDENT_OBJECTS];
                    if matches!(refusal, super::run::Refusal::Rejected { sqlstate, .. } if there.contains(&sqlstate)) {
                        return Err(refusal);
                    }
                }
                Err(refusal) => return Err(refusal),
            }
        }
        for address in &targets {
            self.may_drop(*address)?;
            if self.catalog.roles.has(address.id) {
                self.may_manage_roles(Some(address.id))?;
                self.drop_role(address.id)?;
            }
        }
        self.drop_all(targets.into_iter().filter(|a| !self.catalog.roles.has(a.id)).collect(), drop.cascade)
    }

    /// The object that a DROP names; `None` if the model has no place for its kind.
    pub(super) fn target(&mut self, object: &ObjectRef) -> Result<Option<Address>> {
        let found = match object {
            ObjectRef::Named(kind, name) => return self.named_target(*kind, name),
            ObjectRef::Routine(kind, signature) => {
                self.may_look_into(&signature.name)?;
                let known_types = self.find_routine(*kind, signature)?;
                match known_types {
                    Some(id) => Some(id),
                    None if self.functions_named(&signature.name).is_empty()
                        && self.may_be_an_extensions(signature.name.schema.as_deref()) =>
                    {
                        None
                    }
                    None => {
                        let message = format!("function `{}` does not exist", signature.name);
                        return reject(state::UNDEFINED_FUNCTION, message);
                    }
                }
            }
            ObjectRef::Policy(name, relation) => Some(self.part(Space::Policy, "policy", name, relation)?),
            ObjectRef::Trigger(name, relation) => {
                let id = self.part(Space::Trigger, "trigger", name, relation)?;
                if self.catalog.triggers.get(id).is_some_and(|t| t.parent.is_some()) {
                    return reject(state::DEPENDENT_OBJECTS, format!("the trigger `{name}` of the parent requires it"));
                }
                Some(id)
            }
            ObjectRef::Rule(name, relation) => Some(self.part(Space::Rule, "rule", name, relation)?),
            _ => None,
        };
        Ok(found.map(Into::into))
    }

    fn part(&mut self, space: Space, what: &str, name: &str, relation: &crate::migrations::Name) -> Result<Id> {
        self.may_look_into(relation)?;
        let Some(on) = self.find_relation(relation) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{relation}` does not exist"));
        };
        match self.catalog.names.find(space, on, name) {
            Some(id) => Ok(id),
            None => reject(state::UNDEFINED_OBJECT, format!("{what} `{name}` for table `{relation}` does not exist")),
        }
    }

    fn named_target(&mut self, kind: ObjectKind, name: &crate::migrations::Name) -> Result<Option<Address>> {
        self.may_look_into(name)?;
        let global = |space| self.catalog.names.find(space, ROOT, &name.name);
        let id = match kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Sequence => return self.relation_target(kind, name),
            ObjectKind::Index => self.index_target(name)?,
            ObjectKind::Type => self.find(Space::Type, name),
            ObjectKind::Domain => self.domain_target(name)?,
            ObjectKind::Schema => global(Space::Namespace),
            ObjectKind::Role => global(Space::Role),
            ObjectKind::Extension => global(Space::Extension),
            ObjectKind::Publication => global(Space::Publication),
            ObjectKind::EventTrigger => global(Space::EventTrigger),
            ObjectKind::ForeignDataWrapper => global(Space::Wrapper),
            ObjectKind::Server => global(Space::Server),
            ObjectKind::Language => global(Space::Language),
            ObjectKind::Database => return gap("dropping a database is not followed", false),
            _ => return Ok(None),
        };
        match id {
            Some(id) => Ok(Some(id.into())),
            None if kind == ObjectKind::Schema => {
                reject(state::UNDEFINED_SCHEMA, format!("schema `{name}` does not exist"))
            }
            None if kind == ObjectKind::Index && self.find_relation(name).is_some() => {
                reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is not an index"))
            }
            None => reject(state::UNDEFINED_OBJECT, format!("`{name}` does not exist")),
        }
    }

    /// The index of a constraint and a partition's part of an index go only with what they are parts of.
    fn index_target(&self, name: &crate::migrations::Name) -> Result<Option<Id>> {
        let id = self.find_index(name);
        let part = id.is_some_and(|id| {
            let attached = self.catalog.indexes.get(id).is_some_and(|i| i.parent.is_some());
            attached || !self.catalog.constraints.using(id, |c| c.index == Some(id)).is_empty()
        });
        match part {
            true => reject(state::DEPENDENT_OBJECTS, format!("what index `{name}` is a part of requires it")),
            false => Ok(id),
        }
    }

    fn domain_target(&self, name: &crate::migrations::Name) -> Result<Option<Id>> {
        let id = self.find(Space::Type, name);
        match id.and_then(|id| self.catalog.types.get(id)) {
            Some(row) if !matches!(row.kind, TypeKind::Domain { .. }) => {
                reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is not a domain"))
            }
            _ => Ok(id),
        }
    }

    fn relation_target(&mut self, kind: ObjectKind, name: &crate::migrations::Name) -> Result<Option<Address>> {
        let Some(id) = self.find_relation(name) else {
            return reject(state::UNDEFINED_TABLE, format!("relation `{name}` does not exist"));
        };
        let own = self.catalog.relations.get(id).map(|r| r.kind);
        let unknown = self.catalog.relations.get(id).is_some_and(|r| r.unknown);
        let fits = match kind {
            ObjectKind::View => own == Some(RelationKind::View),
            ObjectKind::MaterializedView => own == Some(RelationKind::MaterializedView),
            ObjectKind::ForeignTable => own == Some(RelationKind::ForeignTable),
            ObjectKind::Sequence => own == Some(RelationKind::Sequence),
            _ => matches!(own, Some(RelationKind::Table | RelationKind::PartitionedTable)),
        };
        if !fits && !unknown {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is of another kind"));
        }
        Ok(Some(id.into()))
    }

    pub(super) fn drop_column(&mut self, id: Id, name: &str, if_exists: bool, cascade: bool, only: bool) -> Result {
        let Some(place) = self.find_place(id, name) else {
            if if_exists || self.catalog.relations.get(id).is_some_and(|r| r.unknown) {
                return Ok(());
            }
            let table = self.catalog.qualified(id);
            return reject(state::UNDEFINED_COLUMN, format!("column `{name}` of relation `{table}` does not exist"));
        };
        let parents = self.catalog.relations.get(id).map(|r| r.parents.clone()).unwrap_or_default();
        if parents.into_iter().any(|parent| self.find_place(parent, name).is_some()) {
            return reject(state::INVALID_DEFINITION, format!("cannot drop inherited column `{name}`"));
        }
        self.not_in_partition_key(id, place)?;
        let mut targets = vec![Address::column(id, place)];
        if !only {
            self.inherited_targets(id, name, &mut targets);
        }
        self.drop_all(targets, cascade)
    }

    /// The same column of children that have it from this parent alone.
    fn inherited_targets(&self, id: Id, name: &str, targets: &mut Vec<Address>) {
        for child in self.children(id) {
            let Some(place) = self.find_place(child, name) else { continue };
            let local = self.catalog.relations.get(child).and_then(|r| r.columns.get(place)).is_some_and(|c| c.local);
            if !local {
                targets.push(Address::column(child, place));
                self.inherited_targets(child, name, targets);
            }
        }
    }

    /// Drops objects with their parts, and with CASCADE everything that needs them.
    pub(super) fn drop_all(&mut self, targets: Vec<Address>, cascade: bool) -> Result {
        let mut doomed: BTreeMap<Address, Tie> = targets.iter().map(|a| (*a, Tie::Part)).collect();
        let mut open = targets;
        while let Some(address) = open.pop() {
            let tie = doomed.get(&address).copied().unwrap_or(Tie::Normal);
            for (dependent, how) in self.dependents(address) {
                // What belongs to something that only CASCADE takes, CASCADE takes too.
                let how = how.min(if tie == Tie::Part { Tie::Part } else { Tie::Normal });
                match doomed.get(&dependent) {
                    Some(known) if *known >= how => (),
                    _ => {
                        doomed.insert(dependent, how);
                        open.push(dependent);
                    }
                }
            }
        }
        let in_the_way = doomed.iter().find(|(_, tie)| **tie == Tie::Normal).map(|(address, _)| *address);
        if let (Some(address), false) = (in_the_way, cascade) {
            let what = self.catalog.describe(address).map(|o| o.to_string()).unwrap_or_default();
            return reject(state::DEPENDENT_OBJECTS, format!("other objects depend on it: {what}"));
        }
        // Parts go before what they are parts of, columns last of all before their relations.
        for address in doomed.keys() {
            self.note_dropped(*address);
        }
        for address in doomed.into_keys().rev() {
            self.remove(address);
        }
        Ok(())
    }

    fn remove(&mut self, address: Address) {
        let id = address.id;
        match () {
            () if address.default => self.set_default(id, address.column.saturating_sub(1), None),
            () if address.column > 0 => self.remove_column(id, address.column - 1),
            () if self.catalog.relations.has(id) => self.remove_relation(id),
            () if self.catalog.policies.has(id) => self.remove_policy(id),
            () if self.catalog.triggers.has(id) => self.remove_trigger(id),
            () if self.catalog.rules.has(id) => self.remove_rule(id),
            () if self.catalog.constraints.has(id) => self.remove_constraint(id),
            () if self.catalog.indexes.has(id) => self.remove_index(id),
            () if self.catalog.functions.has(id) => {
                if let Some(row) = self.catalog.functions.remove(id) {
                    self.catalog.names.remove(Space::Function, row.schema, &row.name, id);
                }
            }
            () if self.catalog.types.has(id) => {
                if let Some(row) = self.catalog.types.remove(id) {
                    self.catalog.names.remove(Space::Type, row.schema, &row.name, id);
                }
            }
            () => self.remove_global(id),
        }
    }

    fn remove_global(&mut self, id: Id) {
        let c = &mut self.catalog;
        let removed = None
            .or_else(|| c.namespaces.remove(id).map(|r| (Space::Namespace, r.name)))
            .or_else(|| c.extensions.remove(id).map(|r| (Space::Extension, r.name)))
            .or_else(|| c.publications.remove(id).map(|r| (Space::Publication, r.name)))
            .or_else(|| c.event_triggers.remove(id).map(|r| (Space::EventTrigger, r.name)))
            .or_else(|| c.wrappers.remove(id).map(|r| (Space::Wrapper, r.name)))
            .or_else(|| c.servers.remove(id).map(|r| (Space::Server, r.name)))
            .or_else(|| c.languages.remove(id).map(|r| (Space::Language, r.name)));
        if let Some((space, name)) = removed {
            c.names.remove(space, ROOT, &name, id);
        }
        for publication in c.publications.using(id, |p| p.schemas.contains(&id)) {
            if let Some(row) = c.publications.edit(publication) {
                row.schemas.retain(|schema| *schema != id);
            }
        }
        c.defaults.remove(id);
        for publication in c.publications.using(id, |p| p.schemas.contains(&id)) {
            if let Some(row) = c.publications.edit(publication) {
                row.schemas.retain(|s| *s != id);
            }
        }
        c.mappings.remove(id);
    }

    pub(super) fn remove_relation(&mut self, id: Id) {
        self.touch(id);
        if let Some(row) = self.catalog.relations.remove(id) {
            self.catalog.names.remove(Space::Relation, row.schema, &row.name, id);
        }
        for publication in self.catalog.publications.using(id, |p| p.relations.iter().any(|r| r.relation == id)) {
            if let Some(row) = self.catalog.publications.edit(publication) {
                row.relations.retain(|r| r.relation != id);
            }
        }
    }

    /// A column with CASCADE takes its default's users along; its place stays empty.
    fn remove_column(&mut self, id: Id, place: usize) {
        self.touch(id);
        let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) else { return };
        column.dropped = true;
        column.default = None;
        column.acl = None;
        column.not_null = false;
        column.identity = None;
        column.generated = None;
        let uses = |p: &super::catalog::object::Publication| {
            p.relations.iter().any(|r| r.relation == id && r.columns.contains(&place))
        };
        for publication in self.catalog.publications.using(id, uses) {
            if let Some(row) = self.catalog.publications.edit(publication) {
                row.relations.retain(|r| r.relation != id || !r.columns.contains(&place));
            }
        }
    }

    pub(super) fn drop_temporary(&mut self) {
        if let Some(schema) = self.catalog.namespace(TEMPORARY) {
            let _ = self.drop_all(vec![schema.into()], true);
        }
    }

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
    fn needs_role(&self, id: Id) -> Option<String> {
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
        let found = found.or_else(policy).or_else(default)?;
        Some(c.describe(found.into()).map(|o| o.to_string()).unwrap_or_default())
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
        macro_rules! forget {
            ($($rows:ident),*) => { $(
                for id in self.catalog.$rows.ids(|r| r.acl.as_ref().is_some_and(|a| a.names(role))) {
                    if let Some(acl) = self.catalog.$rows.edit(id).and_then(|r| r.acl.as_mut()) {
                        acl.forget(role);
                    }
                }
            )* };
        }
        let names = |c: &super::catalog::object::Column| c.acl.as_ref().is_some_and(|a| a.names(role));
        for id in self.catalog.relations.ids(|r| r.columns.iter().any(names)) {
            let row = self.catalog.relations.edit(id);
            let columns = row.into_iter().flat_map(|r| r.columns.iter_mut());
            columns.filter_map(|c| c.acl.as_mut()).for_each(|acl| acl.forget(role));
        }
        forget!(relations, functions, types, namespaces, languages, wrappers, servers, database);
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

    /// A domain's `DROP CONSTRAINT` and the like, and the fields of composite types.
    pub(super) fn alter_type_other(&mut self, id: Id, text: &str) -> Result {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["set", "not", "null", ..] => self.domain_not_null(id, true),
            ["drop", "not", "null", ..] => self.domain_not_null(id, false),
            ["set" | "drop", "default", ..] => (),
            ["drop", "constraint", "if", "exists", name, ..] | ["drop", "constraint", name, ..] => {
                match self.constraint_named(id, name.trim_matches('"')) {
                    Some(constraint) => self.remove_constraint(constraint),
                    None if words.contains(&"exists") => (),
                    None => return self.missing_constraint(id, name),
                }
            }
            ["validate", "constraint", name, ..] => {
                if let Some(constraint) = self.constraint_named(id, name)
                    && let Some(row) = self.catalog.constraints.edit(constraint)
                {
                    row.validated = true;
                }
            }
            ["rename", "constraint", from, "to", to, ..] => {
                if let Some(constraint) = self.constraint_named(id, from) {
                    self.rename_constraint_row(constraint, to);
                }
            }
            _ if self.catalog.types.get(id).is_some_and(|t| matches!(t.kind, TypeKind::Composite(_))) => {
                return gap("changes of a composite type's fields are not followed", false);
            }
            _ => (),
        }
        Ok(())
    }
}
