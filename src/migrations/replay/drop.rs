//! DROP, and what goes with the dropped.

use super::Object;
use super::catalog::names::Space;
use super::catalog::{Address, Id, ROOT};
use super::lookup::TEMPORARY;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::object::Drop;
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
            self.may_drop_subscription(address.id)?;
            if self.catalog.roles.has(address.id) {
                self.may_manage_roles(Some(address.id))?;
                self.drop_role(address.id)?;
            }
        }
        self.drop_all(targets.into_iter().filter(|a| !self.catalog.roles.has(a.id)).collect(), drop.cascade)
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
        c.casts.remove(id);
        c.operators.remove(id);
        let removed = None
            .or_else(|| c.namespaces.remove(id).map(|r| (Space::Namespace, r.name)))
            .or_else(|| c.extensions.remove(id).map(|r| (Space::Extension, r.name)))
            .or_else(|| c.publications.remove(id).map(|r| (Space::Publication, r.name)))
            .or_else(|| c.subscriptions.remove(id).map(|r| (Space::Subscription, r.name)))
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
        c.mappings.remove(id);
        c.large_objects.remove(id);
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

    /// Notes that an object is gone, so that later statements on it are mistakes.
    pub(super) fn note_dropped(&mut self, address: Address) {
        self.touch(address);
        if let Some(object) = self.catalog.describe(address) {
            self.dropped.insert(object);
        }
    }

    /// Takes a name off the list of the dropped when it is made again.
    pub(super) fn note_made(&mut self, object: &Object) {
        self.dropped.remove(object);
    }
}
