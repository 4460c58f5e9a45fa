//! LIKE: what a new table copies of another.

use super::catalog::Id;
use super::catalog::object::{Column, ConstraintKind};
use super::run::{Result, Run};
use super::tables::unnamed;
use crate::migrations::parse::table::TableLike;
use crate::model::Privilege;

impl Run {
    pub(super) fn likes(&mut self, likes: &[TableLike]) -> Result<Vec<Like>> {
        likes
            .iter()
            .map(|like| {
                let relation = self.relation(&like.relation)?;
                self.may_do_to(relation, Privilege::Select)?;
                Ok(Like { relation, after: like.after, options: like.options.clone() })
            })
            .collect()
    }

    pub(super) fn copied_columns(&self, like: &Like) -> Vec<Column> {
        let Some(row) = self.catalog.relations.get(like.relation) else { return Vec::new() };
        let copy = |c: &Column| {
            let mut copy = Column::new(&c.name, c.data_type.clone(), self.origin);
            copy.not_null = c.not_null;
            copy.not_null_name.clone_from(&c.not_null_name);
            copy.collation.clone_from(&c.collation);
            copy.deterministic = c.deterministic;
            if c.generated.is_some() && like.has("generated") {
                copy.generated = c.generated;
            }
            if c.identity.is_some() && like.has("identity") {
                copy.identity = c.identity;
            }
            copy
        };
        row.columns.iter().filter(|c| !c.dropped).map(copy).collect()
    }

    pub(super) fn copy_parts(&mut self, id: Id, like: &Like) -> Result {
        let from = like.relation;
        let columns = self.catalog.relations.get(from).map(|r| r.columns.clone()).unwrap_or_default();
        for column in columns.iter().filter(|c| !c.dropped) {
            let Some(place) = self.find_place(id, &column.name) else { continue };
            let wanted = if column.generated.is_some() { like.has("generated") } else { like.has("defaults") };
            if let Some(code) = column.default.as_ref().filter(|_| wanted) {
                let moved = self.code_in_child(from, id, code);
                self.set_default(id, place, Some(moved));
            }
            if column.identity.is_some() && like.has("identity") {
                self.column_sequence(id, place, true, &[])?;
            }
        }
        if like.has("constraints") {
            for constraint in self.constraints_of(from) {
                self.copy_check(id, from, constraint);
            }
        }
        if like.has("indexes") {
            self.copy_indexes(id, from)?;
        }
        Ok(())
    }

    pub(super) fn copy_check(&mut self, id: Id, from: Id, constraint: Id) {
        let Some(row) = self.catalog.constraints.get(constraint).cloned() else { return };
        let ConstraintKind::Check(code) = &row.kind else { return };
        let code = self.code_in_child(from, id, code);
        let columns = self.columns_used(id, &code);
        // A new table has no rows that would have to be looked at.
        let (kind, origin, validated) = (ConstraintKind::Check(code), self.origin, row.enforced);
        let row = super::catalog::object::Constraint {
            on: id,
            kind,
            columns,
            inherited: Vec::new(),
            local: true,
            validated,
            origin,
            ..row
        };
        self.insert_constraint(row);
    }

    pub(super) fn copy_indexes(&mut self, id: Id, from: Id) -> Result {
        let indexes = self.catalog.indexes.of(from, |_| true);
        for index in indexes {
            let constraint = self.catalog.constraints.using(index, |c| c.index == Some(index)).first().copied();
            let Some(row) = self.catalog.indexes.get(index).cloned() else { continue };
            match constraint.and_then(|c| self.catalog.constraints.get(c).cloned()) {
                Some(key) if key.is_key() => {
                    let columns = self.moved_places(from, id, &key.columns);
                    let mut written = unnamed();
                    written.include = self.catalog.column_names(from, &row.include);
                    self.add_key(id, &written, columns, key.kind, None, &[])?;
                }
                _ => self.index_in_partition(id, index, &row),
            }
        }
        // Copies belong to nobody.
        for copy in self.catalog.indexes.of(id, |_| true) {
            if let Some(row) = self.catalog.indexes.edit(copy) {
                row.parent = None;
            }
        }
        Ok(())
    }
}

/// A table that is copied.
pub(super) struct Like {
    pub(super) relation: Id,
    pub(super) after: usize,
    options: Vec<(bool, String)>,
}

impl Like {
    /// Whether the last word on it was INCLUDING.
    pub(super) fn has(&self, what: &str) -> bool {
        self.options.iter().rev().find(|(_, option)| option == what || option == "all").is_some_and(|(on, _)| *on)
    }
}
