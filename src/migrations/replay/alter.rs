//! ALTER TABLE, VIEW, SEQUENCE, INDEX and their like.

use super::catalog::Id;
use super::catalog::acl::Acl;
use super::catalog::object::View;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::alter::{AlterRelation, RelationAction};
use crate::migrations::parse::object::ObjectKind;
use crate::migrations::parse::sequence::SequenceOption;
use crate::model::{CheckOption, RelationKind, ReplicaIdentity};

impl Run {
    pub(super) fn alter_relation(&mut self, alter: &AlterRelation) -> Result {
        if alter.kind == ObjectKind::Index || self.find_relation(&alter.relation).is_none() {
            if let Some(index) = self.find_index(&alter.relation) {
                return self.alter_index(index, alter);
            }
            if alter.if_exists {
                return Ok(());
            }
            if alter.kind == ObjectKind::Index {
                return reject(state::UNDEFINED_TABLE, format!("relation `{}` does not exist", alter.relation));
            }
        }
        let id = self.relation(&alter.relation)?;
        self.must_own(id)?;
        self.touch(id);
        // All actions of a statement are done or none.
        let mark = (alter.actions.len() > 1).then(|| self.mark());
        let mut done = Ok(());
        for action in &alter.actions {
            done = self.relation_action(id, action, alter.only);
            if done.is_err() {
                break;
            }
        }
        if let Some(mark) = mark {
            if done.is_err() {
                self.roll_back(mark);
            }
            self.release();
        }
        done?;
        let origin = self.origin;
        if let Some(row) = self.catalog.relations.edit(id) {
            row.origin = origin;
        }
        self.touch(id);
        Ok(())
    }

