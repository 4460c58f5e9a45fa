//! Parents and children: inheritance and partitions.

use super::catalog::code::Code;
use super::catalog::object::{Constraint, ConstraintKind, Trigger};
use super::catalog::{Address, Id};
use super::run::{Result, Run, reject, state};
use super::tables::unnamed;
use crate::migrations::Name;

impl Run {
    pub(super) fn children(&self, relation: Id) -> Vec<Id> {
        self.catalog.relations.using(relation, |r| r.parents.contains(&relation))
    }

    pub(super) fn partitions(&self, relation: Id) -> Vec<Id> {
        self.catalog.relations.using(relation, |r| r.is_partition && r.parents.contains(&relation))
    }

    /// The places in a child of columns of its parent; they are found by name.
    pub(super) fn moved_places(&self, parent: Id, child: Id, places: &[usize]) -> Vec<usize> {
        let names = self.catalog.column_names(parent, places);
        names.iter().filter_map(|name| self.find_place(child, name)).collect()
    }

    /// A parent's expression as one of its child.
    pub(super) fn code_in_child(&mut self, parent: Id, child: Id, code: &Code) -> Code {
        if code.tree.is_some() {
            // Printed text names everything in full, so that it can be read again over the child's columns.
            let text = self.catalog.text(code);
            if let Ok(bound) = self.over_again(&text, |run, text| run.code(child, text)) {
                return bound;
            }
        }
        code.moved(|address| match address.column.checked_sub(1) {
            Some(place) if address.id == parent => {
                let moved = self.moved_places(parent, child, &[place]).first().copied();
                moved.map_or(*address, |place| Address::column(child, place))
            }
            None if address.id == parent => child.into(),
            _ => *address,
        })
    }

    /// What a new child takes over: CHECKs, and as a partition keys, indexes, foreign keys and row triggers too.
    pub(super) fn inherit_parts(&mut self, child: Id, partition: bool) -> Result {
        let parents = self.catalog.relations.get(child).map(|r| r.parents.clone()).unwrap_or_default();
        for parent in parents {
            self.inherit_checks(parent, child);
            if partition {
                self.inherit_keys(parent, child)?;
                self.inherit_indexes(parent, child);
                self.inherit_triggers(parent, child);
            }
        }
        Ok(())
    }

    pub(super) fn inherit_checks(&mut self, parent: Id, child: Id) {
        for id in self.constraints_of(parent) {
            let Some(row) = self.catalog.constraints.get(id).cloned() else { continue };
            let ConstraintKind::Check(code) = &row.kind else { continue };
            if row.no_inherit {
                continue;
            }
            if let Some(same) = self.constraint_named(child, &row.name) {
                if let Some(row) = self.catalog.constraints.edit(same) {
                    row.inherited.push(id);
                }
                continue;
            }
            let code = self.code_in_child(parent, child, code);
            let columns = self.columns_used(child, &code);
            let (kind, origin) = (ConstraintKind::Check(code), self.origin);
            // A new table has no rows that would have to be looked at.
            let validated = row.enforced;
            let row =
                Constraint { on: child, kind, columns, inherited: vec![id], local: false, validated, origin, ..row };
            self.insert_constraint(row);
        }
    }

