//! Triggers, event triggers and rules.

use super::catalog::Id;
use super::catalog::names::Space;
use super::catalog::object::{Constraint, ConstraintKind, EventTrigger, Rule, Trigger};
use super::catalog::{Address, ROOT};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::trigger::{AlterEventTrigger, CreateEventTrigger, CreateRule, CreateTrigger};
use crate::model::{FiresWhen, Privilege, RelationKind, TriggerTiming};

impl Run {
    pub(super) fn create_trigger(&mut self, create: &CreateTrigger) -> Result {
        let relation = self.relation(&create.relation)?;
        self.only_kinds(
            relation,
            &[RelationKind::Table, RelationKind::PartitionedTable, RelationKind::View, RelationKind::ForeignTable],
        )?;
        if create.for_each_row && create.timing != TriggerTiming::InsteadOf {
            self.only_kinds(
                relation,
                &[RelationKind::Table, RelationKind::PartitionedTable, RelationKind::ForeignTable],
            )?;
        }
        self.may_do_to(relation, Privilege::Trigger)?;
        let function = self.trigger_function(&create.function)?;
        self.may_execute(function)?;
        let returns = self.catalog.functions.get(function).and_then(|f| f.returns.clone());
        if !returns.is_some_and(|t| t.is("trigger")) {
            return reject(
                state::INVALID_DEFINITION,
                format!("function `{}` must return type trigger", create.function),
            );
        }
        let old = self.catalog.names.find(Space::Trigger, relation, &create.name);
        if let (Some(id), true) = (old, create.or_replace) {
            self.remove_trigger(id);
        } else if old.is_some() {
            let table = self.catalog.qualified(relation);
            let message = format!("trigger `{}` for relation `{table}` already exists", create.name);
            return reject(state::DUPLICATE_OBJECT, message);
        }
        let mut columns = Vec::new();
        for (_, of) in &create.events {
            columns.extend(self.places(relation, of)?);
        }
        let when = match &create.when {
            Some(text) => Some(self.code_of_trigger(relation, &text.text)?),
            None => None,
        };
        let mut events: Vec<_> = create.events.iter().map(|(event, _)| *event).collect();
        events.sort();
        events.dedup();
        let mut row = Trigger {
            relation,
            name: create.name.clone(),
            timing: create.timing,
            events,
            columns,
            for_each_row: create.for_each_row,
            when,
            function,
            arguments: create.values.clone(),
            fires: FiresWhen::Origin,
            clauses: create.clauses.clone(),
            constraint: None,
            parent: None,
            origin: self.origin,
        };
        if create.constraint {
            row.constraint = Some(self.trigger_constraint(relation, &create.name, &row));
        }
        let id = self.insert_trigger(row);
        self.touch(relation);
        if create.for_each_row {
            for child in self.partitions(relation) {
                self.clone_trigger(id, child);
            }
        }
        Ok(())
    }

    /// The constraint that a constraint trigger is.
    pub(super) fn trigger_constraint(&mut self, relation: Id, name: &str, trigger: &Trigger) -> Id {
        let mut row = Constraint::new(relation, name.to_owned(), ConstraintKind::Trigger, Vec::new(), self.origin);
        row.deferrable = trigger.clauses.contains("DEFERRABLE") && !trigger.clauses.contains("NOT DEFERRABLE");
        row.initially_deferred = trigger.clauses.contains("INITIALLY DEFERRED");
        row.deferrable |= row.initially_deferred;
        self.insert_constraint(row)
    }

