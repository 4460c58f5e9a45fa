//! Columns: how they are defined, and the sequences behind them.

use super::catalog::code::Code;
use super::catalog::object::Column;
use super::catalog::{Address, Id};
use super::run::{Result, Run, reject, state};
use crate::migrations::Name;
use crate::migrations::parse::column::{ColumnDefinition, ColumnItem, TableConstraint};
use crate::migrations::parse::sequence::SequenceOption;
use crate::model::{GrantObject, RelationKind};

/// A new column, and what has to wait until it is there.
pub(super) struct NewColumn {
    pub(super) column: Column,
    pub(super) default: Option<String>,
    pub(super) generated: Option<String>,
    pub(super) serial: bool,
    pub(super) identity: Option<Vec<SequenceOption>>,
    pub(super) constraints: Vec<TableConstraint>,
}

/// The type that stands behind a serial.
fn serial(name: &str) -> Option<&'static str> {
    match name {
        "serial" | "serial4" => Some("integer"),
        "bigserial" | "serial8" => Some("bigint"),
        "smallserial" | "serial2" => Some("smallint"),
        _ => None,
    }
}

impl Run {
    /// What a definition says; nothing is put into the catalog yet.
    pub(super) fn new_column(&mut self, definition: &ColumnDefinition) -> Result<NewColumn> {
        let mut new = NewColumn {
            column: Column::new(&definition.name, super::catalog::types::TypeRef::built_in("unknown"), self.origin),
            default: None,
            generated: None,
            serial: false,
            identity: None,
            constraints: Vec::new(),
        };
        if let Some(written) = &definition.data_type {
            let found = serial(&written.name.name).filter(|_| written.name.schema.is_none() && written.dimensions == 0);
            new.column.data_type = match found {
                Some(name) => super::catalog::types::TypeRef::built_in(name),
                None => self.type_ref(written)?,
            };
            new.serial = found.is_some();
            new.column.not_null = new.serial;
        }
        self.collate(&mut new.column, definition.collation.as_ref());
        for item in &definition.items {
            match item {
                ColumnItem::Nullable(nullable, name) => {
                    new.column.not_null |= !nullable;
                    new.column.not_null_name.clone_from(name);
                }
                ColumnItem::Default(text) => new.default = Some(text.text.clone()),
                ColumnItem::Generated(kind, text) => {
                    new.column.generated = Some(*kind);
                    new.generated = Some(text.text.clone());
                }
                ColumnItem::Identity(identity, options) => {
                    self.may_be_identity(&new.column.data_type)?;
                    new.column.identity = Some(*identity);
                    new.column.not_null = true;
                    new.identity = Some(options.clone());
                }
                ColumnItem::Constraint(constraint) => new.constraints.push((*constraint).clone()),
                ColumnItem::Other(_) => (),
            }
        }
        Ok(new)
    }

    pub(super) fn collate(&self, column: &mut Column, collation: Option<&Name>) {
        let Some(name) = collation else { return };
        let of_type = "default";
        let made = self.collations.iter().find(|((schema, own), _)| match &name.schema {
            Some(written) => (written, &name.name) == (schema, own),
            None => *own == name.name && self.path().iter().any(|id| self.catalog.namespace_name(*id) == schema),
        });
        column.collation = (name.name != of_type).then(|| match (made, &name.schema) {
            (Some(((schema, own), _)), _) => crate::model::QualifiedName::new(schema, own).to_string(),
            (None, Some(schema)) if schema != "pg_catalog" => name.to_string(),
            _ => crate::model::quote_ident(&name.name).into_owned(),
        });
        column.deterministic = made.is_none_or(|(_, deterministic)| *deterministic);
    }

    /// Puts a column at the end of a relation and does what had to wait, but for its constraints.
    pub(super) fn push_column(&mut self, relation: Id, column: Column) -> usize {
        let Some(row) = self.catalog.relations.edit(relation) else { return 0 };
        row.columns.push(column);
        row.columns.len() - 1
    }