    fn inherit_keys(&mut self, parent: Id, child: Id) -> Result {
        for id in self.constraints_of(parent) {
            let Some(row) = self.catalog.constraints.get(id).cloned() else { continue };
            let columns = self.moved_places(parent, child, &row.columns);
            match &row.kind {
                ConstraintKind::PrimaryKey | ConstraintKind::Unique(_) => {
                    if self.has_own_key(child, &row, id, &columns) {
                        continue;
                    }
                    let mut written = unnamed();
                    let index = row.index.and_then(|index| self.catalog.indexes.get(index));
                    written.include = index.map(|i| self.catalog.column_names(parent, &i.include)).unwrap_or_default();
                    written.deferrable = row.deferrable;
                    written.initially_deferred = row.initially_deferred;
                    let parts = self.partitions(child);
                    self.add_key(child, &written, columns, row.kind.clone(), Some((id, row.index)), &parts)?;
                }
                ConstraintKind::ForeignKey(foreign) => {
                    let mut foreign = foreign.clone();
                    foreign.delete_set = self.moved_places(parent, child, &foreign.delete_set);
                    self.clone_foreign_key(child, id, &row, columns, foreign);
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// A key that the attached table brings along becomes a part of its new parent's.
    fn has_own_key(&mut self, child: Id, key: &Constraint, parent: Id, columns: &[usize]) -> bool {
        let primary = matches!(key.kind, ConstraintKind::PrimaryKey);
        let own = self.catalog.constraints.of(child, |c| {
            c.inherited.is_empty()
                && c.columns == columns
                && c.is_key()
                && matches!(c.kind, ConstraintKind::PrimaryKey) == primary
        });
        let Some(own) = own.first().copied() else { return false };
        let index = self.catalog.constraints.edit(own).map(|row| {
            row.inherited.push(parent);
            row.index
        });
        if let Some(row) = index.flatten().and_then(|index| self.catalog.indexes.edit(index)) {
            row.parent = key.index;
        }
        true
    }

    fn clone_foreign_key(
        &mut self,
        child: Id,
        parent: Id,
        key: &Constraint,
        columns: Vec<usize>,
        foreign: super::catalog::object::ForeignKey,
    ) {
        let own = self.catalog.constraints.of(child, |c| {
            let same = |f: &super::catalog::object::ForeignKey| {
                f.relation == foreign.relation && f.columns == foreign.columns && f.on_delete == foreign.on_delete
            };
            c.inherited.is_empty()
                && c.columns == columns
                && matches!(&c.kind, ConstraintKind::ForeignKey(f) if same(f))
        });
        if let Some(row) = own.first().and_then(|id| self.catalog.constraints.edit(*id)) {
            row.inherited.push(parent);
            return;
        }
        let (table, schema) = self.table_name(child);
        let name = match self.constraint_named(child, &key.name) {
            None => key.name.clone(),
            Some(_) => {
                let names = self.catalog.column_names(child, &columns);
                self.constraint_name(schema, &table, Some(&super::naming::joined(&names)), "fkey")
            }
        };
        let kind = ConstraintKind::ForeignKey(foreign);
        let origin = self.origin;
        let row =
            Constraint { on: child, name, kind, columns, inherited: vec![parent], local: false, origin, ..key.clone() };
        let id = self.insert_constraint(row.clone());
        for grandchild in self.partitions(child) {
            let moved = self.moved_places(child, grandchild, &row.columns);
            if let ConstraintKind::ForeignKey(foreign) = &row.kind {
                self.clone_foreign_key(grandchild, id, &row, moved, foreign.clone());
            }
        }
    }

    fn inherit_indexes(&mut self, parent: Id, child: Id) {
        for id in self.catalog.indexes.of(parent, |_| true) {
            let Some(row) = self.catalog.indexes.get(id).cloned() else { continue };
            if !self.catalog.constraints.using(id, |c| c.index == Some(id)).is_empty() {
                continue;
            }
            let places: Vec<Option<usize>> = row.keys.iter().map(Self::key_place).collect();
            let own = self.catalog.indexes.of(child, |i| {
                let keys: Vec<Option<usize>> = i.keys.iter().map(Self::key_place).collect();
                let moved: Vec<Option<usize>> = places
                    .iter()
                    .map(|p| p.and_then(|p| self.moved_places(parent, child, &[p]).first().copied()))
                    .collect();
                i.parent.is_none()
                    && keys == moved
                    && !keys.contains(&None)
                    && i.unique == row.unique
                    && i.predicate.is_none() == row.predicate.is_none()
                    && i.method == row.method
            });
            match own.first().copied() {
                Some(own) => {
                    if let Some(own) = self.catalog.indexes.edit(own) {
                        own.parent = Some(id);
                    }
                }
                None => self.index_in_partition(child, id, &row),
            }
        }
    }

    fn inherit_triggers(&mut self, parent: Id, child: Id) {
        for id in self.catalog.triggers.of(parent, |t| t.for_each_row) {
            self.clone_trigger(id, child);
        }
    }

    pub(super) fn clone_trigger(&mut self, id: Id, child: Id) {
        let Some(row) = self.catalog.triggers.get(id).cloned() else { return };
        let when = row.when.as_ref().map(|code| self.code_in_child(row.relation, child, code));
        let columns = self.moved_places(row.relation, child, &row.columns);
        let constraint = row.constraint.map(|_| self.trigger_constraint(child, &row.name, &row));
        let clone =
            Trigger { relation: child, when, columns, parent: Some(id), constraint, origin: self.origin, ..row };
        let clone = self.insert_trigger(clone);
        for grandchild in self.partitions(child) {
            self.clone_trigger(clone, grandchild);
        }
    }

    /// Nobody is its own ancestor.
    pub(super) fn no_circle(&self, parent: Id, child: Id) -> Result {
        let mut open = vec![parent];
        while let Some(id) = open.pop() {
            if id == child {
                return reject(state::DUPLICATE_TABLE, "circular inheritance not allowed");
            }
            open.extend(self.catalog.relations.get(id).into_iter().flat_map(|r| r.parents.iter().copied()));
        }
        Ok(())
    }

    /// Whether a table has what its new parent has, as it must.
    pub(super) fn fits_parent(&self, parent: Id, child: Id) -> Result {
        let missing = |what: String| reject(state::DATATYPE_MISMATCH, format!("child table is missing {what}"));
        let Some(row) = self.catalog.relations.get(parent).filter(|r| !r.unknown) else { return Ok(()) };
        let Some(own) = self.catalog.relations.get(child).filter(|r| !r.unknown) else { return Ok(()) };
        for column in row.columns.iter().filter(|c| !c.dropped) {
            let same = own.columns.iter().find(|c| !c.dropped && c.name == column.name);
            match same {
                None => return missing(format!("column `{}`", column.name)),
                Some(c) if c.data_type != column.data_type => {
                    let message = format!("child table has a different type for column `{}`", column.name);
                    return reject(state::DATATYPE_MISMATCH, message);
                }
                Some(c) if column.not_null && !c.not_null => {
                    let message = format!("column `{}` in child table must be marked NOT NULL", column.name);
                    return reject(state::DATATYPE_MISMATCH, message);
                }
                Some(_) => (),
            }
        }
        for id in self.constraints_of(parent) {
            let Some(check) = self.catalog.constraints.get(id) else { continue };
            let wanted = matches!(check.kind, ConstraintKind::Check(_)) && !check.no_inherit;
            if wanted && self.constraint_named(child, &check.name).is_none() {
                return missing(format!("constraint `{}`", check.name));
            }
        }
        Ok(())
    }

    /// NOT NULL of the parent must hold in the child.
    pub(super) fn adopt_columns(&mut self, parent: Id, child: Id) {
        let columns = self.catalog.relations.get(parent).map(|r| r.columns.clone()).unwrap_or_default();
        for column in columns.iter().filter(|c| !c.dropped) {
            let Some(place) = self.find_place(child, &column.name) else { continue };
            if let Some(own) = self.catalog.relations.edit(child).and_then(|r| r.columns.get_mut(place)) {
                own.not_null |= column.not_null;
                own.not_null_name = own.not_null_name.take().or_else(|| column.not_null_name.clone());
                own.inherited = true;
            }
        }
    }

    /// A child's constraints and indexes are its own when it has left its parent.
    pub(super) fn free_of(&mut self, parent: Id, child: Id) {
        let of_parent = self.constraints_of(parent);
        for id in self.constraints_of(child) {
            if let Some(row) = self.catalog.constraints.edit(id) {
                row.inherited.retain(|i| !of_parent.contains(i));
                row.local |= row.inherited.is_empty();
            }
        }
        let indexes = self.catalog.indexes.of(parent, |_| true);
        for id in self.catalog.indexes.of(child, |_| true) {
            if let Some(row) = self.catalog.indexes.edit(id) {
                row.parent = row.parent.filter(|p| !indexes.contains(p));
            }
        }
    }

    pub(super) fn inherit(&mut self, child: Id, parent: &Name, on: bool) -> Result {
        let parent = self.relation(parent)?;
        if on {
            self.must_own(parent)?;
            self.may_be_parent(parent, false)?;
            self.no_circle(parent, child)?;
            self.fits_parent(parent, child)?;
        }
        if let Some(row) = self.catalog.relations.edit(child) {
            row.parents.retain(|p| *p != parent);
            if on {
                row.parents.push(parent);
            } else {
                row.columns.iter_mut().for_each(|c| (c.local, c.inherited) = (true, false));
            }
        }
        if on {
            self.adopt_columns(parent, child);
            self.inherit_checks(parent, child);
        } else {
            self.free_of(parent, child);
        }
        Ok(())
    }
}