    pub(super) fn insert_trigger(&mut self, row: Trigger) -> Id {
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Trigger, row.relation, &row.name, id);
        self.catalog.triggers.insert(id, row);
        self.touch(id);
        id
    }

    /// Removes a trigger with its clones on partitions and its constraint.
    pub(super) fn remove_trigger(&mut self, id: Id) {
        self.touch(id);
        let Some(row) = self.catalog.triggers.remove(id) else { return };
        self.catalog.names.remove(Space::Trigger, row.relation, &row.name, id);
        if let Some(constraint) = row.constraint {
            self.remove_constraint(constraint);
        }
        for clone in self.catalog.triggers.using(id, |t| t.parent == Some(id)) {
            self.remove_trigger(clone);
        }
    }

    pub(super) fn rename_trigger(&mut self, id: Id, to: &str) -> Result {
        let Some(row) = self.catalog.triggers.get(id) else { return Ok(()) };
        let (relation, from) = (row.relation, row.name.clone());
        if self.catalog.names.find(Space::Trigger, relation, to).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("trigger `{to}` already exists"));
        }
        self.touch(id);
        self.catalog.names.remove(Space::Trigger, relation, &from, id);
        self.catalog.names.add(Space::Trigger, relation, to, id);
        let origin = self.origin;
        if let Some(row) = self.catalog.triggers.edit(id) {
            to.clone_into(&mut row.name);
            row.origin = origin;
        }
        self.touch(id);
        // From 15 on the clones are renamed too.
        if self.catalog.major >= 15 {
            for clone in self.catalog.triggers.using(id, |t| t.parent == Some(id)) {
                self.rename_trigger(clone, to)?;
            }
        }
        Ok(())
    }

    pub(super) fn create_event_trigger(&mut self, create: &CreateEventTrigger) -> Result {
        self.must_be_superuser("create an event trigger")?;
        if self.catalog.names.find(Space::EventTrigger, ROOT, &create.name).is_some() {
            let message = format!("event trigger `{}` already exists", create.name);
            return reject(state::DUPLICATE_OBJECT, message);
        }
        let function = self.trigger_function(&create.function)?;
        let row = EventTrigger {
            name: create.name.clone(),
            event: create.event.clone(),
            owner: self.user(),
            function,
            tags: create.tags.clone(),
            fires: FiresWhen::Origin,
            origin: self.origin,
        };
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::EventTrigger, ROOT, &create.name, id);
        self.catalog.event_triggers.insert(id, row);
        self.touch(id);
        Ok(())
    }

    pub(super) fn alter_event_trigger(&mut self, alter: &AlterEventTrigger) -> Result {
        let id = self.global(Space::EventTrigger, &alter.name, "event trigger")?;
        self.must_own(id)?;
        self.touch(id);
        let origin = self.origin;
        if let Some(row) = self.catalog.event_triggers.edit(id) {
            row.fires = alter.fires.unwrap_or(row.fires);
            row.origin = origin;
        }
        match &alter.change {
            Some(change) => self.change_event_trigger(&alter.name, change),
            None => Ok(()),
        }
    }

    pub(super) fn create_rule(&mut self, create: &CreateRule) -> Result {
        let relation = self.relation(&create.relation)?;
        self.only_kinds(relation, &[RelationKind::Table, RelationKind::PartitionedTable, RelationKind::View])?;
        self.must_own(relation)?;
        let old = self.catalog.names.find(Space::Rule, relation, &create.name);
        if old.is_some() && !create.or_replace {
            return reject(state::DUPLICATE_OBJECT, format!("rule `{}` already exists", create.name));
        }
        let condition = match &create.condition {
            Some(text) => Some(self.condition_of_rule(relation, &create.event, &text.text)?),
            None => None,
        };
        let commands = self.commands_of_rule(relation, &create.event, &create.commands.text)?;
        self.may_return(relation, condition.is_some(), create.instead, &commands)?;
        let row = Rule {
            relation,
            name: create.name.clone(),
            event: create.event.clone(),
            condition,
            instead: create.instead,
            commands,
            fires: FiresWhen::Origin,
            origin: self.origin,
        };
        let id = old.unwrap_or_else(|| self.catalog.fresh());
        if old.is_none() {
            self.catalog.names.add(Space::Rule, relation, &create.name, id);
        }
        self.catalog.rules.insert(id, row);
        self.touch(id);
        self.touch(Address::from(relation));
        Ok(())
    }

    pub(super) fn remove_rule(&mut self, id: Id) {
        self.touch(id);
        if let Some(row) = self.catalog.rules.remove(id) {
            self.catalog.names.remove(Space::Rule, row.relation, &row.name, id);
        }
    }

    pub(super) fn remove_policy(&mut self, id: Id) {
        self.touch(id);
        if let Some(row) = self.catalog.policies.remove(id) {
            self.touch(row.relation);
            self.catalog.names.remove(Space::Policy, row.relation, &row.name, id);
        }
    }
}
