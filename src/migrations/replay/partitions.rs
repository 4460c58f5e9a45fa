//! ATTACH and DETACH PARTITION, of tables and of their indexes.

use super::catalog::Id;
use super::run::{Result, Run, reject, state};
use crate::migrations::Name;

impl Run {
    pub(super) fn attach_partition(&mut self, parent: Id, partition: &Name, bound: Option<&str>) -> Result {
        if let Some(index) = self.find_index(partition) {
            return self.attach_index(parent, index);
        }
        let child = self.relation(partition)?;
        self.must_own(child)?;
        self.may_be_partition(parent, child)?;
        self.fits_parent(parent, child)?;
        self.no_more_columns(parent, child)?;
        let bound = bound.map(|text| self.bound_of_partition(parent, text)).transpose()?.flatten();
        self.touch(child);
        if let Some(row) = self.catalog.relations.edit(child) {
            row.is_partition = true;
            row.bound = bound;
            row.parents = vec![parent];
            row.origin = self.origin;
        }
        self.adopt_columns(parent, child);
        self.inherit_parts(child, true)
    }

    /// A partition is a table that has neither parents nor, unless it is partitioned itself, children.
    pub(super) fn may_be_partition(&self, parent: Id, child: Id) -> Result {
        use crate::model::RelationKind::{ForeignTable, PartitionedTable, Table};
        self.only_kinds(child, &[Table, PartitionedTable, ForeignTable])?;
        let Some(row) = self.catalog.relations.get(child) else { return Ok(()) };
        self.no_circle(parent, child)?;
        if row.bound.is_some() {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{}` is already a partition", row.name));
        }
        if !row.parents.is_empty() || (row.kind != PartitionedTable && !self.children(child).is_empty()) {
            return reject(state::WRONG_OBJECT_TYPE, format!("`{}` is a child or a parent already", row.name));
        }
        Ok(())
    }

    /// An index becomes a part of its parent's, and so does its key.
    pub(super) fn attach_index(&mut self, parent: Id, index: Id) -> Result {
        let of = |run: &Self, index| run.catalog.constraints.using(index, |c| c.index == Some(index)).first().copied();
        let (above, own) = (of(self, parent), of(self, index));
        if let Some(row) = self.catalog.indexes.edit(index) {
            row.parent = Some(parent);
        }
        if let (Some(above), Some(row)) = (above, own.and_then(|id| self.catalog.constraints.edit(id))) {
            row.inherited.push(above);
            row.local = false;
        }
        let relation = self.catalog.indexes.get(parent).map(|i| i.relation);
        let parts = relation.map(|id| self.partitions(id)).unwrap_or_default();
        let attached = self.catalog.indexes.using(parent, |i| i.parent == Some(parent)).len();
        if let Some(row) = self.catalog.indexes.edit(parent) {
            row.valid |= attached == parts.len();
        }
        Ok(())
    }

    /// A partition has the columns of its parent and no others.
    pub(super) fn no_more_columns(&self, parent: Id, child: Id) -> Result {
        let unknown = |id: Id| self.catalog.relations.get(id).is_none_or(|r| r.unknown);
        let columns = self.catalog.relations.get(child).map(|r| r.columns.as_slice()).unwrap_or_default();
        let more = columns.iter().find(|c| !c.dropped && self.find_place(parent, &c.name).is_none());
        match more.filter(|_| !unknown(parent) && !unknown(child)) {
            Some(column) => {
                reject(state::DATATYPE_MISMATCH, format!("the parent of the partition has no column `{}`", column.name))
            }
            None => Ok(()),
        }
    }

    pub(super) fn detach_partition(&mut self, parent: Id, partition: &Name) -> Result {
        let child = self.relation(partition)?;
        if !self.catalog.relations.get(child).is_some_and(|r| r.unknown || r.parents.contains(&parent)) {
            return reject(state::UNDEFINED_TABLE, format!("relation `{partition}` is not a partition of this table"));
        }
        self.touch(child);
        if let Some(row) = self.catalog.relations.edit(child) {
            row.is_partition = false;
            row.bound = None;
            row.parents.retain(|p| *p != parent);
            row.columns.iter_mut().for_each(|c| (c.local, c.inherited) = (true, false));
            row.origin = self.origin;
        }
        self.free_of(parent, child);
        for id in self.catalog.triggers.of(child, |t| t.parent.is_some()) {
            self.remove_trigger(id);
        }
        Ok(())
    }
}
