//! ALTER TABLE, VIEW, SEQUENCE, INDEX and their like.

use super::catalog::acl::Acl;
use super::catalog::object::{ConstraintKind, View};
use super::catalog::{Address, Id};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::alter::{AlterRelation, ColumnAction, RelationAction};
use crate::migrations::parse::object::ObjectKind;
use crate::migrations::parse::sequence::SequenceOption;
use crate::model::{CheckOption, FiresWhen, Identity, RelationKind, ReplicaIdentity};

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
            RelationAction::AlterColumn(name, action) => self.alter_column(id, name, action),
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
        if !row.kind.carries_row_security() {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{}` is not a table", row.name));
        }
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

    fn alter_column(&mut self, id: Id, name: &str, action: &ColumnAction) -> Result {
        let place = self.place(id, name)?;
        self.touch(Address::column(id, place));
        match action {
            ColumnAction::Type(written, collation, using) => {
                self.retype_column(id, place, written, collation.as_ref(), using.is_some())?;
            }
            ColumnAction::Default(_) if self.may_have_default(id, place).is_err() => {
                return self.may_have_default(id, place);
            }
            ColumnAction::Default(None) => self.default_with_children(id, name, None)?,
            ColumnAction::Default(Some(text)) => {
                let null = text.text.trim().eq_ignore_ascii_case("null");
                self.default_with_children(id, name, (!null).then_some(text.text.as_str()))?;
            }
            ColumnAction::Nullable(nullable) => {
                let in_key = self
                    .primary_key(id)
                    .and_then(|key| self.catalog.constraints.get(key))
                    .is_some_and(|key| key.columns.contains(&place));
                let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
                if *nullable && column.is_some_and(|c| c.identity.is_some() && c.not_null) {
                    return reject(state::SYNTAX, format!("column `{name}` is an identity column"));
                }
                if *nullable {
                    self.may_become_nullable(id, place)?;
                }
                if *nullable && in_key {
                    return reject(state::INVALID_DEFINITION, format!("column `{name}` is in a primary key"));
                }
                self.set_not_null(id, place, !nullable, false, None);
            }
            ColumnAction::AddIdentity(identity, options) => {
                self.may_become_identity(id, place, name)?;
                self.set_identity(id, place, Some(*identity));
                self.column_sequence(id, place, true, options)?;
            }
            ColumnAction::SetIdentity(text) => {
                let text = text.text.to_ascii_lowercase();
                match () {
                    () if text.contains("always") => self.set_identity(id, place, Some(Identity::Always)),
                    () if text.contains("by default") => self.set_identity(id, place, Some(Identity::ByDefault)),
                    () => (),
                }
            }
            ColumnAction::DropIdentity => {
                let identity = self.catalog.relations.get(id).and_then(|r| r.columns.get(place)?.identity);
                if identity.is_none() && !self.text_here().to_ascii_lowercase().contains("if exists") {
                    return reject(state::WRONG_STATE, format!("column `{name}` is not an identity column"));
                }
                self.set_identity(id, place, None);
                let sequences = self.catalog.relations.using(id, |r| r.owned_by == Some((id, place, true)));
                for sequence in sequences {
                    self.remove_relation(sequence);
                }
            }
            ColumnAction::SetExpression(text) => {
                let code = self.code(id, &text.text)?;
                self.set_default(id, place, Some(code));
            }
            ColumnAction::DropExpression => {
                if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
                    column.generated = None;
                    column.default = None;
                }
            }
            ColumnAction::Other(_) => (),
        }
        let origin = self.origin;
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.origin = origin;
        }
        Ok(())
    }

    fn may_become_identity(&self, id: Id, place: usize, name: &str) -> Result {
        let row = self.catalog.relations.get(id);
        let Some(column) = row.filter(|r| !r.unknown).and_then(|r| r.columns.get(place)) else { return Ok(()) };
        let why = match () {
            () if !column.not_null => "must be NOT NULL before it is one",
            () if column.identity.is_some() => "is one already",
            () if column.default.is_some() => "has a default",
            () => return self.may_be_identity(&column.data_type),
        };
        reject(state::WRONG_STATE, format!("column `{name}` cannot be an identity column: it {why}"))
    }

    fn set_identity(&mut self, id: Id, place: usize, identity: Option<Identity>) {
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.identity = identity;
        }
    }

    fn default_with_children(&mut self, id: Id, name: &str, text: Option<&str>) -> Result {
        let Some(place) = self.find_place(id, name) else { return Ok(()) };
        let code = match text {
            Some(text) => Some(self.code_of_default(id, place, text)?),
            None => None,
        };
        self.set_default(id, place, code);
        for child in self.children(id) {
            self.default_with_children(child, name, text)?;
        }
        Ok(())
    }

    fn validate_constraint(&mut self, id: Id, name: &str) -> Result {
        let Some(constraint) = self.constraint_named(id, name) else {
            // NOT NULL constraints have names only from 18 on; they are the columns'.
            let Some(place) = self.not_null_named(id, name) else { return self.missing_constraint(id, name) };
            self.set_not_null(id, place, true, false, None);
            return Ok(());
        };
        let kind = self.catalog.constraints.get(constraint).map(|c| &c.kind);
        if !matches!(kind, Some(ConstraintKind::Check(_) | ConstraintKind::ForeignKey(_))) {
            return reject(
                state::WRONG_OBJECT_TYPE,
                format!("constraint `{name}` is neither a CHECK nor a foreign key"),
            );
        }
        self.touch(constraint);
        if let Some(row) = self.catalog.constraints.edit(constraint) {
            row.validated = row.enforced;
        }
        for child in self.children(id) {
            if self.constraint_named(child, name).is_some() {
                self.validate_constraint(child, name)?;
            }
        }
        Ok(())
    }

    fn alter_constraint(&mut self, id: Id, name: &str, text: &str) -> Result {
        let Some(constraint) = self.constraint_named(id, name) else { return self.missing_constraint(id, name) };
        self.touch(constraint);
        let text = text.to_ascii_lowercase();
        if let Some(row) = self.catalog.constraints.edit(constraint) {
            if text.contains("not deferrable") {
                (row.deferrable, row.initially_deferred) = (false, false);
            } else if text.contains("deferrable") {
                row.deferrable = true;
            }
            if text.contains("initially deferred") {
                (row.deferrable, row.initially_deferred) = (true, true);
            } else if text.contains("initially immediate") {
                row.initially_deferred = false;
            }
            if text.contains("enforced") {
                row.enforced = !text.contains("not enforced");
                row.validated = row.enforced;
            }
        }
        Ok(())
    }

    fn drop_constraint(&mut self, id: Id, name: &str, if_exists: bool, cascade: bool) -> Result {
        let Some(constraint) = self.constraint_named(id, name) else {
            // From 18 on a NOT NULL is a constraint with a name.
            if let Some(place) = self.not_null_named(id, name) {
                let column = self.catalog.column_name(id, place);
                return self.alter_column(id, &column, &ColumnAction::Nullable(true));
            }
            return if if_exists { Ok(()) } else { self.missing_constraint(id, name) };
        };
        if matches!(self.catalog.constraints.get(constraint).map(|c| &c.kind), Some(ConstraintKind::Trigger)) {
            return gap("dropping a constraint trigger by its constraint is not followed", true);
        }
        if self.catalog.constraints.get(constraint).is_some_and(|c| !c.inherited.is_empty()) {
            return reject(state::INVALID_DEFINITION, format!("cannot drop inherited constraint `{name}`"));
        }
        self.drop_all(vec![constraint.into()], cascade)
    }

    fn fire_triggers(&mut self, id: Id, name: Option<&str>, fires: FiresWhen, only: bool) -> Result {
        let wanted = self.catalog.triggers.of(id, |t| name.is_none_or(|n| n == t.name));
        if let (Some(name), true) = (name, wanted.is_empty()) {
            let table = self.catalog.qualified(id);
            return reject(state::UNDEFINED_OBJECT, format!("trigger `{name}` for table `{table}` does not exist"));
        }
        for trigger in wanted {
            self.touch(trigger);
            self.fire_trigger(trigger, fires, only);
        }
        Ok(())
    }

    fn fire_trigger(&mut self, trigger: Id, fires: FiresWhen, only: bool) {
        if let Some(row) = self.catalog.triggers.edit(trigger) {
            row.fires = fires;
        }
        if !only {
            for clone in self.catalog.triggers.using(trigger, |t| t.parent == Some(trigger)) {
                self.fire_trigger(clone, fires, false);
            }
        }
    }

    fn fire_rule(&mut self, id: Id, name: &str, fires: FiresWhen) -> Result {
        let found = self.catalog.rules.of(id, |r| r.name == name);
        let Some(rule) = found.first().copied() else {
            return reject(state::UNDEFINED_OBJECT, format!("rule `{name}` does not exist"));
        };
        self.touch(rule);
        if let Some(row) = self.catalog.rules.edit(rule) {
            row.fires = fires;
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