    fn alter_index(&mut self, index: Id, alter: &AlterRelation) -> Result {
        self.must_own(index)?;
        self.touch(index);
        for action in &alter.actions {
            match action {
                RelationAction::Change(change) => self.change_index(index, change)?,
                RelationAction::AttachPartition(child, _) => {
                    if let Some(child) = self.find_index(child)
                        && let Some(row) = self.catalog.indexes.edit(child)
                    {
                        row.parent = Some(index);
                        self.attach_key(index, child);
                    }
                    self.validate_index(index);
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// The constraint of an attached index becomes a part of that of its new parent.
    fn attach_key(&mut self, parent: Id, child: Id) {
        let key =
            |run: &Self, index: Id| run.catalog.constraints.using(index, |c| c.index == Some(index)).first().copied();
        if let (Some(parent), Some(child)) = (key(self, parent), key(self, child))
            && let Some(row) = self.catalog.constraints.edit(child)
        {
            row.inherited.push(parent);
        }
    }

    /// An index of a partitioned table is valid when each partition has its part of it.
    fn validate_index(&mut self, index: Id) {
        let Some(relation) = self.catalog.indexes.get(index).map(|i| i.relation) else { return };
        let whole = self
            .partitions(relation)
            .into_iter()
            .all(|child| !self.catalog.indexes.of(child, |i| i.parent == Some(index)).is_empty());
        if let Some(row) = self.catalog.indexes.edit(index) {
            row.valid |= whole;
        }
    }

    fn relation_action(&mut self, id: Id, action: &RelationAction, only: bool) -> Result {
        self.may_be_altered(id, action)?;
        match action {
            RelationAction::Change(change) => self.change_relation(id, change),
            RelationAction::RenameColumn(from, to) => self.rename_column(id, from, to),
            RelationAction::RenameConstraint(from, to) => self.rename_constraint(id, from, to),
            RelationAction::RowSecurity(on) => self.row_security(id, |row| row.row_security = *on),
            RelationAction::ForceRowSecurity(on) => self.row_security(id, |row| row.force_row_security = *on),
            RelationAction::AddColumn(column, if_not_exists) => self.add_column(id, column, *if_not_exists, true),
            RelationAction::DropColumn { name, if_exists, cascade } => {
                self.drop_column(id, name, *if_exists, *cascade, only)
            }
            RelationAction::AlterColumn(name, action) => self.alter_column(id, name, action, only),
            RelationAction::AddConstraint(constraint) => self.add_constraint(id, None, constraint, only),
            RelationAction::DropConstraint { name, if_exists, cascade } => {
                self.drop_constraint(id, name, *if_exists, *cascade)
            }
            RelationAction::ValidateConstraint(name) => self.validate_constraint(id, name),
            RelationAction::AlterConstraint(name, text) => self.alter_constraint(id, name, &text.text),
            RelationAction::Trigger(name, fires) => self.fire_triggers(id, name.as_deref(), *fires, only),
            RelationAction::Rule(name, fires) => self.fire_rule(id, name, *fires),
            _ => self.more_action(id, action),
        }
    }

    fn more_action(&mut self, id: Id, action: &RelationAction) -> Result {
        match action {
            RelationAction::Inherit(parent, on) => return self.inherit(id, parent, *on),
            RelationAction::AttachPartition(partition, bound) => {
                return self.attach_partition(id, partition, bound.as_ref().map(|b| b.text.as_str()));
            }
            RelationAction::DetachPartition(partition) => return self.detach_partition(id, partition),
            RelationAction::ReplicaIdentity(text) => {
                let word = text.text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
                if let Some(row) = self.catalog.relations.edit(id) {
                    row.replica_identity = match word.as_str() {
                        "full" => ReplicaIdentity::Full,
                        "nothing" => ReplicaIdentity::Nothing,
                        "using" => ReplicaIdentity::Index,
                        _ => ReplicaIdentity::Default,
                    };
                }
            }
            RelationAction::SetOptions(options) => {
                self.known_options(options)?;
                self.set_view_options(id, options);
            }
            RelationAction::ResetOptions(names) => {
                if let Some(view) = self.catalog.relations.edit(id).and_then(|r| r.view.as_mut()) {
                    view.options.retain(|(name, _)| !names.contains(name));
                    if names.iter().any(|n| n == "check_option") {
                        view.check_option = None;
                    }
                }
            }
            RelationAction::Logged(on) => self.set_logged(id, *on),
            RelationAction::Sequence(options) => return self.alter_sequence(id, options),
            _ => (),
        }
        Ok(())
    }

    fn set_logged(&mut self, id: Id, on: bool) {
        let owned = self.catalog.relations.using(id, |r| r.owned_by.is_some_and(|(owner, ..)| owner == id));
        let sequences = owned.into_iter().filter(|_| self.catalog.major >= 15).collect::<Vec<_>>();
        for id in std::iter::once(id).chain(sequences) {
            if let Some(row) = self.catalog.relations.edit(id) {
                row.unlogged = !on;
            }
        }
    }

    fn row_security(&mut self, id: Id, change: impl FnOnce(&mut super::catalog::object::Relation)) -> Result {
        let Some(row) = self.catalog.relations.edit(id) else { return Ok(()) };
        change(row);
        Ok(())
    }

    pub(super) fn set_view_options(&mut self, id: Id, options: &[(String, Option<String>)]) {
        let Some(view) = self.catalog.relations.edit(id).and_then(|r| r.view.as_mut()) else { return };
        set_options(view, options);
    }

    fn alter_sequence(&mut self, id: Id, options: &[SequenceOption]) -> Result {
        for option in options {
            if let SequenceOption::OwnedBy(owner) = option {
                self.own_sequence(id, owner.as_ref())?;
            }
        }
        Ok(())
    }

    pub(super) fn own_sequence(&mut self, id: Id, owner: Option<&(crate::migrations::Name, String)>) -> Result {
        let owned = match owner {
            None => None,
            Some((table, column)) => {
                let relation = self.relation(table)?;
                use RelationKind::{ForeignTable, PartitionedTable, Table, View};
                self.only_kinds(relation, &[Table, PartitionedTable, ForeignTable, View])?;
                let place = self.place(relation, column)?;
                let rows = (self.catalog.relations.get(relation), self.catalog.relations.get(id));
                if let (Some(table), Some(own)) = rows
                    && !table.unknown
                    && (table.schema, table.owner) != (own.schema, own.owner)
                {
                    return reject(state::WRONG_STATE, "a sequence must have the schema and owner of its table");
                }
                Some((relation, place, false))
            }
        };
        if self.catalog.relations.get(id).is_some_and(|r| matches!(r.owned_by, Some((.., true)))) {
            return reject(state::NOT_SUPPORTED, "cannot change ownership of identity sequence");
        }
        if let Some(row) = self.catalog.relations.edit(id) {
            row.owned_by = owned;
        }
        Ok(())
    }

    /// A relation goes to a new owner, with the sequences of its columns.
    pub(super) fn own_relation(&mut self, id: Id, owner: Id) {
        self.touch(id);
        let Some(row) = self.catalog.relations.edit(id) else { return };
        let old = std::mem::replace(&mut row.owner, owner);
        let change = |acl: &mut Option<Acl>| {
            if let Some(acl) = acl {
                acl.change_owner(old, owner);
            }
        };
        change(&mut row.acl);
        row.columns.iter_mut().for_each(|c| change(&mut c.acl));
        if row.kind != RelationKind::Sequence {
            for sequence in self.catalog.relations.using(id, |r| r.owned_by.is_some_and(|(table, ..)| table == id)) {
                self.own_relation(sequence, owner);
            }
        }
    }
}

/// Options of a view; `check_option` is one too.
pub(super) fn set_options(view: &mut View, options: &[(String, Option<String>)]) {
    for (name, value) in options {
        let value = value.clone().unwrap_or_else(|| "true".to_owned());
        if name == "check_option" {
            let local = value.eq_ignore_ascii_case("local");
            view.check_option = Some(if local { CheckOption::Local } else { CheckOption::Cascaded });
            continue;
        }
        view.options.retain(|(other, _)| other != name);
        view.options.push((name.clone(), value));
    }
}
