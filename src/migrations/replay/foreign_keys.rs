//! Foreign keys, on partitions too.

use super::catalog::Id;
use super::catalog::names::Space;
use super::catalog::object::{Constraint, ConstraintKind, ForeignKey, Index, IndexKey};
use super::naming::joined;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::column::{ForeignKeyBody, TableConstraint};
use crate::model::{Privilege, RelationKind};

impl Run {
    pub(super) fn add_foreign_key(
        &mut self,
        relation: Id,
        written: &TableConstraint,
        places: Vec<usize>,
        key: &ForeignKeyBody,
    ) -> Result {
        let target = self.relation(&key.relation)?;
        let kind = self.catalog.relations.get(target).map(|r| r.kind);
        if !matches!(kind, Some(RelationKind::Table | RelationKind::PartitionedTable)) {
            let message = format!("referenced relation `{}` is not a table", key.relation);
            return reject(state::WRONG_OBJECT_TYPE, message);
        }
        let referenced = self.referenced(target, key)?;
        if referenced.len() != places.len() {
            return reject(
                state::INVALID_FOREIGN_KEY,
                "number of referencing and referenced columns for foreign key disagree",
            );
        }
        let types = |run: &Self, relation, places: &[usize]| {
            let row = run.catalog.relations.get(relation);
            places.iter().filter_map(|p| Some(row?.columns.get(*p)?.data_type.clone())).collect::<Vec<_>>()
        };
        for (from, to) in types(self, relation, &places).iter().zip(&types(self, target, &referenced)) {
            self.may_refer(from, to)?;
        }
        self.may_do_to_columns(target, &referenced, Privilege::References)?;
        let rests_on = self.key_on(target, &referenced);
        let unknown = self.catalog.relations.get(target).is_some_and(|r| r.unknown);
        if rests_on.is_none() && !unknown {
            let table = self.catalog.qualified(target);
            return reject(
                state::INVALID_FOREIGN_KEY,
                format!("there is no unique constraint matching given keys for referenced table `{table}`"),
            );
        }
        let delete_set = self.places(relation, &key.delete_set_columns)?;
        let foreign = ForeignKey {
            relation: target,
            columns: referenced,
            key: rests_on,
            on_update: key.on_update,
            on_delete: key.on_delete,
            delete_set,
            match_full: key.match_full,
        };
        self.insert_foreign_key(relation, written, places, &foreign, None);
        Ok(())
    }

    pub(super) fn insert_foreign_key(
        &mut self,
        relation: Id,
        written: &TableConstraint,
        places: Vec<usize>,
        foreign: &ForeignKey,
        parent: Option<(Id, &str)>,
    ) {
        let (table, schema) = self.table_name(relation);
        let free = |run: &Self, name: &str| run.catalog.names.find(Space::Constraint, relation, name).is_none();
        let wanted = parent.map(|(_, name)| name.to_owned()).or_else(|| written.name.clone());
        let name = wanted.filter(|name| free(self, name)).unwrap_or_else(|| {
            let names = self.catalog.column_names(relation, &places);
            self.constraint_name(schema, &table, Some(&joined(&names)), "fkey")
        });
        let kind = ConstraintKind::ForeignKey(foreign.clone());
        let mut row = Constraint::new(relation, name.clone(), kind, places.clone(), self.origin).attributes_of(written);
        row.inherited.extend(parent.map(|(id, _)| id));
        row.local = parent.is_none();
        let id = self.insert_constraint(row);
        for child in self.partitions(relation) {
            let moved = self.moved_places(relation, child, &places);
            self.insert_foreign_key(child, written, moved, foreign, Some((id, &name)));
        }
    }

    pub(super) fn referenced(&mut self, target: Id, key: &ForeignKeyBody) -> Result<Vec<usize>> {
        if !key.referenced.is_empty() {
            return self.places(target, &key.referenced);
        }
        if let Some(primary) = self.primary_key(target) {
            return Ok(self.catalog.constraints.get(primary).map(|c| c.columns.clone()).unwrap_or_default());
        }
        if self.catalog.relations.get(target).is_some_and(|r| r.unknown) {
            return self.places(target, &["id".to_owned()]);
        }
        let table = self.catalog.qualified(target);
        reject(state::UNDEFINED_OBJECT, format!("there is no primary key for referenced table `{table}`"))
    }

    /// The unique index whose columns these are, in any order.
    pub(super) fn key_on(&self, relation: Id, columns: &[usize]) -> Option<Id> {
        let mut wanted = columns.to_vec();
        wanted.sort_unstable();
        let fits = |i: &Index| {
            let keys = i.keys.iter().map(|k| if let IndexKey::Column(place) = k { Some(*place) } else { None });
            let Some(mut keys) = keys.collect::<Option<Vec<_>>>() else { return false };
            keys.sort_unstable();
            i.unique && i.predicate.is_none() && keys == wanted
        };
        self.catalog.indexes.of(relation, fits).first().copied()
    }
}
