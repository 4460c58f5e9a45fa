//! Constraints of tables and domains, and the keys' indexes.

use super::catalog::Id;
use super::catalog::code::Code;
use super::catalog::names::Space;
use super::catalog::object::{Constraint, ConstraintKind, Index, IndexKey};
use super::naming::joined;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::column::{ConstraintBody, TableConstraint};
use crate::model::Origin;

impl Constraint {
    pub(super) fn new(on: Id, name: String, kind: ConstraintKind, columns: Vec<usize>, origin: Origin) -> Self {
        Self {
            on,
            name,
            kind,
            columns,
            validated: true,
            enforced: true,
            deferrable: false,
            initially_deferred: false,
            no_inherit: false,
            index: None,
            inherited: Vec::new(),
            local: true,
            origin,
        }
    }

    pub(super) fn attributes_of(mut self, written: &TableConstraint) -> Self {
        self.validated = !written.not_valid && !written.not_enforced;
        self.enforced = !written.not_enforced;
        self.deferrable = written.deferrable;
        self.initially_deferred = written.initially_deferred;
        self.no_inherit = written.no_inherit;
        self
    }

    pub(super) fn is_key(&self) -> bool {
        matches!(self.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique(_))
    }
}

impl Run {
    fn schema_of(&self, on: Id) -> Id {
        let relation = self.catalog.relations.get(on).map(|r| r.schema);
        relation.or_else(|| self.catalog.types.get(on).map(|t| t.schema)).unwrap_or_default()
    }

    pub(super) fn insert_constraint(&mut self, constraint: Constraint) -> Id {
        let id = self.catalog.fresh();
        let schema = self.schema_of(constraint.on);
        self.catalog.names.add(Space::Constraint, constraint.on, &constraint.name, id);
        self.catalog.names.add(Space::ConstraintName, schema, &constraint.name, id);
        self.catalog.constraints.insert(id, constraint);
        self.touch(id);
        id
    }

    pub(super) fn remove_constraint(&mut self, id: Id) {
        self.touch(id);
        let Some(row) = self.catalog.constraints.remove(id) else { return };
        let schema = self.schema_of(row.on);
        self.catalog.names.remove(Space::Constraint, row.on, &row.name, id);
        self.catalog.names.remove(Space::ConstraintName, schema, &row.name, id);
    }

    pub(super) fn rename_constraint_row(&mut self, id: Id, to: &str) {
        let Some(row) = self.catalog.constraints.get(id) else { return };
        let (on, from) = (row.on, row.name.clone());
        let schema = self.schema_of(on);
        for (space, parent) in [(Space::Constraint, on), (Space::ConstraintName, schema)] {
            self.catalog.names.remove(space, parent, &from, id);
            self.catalog.names.add(space, parent, to, id);
        }
        let origin = self.origin;
        if let Some(row) = self.catalog.constraints.edit(id) {
            to.clone_into(&mut row.name);
            row.origin = origin;
        }
        self.touch(id);
    }

    pub(super) fn constraints_of(&self, on: Id) -> Vec<Id> {
        self.catalog.constraints.of(on, |_| true)
    }

    /// A constraint of a table; `column` is the place of the column that it stands at. Children get it too.
    pub(super) fn add_constraint(
        &mut self,
        relation: Id,
        column: Option<usize>,
        written: &TableConstraint,
        only: bool,
    ) -> Result {
        if let Some(name) = &written.name
            && (self.constraint_named(relation, name).is_some() || self.not_null_named(relation, name).is_some())
        {
            let table = self.catalog.qualified(relation);
            let message = format!("constraint `{name}` for relation `{table}` already exists");
            return reject(state::DUPLICATE_OBJECT, message);
        }
        match &written.kind {
            ConstraintBody::Check(text) => {
                let code = self.plain_condition(relation, &text.text)?;
                self.add_check(relation, written, &code, None, only)
            }
            ConstraintBody::NotNull(name) => {
                let place = match (column, name.is_empty()) {
                    (Some(place), true) => place,
                    _ => self.place(relation, name)?,
                };
                self.set_not_null(relation, place, true, written.not_valid, written.name.as_deref());
                Ok(())
            }
            ConstraintBody::PrimaryKey(columns) => {
                let places = self.key_places(relation, column, columns)?;
                if self.primary_key(relation).is_some() {
                    let table = self.catalog.qualified(relation);
                    return reject(
                        state::INVALID_DEFINITION,
                        format!("multiple primary keys for table `{table}` are not allowed"),
                    );
                }
                for place in &places {
                    self.set_not_null(relation, *place, true, false, None);
                }
                let parts = if only { Vec::new() } else { self.partitions(relation) };
                self.add_key(relation, written, places, ConstraintKind::PrimaryKey, None, &parts).map(drop)
            }
            ConstraintBody::Unique(columns, not_distinct) => {
                let places = self.key_places(relation, column, columns)?;
                let parts = if only { Vec::new() } else { self.partitions(relation) };
                self.add_key(relation, written, places, ConstraintKind::Unique(*not_distinct), None, &parts).map(drop)
            }
            ConstraintBody::UsingIndex(primary, index) => self.key_from_index(relation, written, *primary, index),
            ConstraintBody::Exclude(text) => self.add_exclusion(relation, written, &text.text),
            ConstraintBody::ForeignKey(key) => {
                let places = self.key_places(relation, column, &key.columns)?;
                self.add_foreign_key(relation, written, places, key)
            }
        }
    }

