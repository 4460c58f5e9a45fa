//! ALTER COLUMN, and the names of columns.

use super::catalog::{Address, Id};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::alter::ColumnAction;
use crate::model::Identity;

impl Run {
    pub(super) fn alter_column(&mut self, id: Id, name: &str, action: &ColumnAction, only: bool) -> Result {
        let place = self.place(id, name)?;
        self.touch(Address::column(id, place));
        match action {
            ColumnAction::Type(written, collation, using) => {
                self.retype_column(id, place, written, collation.as_ref(), using.is_some())?;
            }
            ColumnAction::Default(text) => {
                self.may_have_default(id, place)?;
                let text = text.as_ref().map(|text| text.text.as_str());
                self.default_with_children(id, name, text.filter(|t| !t.trim().eq_ignore_ascii_case("null")))?;
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
            ColumnAction::SetExpression(text) => return self.set_expression(id, name, text, only),
            ColumnAction::DropExpression(if_exists) => return self.drop_expression(id, name, *if_exists, only),
            ColumnAction::Other(_) => (),
        }
        self.said_of_column(id, place);
        Ok(())
    }

    /// Notes that the statement says what a column is.
    pub(super) fn said_of_column(&mut self, id: Id, place: usize) {
        let origin = self.origin;
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.origin = origin;
        }
    }

    pub(super) fn may_become_identity(&self, id: Id, place: usize, name: &str) -> Result {
        let row = self.catalog.relations.get(id);
        let Some(column) = row.filter(|r| !r.unknown).and_then(|r| r.columns.get(place)) else { return Ok(()) };
        let why = match () {
            () if !column.not_null => "must be NOT NULL before it is one",
            () if column.identity.is_some() => {
                return reject(state::WRONG_STATE, format!("column `{name}` is already an identity column"));
            }
            () if column.default.is_some() => "has a default",
            () => return self.may_be_identity(&column.data_type),
        };
        reject(state::WRONG_STATE, format!("column `{name}` cannot be an identity column: it {why}"))
    }

    pub(super) fn set_identity(&mut self, id: Id, place: usize, identity: Option<Identity>) {
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            column.identity = identity;
        }
    }

    pub(super) fn default_with_children(&mut self, id: Id, name: &str, text: Option<&str>) -> Result {
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

    pub(super) fn rename_column(&mut self, id: Id, from: &str, to: &str) -> Result {
        let place = self.place(id, from)?;
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
        if column.is_some_and(|c| c.inherited) {
            return reject(state::INVALID_DEFINITION, format!("cannot rename inherited column `{from}`"));
        }
        self.rename_column_at(id, place, from, to)
    }

    pub(super) fn rename_column_at(&mut self, id: Id, place: usize, from: &str, to: &str) -> Result {
        if self.find_place(id, to).is_some() {
            return reject(state::DUPLICATE_COLUMN, format!("column `{to}` already exists"));
        }
        self.touch(Address::column(id, place));
        let origin = self.origin;
        if let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) {
            to.clone_into(&mut column.name);
            column.origin = origin;
        }
        self.touch(Address::column(id, place));
        for child in self.children(id) {
            if let Some(place) = self.find_place(child, from) {
                self.rename_column_at(child, place, from, to)?;
            }
        }
        Ok(())
    }
}