    pub(super) fn finish_column(&mut self, relation: Id, place: usize, new: &NewColumn) -> Result {
        if new.serial {
            let sequence = self.column_sequence(relation, place, false, &[])?;
            let code = self.code_of_sequence(sequence);
            self.set_default(relation, place, Some(code));
        }
        if let Some(options) = &new.identity {
            self.column_sequence(relation, place, true, options)?;
        }
        if let Some(text) = &new.default
            && !text.trim().eq_ignore_ascii_case("null")
        {
            let code = self.code_of_default(relation, place, text)?;
            self.set_default(relation, place, Some(code));
        }
        if let Some(text) = &new.generated {
            let code = self.generation(relation, place, text)?;
            self.set_default(relation, place, Some(code));
        }
        Ok(())
    }

    pub(super) fn set_default(&mut self, relation: Id, place: usize, code: Option<Code>) {
        if let Some(column) = self.catalog.relations.edit(relation).and_then(|r| r.columns.get_mut(place)) {
            column.default = code;
        }
        self.touch(Address::column(relation, place));
    }

    /// The sequence of a serial or identity column.
    pub(super) fn column_sequence(
        &mut self,
        relation: Id,
        place: usize,
        identity: bool,
        options: &[SequenceOption],
    ) -> Result<Id> {
        let (table, schema) = self.table_name(relation);
        let column = self.catalog.column_name(relation, place);
        let written = options.iter().find_map(|o| if let SequenceOption::Name(name) = o { Some(name) } else { None });
        let (schema, name) = match written {
            Some(name) => {
                let schema = match &name.schema {
                    Some(schema) => self.namespace(schema)?,
                    None => schema,
                };
                (schema, name.name.clone())
            }
            None => (schema, self.relation_name(schema, &table, Some(&column), "seq", false)),
        };
        let mut row = self.new_relation(schema, &name, RelationKind::Sequence);
        let (owner, unlogged) = self.catalog.relations.get(relation).map(|r| (r.owner, r.unlogged)).unwrap_or_default();
        row.owner = owner;
        row.unlogged = unlogged && self.catalog.major >= 15;
        row.acl = self.catalog.starting_acl(GrantObject::Sequences, owner, Some(schema));
        row.owned_by = Some((relation, place, identity));
        let id = self.insert_relation(row);
        self.touch(id);
        Ok(id)
    }

    /// NOT NULL, which children share; not given to children that are none of ours when taken away.
    pub(super) fn set_not_null(
        &mut self,
        relation: Id,
        place: usize,
        on: bool,
        unproved: bool,
        constraint: Option<&str>,
    ) {
        let Some(column) = self.catalog.relations.edit(relation).and_then(|r| r.columns.get_mut(place)) else { return };
        let name = column.name.clone();
        if on && unproved && !column.not_null {
            column.unproved_not_null = true;
        } else if !unproved {
            column.unproved_not_null = false;
        }
        column.not_null = on;
        let name_of_constraint = match on {
            true => column.not_null_name.clone().or_else(|| constraint.map(str::to_owned)),
            false => None,
        };
        column.not_null_name = name_of_constraint;
        self.name_not_nulls(relation);
        let given = self.catalog.relations.get(relation).and_then(|r| r.columns.get(place)?.not_null_name.clone());
        self.touch(Address::column(relation, place));
        for child in self.children(relation) {
            if let Some(place) = self.find_place(child, &name) {
                self.set_not_null(child, place, on, unproved, given.as_deref());
            }
        }
    }

    /// Gives names to the NOT NULLs that have none; before 18 they are no constraints.
    pub(super) fn name_not_nulls(&mut self, relation: Id) {
        if self.catalog.major < 18 {
            return;
        }
        let Some(row) = self.catalog.relations.get(relation) else { return };
        let (table, schema) = (row.name.clone(), row.schema);
        let nameless = |c: &Column| !c.dropped && c.not_null && c.not_null_name.is_none();
        let columns: Vec<(usize, String)> =
            row.columns.iter().enumerate().filter(|(_, c)| nameless(c)).map(|(at, c)| (at, c.name.clone())).collect();
        for (place, column) in columns {
            let name = self.constraint_name(schema, &table, Some(&column), "not_null");
            if let Some(column) = self.catalog.relations.edit(relation).and_then(|r| r.columns.get_mut(place)) {
                column.not_null_name = Some(name);
            }
        }
    }