    fn key_places(&mut self, relation: Id, column: Option<usize>, columns: &[String]) -> Result<Vec<usize>> {
        match column {
            Some(place) if columns.is_empty() => Ok(vec![place]),
            _ => {
                let twice = columns.iter().enumerate().find(|(at, name)| columns.iter().take(*at).any(|n| n == *name));
                if let Some((_, name)) = twice {
                    return reject(state::DUPLICATE_COLUMN, format!("column `{name}` appears twice in the key"));
                }
                self.places(relation, columns)
            }
        }
    }

    pub(super) fn primary_key(&self, relation: Id) -> Option<Id> {
        let primary = |c: &Constraint| matches!(c.kind, ConstraintKind::PrimaryKey);
        self.catalog.constraints.of(relation, primary).first().copied()
    }

    fn add_check(
        &mut self,
        relation: Id,
        written: &TableConstraint,
        code: &Code,
        parent: Option<(Id, &str)>,
        only: bool,
    ) -> Result {
        let columns = self.columns_used(relation, code);
        let (table, schema) = self.table_name(relation);
        let name = match (parent, &written.name) {
            (Some((_, name)), _) => name.to_owned(),
            (None, Some(name)) => name.clone(),
            (None, None) => {
                let column = columns.first().filter(|_| columns.len() == 1);
                let column = column.map(|place| self.catalog.column_name(relation, *place));
                self.constraint_name(schema, &table, column.as_deref(), "check")
            }
        };
        if let (Some((parent, _)), Some(same)) = (parent, self.catalog.names.find(Space::Constraint, relation, &name)) {
            if let Some(row) = self.catalog.constraints.edit(same) {
                row.inherited.push(parent);
            }
            return Ok(());
        }
        let mut row =
            Constraint::new(relation, name.clone(), ConstraintKind::Check(code.clone()), columns, self.origin)
                .attributes_of(written);
        if let Some((parent, _)) = parent {
            row.inherited.push(parent);
            row.local = false;
        }
        let id = self.insert_constraint(row);
        if written.no_inherit || only {
            return Ok(());
        }
        for child in self.children(relation) {
            let moved = self.code_in_child(relation, child, code);
            self.add_check(child, written, &moved, Some((id, &name)), false)?;
        }
        Ok(())
    }

    pub(super) fn table_name(&self, relation: Id) -> (String, Id) {
        self.catalog.relations.get(relation).map(|r| (r.name.clone(), r.schema)).unwrap_or_default()
    }

