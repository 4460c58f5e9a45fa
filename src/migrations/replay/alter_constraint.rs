//! Constraints that are there: validated, altered, renamed, dropped.

use super::catalog::Id;
use super::catalog::object::{Constraint, ConstraintKind};
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::parse::alter::ColumnAction;

impl Run {
    pub(super) fn validate_constraint(&mut self, id: Id, name: &str) -> Result {
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
        self.changed(constraint);
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

    pub(super) fn alter_constraint(&mut self, id: Id, name: &str, text: &str) -> Result {
        let Some(constraint) = self.constraint_named(id, name) else { return self.missing_constraint(id, name) };
        self.changed(constraint);
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

    pub(super) fn drop_constraint(&mut self, id: Id, name: &str, if_exists: bool, cascade: bool) -> Result {
        let Some(constraint) = self.constraint_named(id, name) else {
            // From 18 on a NOT NULL is a constraint with a name.
            if let Some(place) = self.not_null_named(id, name) {
                let column = self.catalog.column_name(id, place);
                return self.alter_column(id, &column, &ColumnAction::Nullable(true), false);
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

    pub(super) fn rename_constraint(&mut self, id: Id, from: &str, to: &str) -> Result {
        if let Some(place) = self.not_null_named(id, from) {
            self.rename_not_null(id, place, from, to);
            return Ok(());
        }
        let Some(constraint) = self.constraint_named(id, from) else { return self.missing_constraint(id, from) };
        let row = self.catalog.constraints.get(constraint);
        if row.is_some_and(|c| matches!(c.kind, ConstraintKind::Check(_)) && !c.inherited.is_empty()) {
            return reject(state::INVALID_DEFINITION, format!("cannot rename inherited constraint `{from}`"));
        }
        self.rename_constraint_with_children(id, constraint, from, to)
    }

    pub(super) fn rename_not_null(&mut self, id: Id, place: usize, from: &str, to: &str) {
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.not_null_name = Some(to.to_owned());
        }
        for child in self.children(id) {
            if let Some(place) = self.not_null_named(child, from) {
                self.rename_not_null(child, place, from, to);
            }
        }
    }

    pub(super) fn rename_constraint_with_children(&mut self, id: Id, constraint: Id, from: &str, to: &str) -> Result {
        if self.constraint_named(id, to).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("constraint `{to}` already exists"));
        }
        match self.catalog.constraints.get(constraint).and_then(|c| c.index) {
            Some(index) => self.rename_index(index, to)?,
            None => self.rename_constraint_row(constraint, to),
        }
        // A key of a partition keeps its own name.
        let check = |c: &Constraint| matches!(c.kind, ConstraintKind::Check(_)) && c.inherited.contains(&constraint);
        for child in self.children(id) {
            let own = self.constraint_named(child, from);
            if let Some(own) = own.filter(|own| self.catalog.constraints.get(*own).is_some_and(check)) {
                self.rename_constraint_with_children(child, own, from, to)?;
            }
        }
        Ok(())
    }
}