    /// Refuses a name for a new NOT NULL that another constraint has.
    fn free_not_null(&self, relation: Id, column: &Column) -> Result {
        let Some(name) = column.not_null_name.as_ref().filter(|_| self.catalog.major >= 18) else { return Ok(()) };
        if self.constraint_named(relation, name).is_some() || self.not_null_named(relation, name).is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("constraint `{name}` already exists"));
        }
        Ok(())
    }

    /// Refuses to take away a NOT NULL that a parent has.
    pub(super) fn may_become_nullable(&self, relation: Id, place: usize) -> Result {
        let Some(row) = self.catalog.relations.get(relation) else { return Ok(()) };
        let Some(column) = row.columns.get(place).filter(|_| self.catalog.major >= 18 || row.is_partition) else {
            return Ok(());
        };
        let of_parent = |parent: &Id| {
            let place = self.find_place(*parent, &column.name);
            let row = self.catalog.relations.get(*parent);
            place.is_some_and(|place| row.and_then(|r| r.columns.get(place)).is_some_and(|c| c.not_null))
        };
        match column.not_null && row.parents.iter().any(of_parent) {
            true => reject(state::INVALID_DEFINITION, format!("column `{}` is NOT NULL in a parent", column.name)),
            false => Ok(()),
        }
    }

    /// The column whose NOT NULL is a constraint of this name.
    pub(super) fn not_null_named(&self, relation: Id, name: &str) -> Option<usize> {
        let row = self.catalog.relations.get(relation).filter(|_| self.catalog.major >= 18)?;
        let named = |c: &Column| !c.dropped && c.not_null && c.not_null_name.as_deref() == Some(name);
        row.columns.iter().position(named)
    }

    pub(super) fn add_column(
        &mut self,
        relation: Id,
        definition: &ColumnDefinition,
        if_not_exists: bool,
        local: bool,
    ) -> Result {
        if let Some(place) = self.find_place(relation, &definition.name) {
            if if_not_exists {
                return Ok(());
            }
            if !local {
                // A child that has the column already shares it from now on.
                let data_type = self.new_column(definition)?.column.data_type;
                let own = self.catalog.relations.get(relation).and_then(|r| r.columns.get(place));
                if own.is_some_and(|own| own.data_type != data_type) {
                    let table = self.catalog.qualified(relation);
                    let message = format!("child `{table}` has another type for column `{}`", definition.name);
                    return reject(state::DATATYPE_MISMATCH, message);
                }
                if let Some(own) = self.catalog.relations.edit(relation).and_then(|r| r.columns.get_mut(place)) {
                    own.inherited = true;
                }
                return Ok(());
            }
            let table = self.catalog.qualified(relation);
            return reject(
                state::DUPLICATE_COLUMN,
                format!("column `{}` of relation `{table}` already exists", definition.name),
            );
        }
        let mut new = self.new_column(definition)?;
        self.free_not_null(relation, &new.column)?;
        if local {
            self.may_add_column(relation, new.identity.is_some())?;
        }
        new.column.local = local;
        new.column.inherited = !local;
        let place = self.push_column(relation, new.column.clone());
        self.name_not_nulls(relation);
        self.touch(relation);
        self.touch(Address::column(relation, place));
        let children = self.children(relation);
        for child in &children {
            self.add_column(*child, &without_constraints(definition), false, false)?;
        }
        if local || !new.serial {
            self.finish_column(relation, place, &new)?;
        }
        if local {
            for constraint in &new.constraints {
                self.add_constraint(relation, Some(place), constraint, false)?;
            }
        }
        Ok(())
    }
}

/// Children get their parents' constraints from the parents.
fn without_constraints(definition: &ColumnDefinition) -> ColumnDefinition {
    let mut plain = definition.clone();
    plain.items.retain(|item| !matches!(item, ColumnItem::Constraint(_)));
    plain
}