    /// Adds a key with its index, to partitions too.
    pub(super) fn add_key(
        &mut self,
        relation: Id,
        written: &TableConstraint,
        columns: Vec<usize>,
        kind: ConstraintKind,
        parent: Option<(Id, Option<Id>)>,
        partitions: &[Id],
    ) -> Result<Id> {
        self.holds_partition_key(relation, &columns)?;
        self.must_compare_columns(relation, &columns, "btree")?;
        let (table, schema) = self.table_name(relation);
        let primary = matches!(kind, ConstraintKind::PrimaryKey);
        let include = self.places(relation, &written.include)?;
        let mut names = self.catalog.column_names(relation, &columns);
        names.extend_from_slice(&written.include);
        let name = match (&written.name, primary) {
            (Some(name), _) if parent.is_none() => name.clone(),
            (_, true) => self.relation_name(schema, &table, None, "pkey", true),
            (_, false) => self.relation_name(schema, &table, Some(&joined(&names)), "key", true),
        };
        if self.catalog.names.find(Space::Relation, schema, &name).is_some() {
            return reject(state::DUPLICATE_TABLE, format!("relation `{name}` already exists"));
        }
        let index = self.insert_index(Index {
            relation,
            name: name.clone(),
            keys: columns.iter().map(|place| IndexKey::Column(*place)).collect(),
            include,
            unique: true,
            nulls_not_distinct: matches!(kind, ConstraintKind::Unique(true)),
            predicate: None,
            // One on a partitioned table alone is valid when all partitions have theirs.
            valid: !partitions.is_empty() || self.partitions(relation).is_empty(),
            method: "btree".to_owned(),
            parent: parent.and_then(|(_, index)| index),
            origin: self.origin,
        });
        let mut row =
            Constraint::new(relation, name, kind.clone(), columns.clone(), self.origin).attributes_of(written);
        row.index = Some(index);
        row.inherited.extend(parent.map(|(id, _)| id));
        row.local = parent.is_none();
        let id = self.insert_constraint(row);
        for child in partitions {
            let moved = self.moved_places(relation, *child, &columns);
            let parts = self.partitions(*child);
            self.add_key(*child, written, moved, kind.clone(), Some((id, Some(index))), &parts)?;
        }
        Ok(id)
    }

    fn key_from_index(&mut self, relation: Id, written: &TableConstraint, primary: bool, index: &str) -> Result {
        let (_, schema) = self.table_name(relation);
        let found = self.catalog.names.find(Space::Relation, schema, index);
        let Some((id, row)) = found.and_then(|id| Some((id, self.catalog.indexes.get(id)?.clone()))) else {
            return reject(state::UNDEFINED_OBJECT, format!("index `{index}` does not exist"));
        };
        let columns: Vec<usize> =
            row.keys.iter().filter_map(|k| if let IndexKey::Column(place) = k { Some(*place) } else { None }).collect();
        let name = written.name.clone().unwrap_or_else(|| row.name.clone());
        if name != row.name {
            self.rename_index(id, &name)?;
        }
        if primary {
            for place in &columns {
                self.set_not_null(relation, *place, true, false, None);
            }
        }
        let kind = if primary { ConstraintKind::PrimaryKey } else { ConstraintKind::Unique(row.nulls_not_distinct) };
        let mut row = Constraint::new(relation, name, kind, columns, self.origin).attributes_of(written);
        row.index = Some(id);
        self.insert_constraint(row);
        Ok(())
    }

    fn add_exclusion(&mut self, relation: Id, written: &TableConstraint, text: &str) -> Result {
        let (table, schema) = self.table_name(relation);
        let exclusion = self.exclusion(relation, text)?;
        let names: Vec<String> = exclusion.keys.iter().map(|k| self.key_name(relation, k)).collect();
        let name = match &written.name {
            Some(name) => name.clone(),
            None => self.relation_name(schema, &table, Some(&joined(&names)), "excl", true),
        };
        let columns =
            exclusion.keys.iter().filter_map(|k| if let IndexKey::Column(place) = k { Some(*place) } else { None });
        let columns: Vec<usize> = columns.collect();
        let index = self.insert_index(Index { name: name.clone(), ..exclusion });
        let code = self.code_of_exclusion(relation, text);
        let mut row = Constraint::new(relation, name, ConstraintKind::Exclusion(code), columns, self.origin)
            .attributes_of(written);
        row.index = Some(index);
        self.insert_constraint(row);
        Ok(())
    }

    /// The columns of `relation` that code speaks of, in the order in which it does.
    pub(super) fn columns_used(&self, relation: Id, code: &Code) -> Vec<usize> {
        let mut places = Vec::new();
        for place in code.uses.iter().filter(|a| a.id == relation).filter_map(|a| a.column.checked_sub(1)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    pub(super) fn constraint_named(&self, on: Id, name: &str) -> Option<Id> {
        self.catalog.names.find(Space::Constraint, on, name)
    }

    pub(super) fn missing_constraint<T>(&self, on: Id, name: &str) -> Result<T> {
        let table = self.catalog.qualified(on);
        reject(state::UNDEFINED_OBJECT, format!("constraint `{name}` of relation `{table}` does not exist"))
    }
}
