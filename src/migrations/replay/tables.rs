//! CREATE TABLE of all forms.

use super::Object;
use super::catalog::Id;
use super::catalog::names::Space;
use super::catalog::object::{Column, ConstraintKind, IndexKey, TypeKind};
use super::catalog::types::Base;
use super::columns::NewColumn;
use super::like::Like;
use super::run::{Result, Run, reject, state};
use crate::migrations::Name;
use crate::migrations::lex;
use crate::migrations::names;
use crate::migrations::parse::column::{ConstraintBody, TableConstraint};
use crate::migrations::parse::cursor::Fragment;
use crate::migrations::parse::table::CreateTable;
use crate::model::{GrantObject, RelationKind};

impl Run {
    pub(super) fn create_table(&mut self, create: &CreateTable) -> Result {
        let schema = match create.temporary {
            true => self.temporary_namespace(),
            false => self.schema_for_new(create.name.schema.as_deref())?,
        };
        let name = &create.name.name;
        if create.if_not_exists && self.catalog.names.find(Space::Relation, schema, name).is_some() {
            return Ok(());
        }
        self.free_name(schema, name, true)?;
        let kind = match () {
            () if create.server.is_some() => RelationKind::ForeignTable,
            () if create.partition_by.is_some() => RelationKind::PartitionedTable,
            () => RelationKind::Table,
        };
        let mut row = self.new_relation(schema, name, kind);
        row.unlogged = create.unlogged;
        row.acl = self.catalog.starting_acl(GrantObject::Tables, row.owner, Some(schema));
        if let Some(server) = &create.server {
            row.server = Some(self.global(Space::Server, server, "server")?);
        }
        if let Some(query) = &create.query {
            let names: Vec<String> = create.columns.iter().map(|c| c.name.clone()).collect();
            let (code, columns) = self.columns_of_query(&query.text, &names)?;
            self.may_read(&code)?;
            row.columns = columns;
            let id = self.insert_table(row);
            self.touch(id);
            return Ok(());
        }
        let parents = self.parents(create)?;
        row.is_partition = create.partition_of.is_some();
        row.parents.clone_from(&parents);
        for parent in &parents {
            self.must_own(*parent)?;
            self.may_be_parent(*parent, row.is_partition)?;
            let inherited = self.inherited_columns(*parent, row.is_partition);
            merge(&mut row.columns, inherited)?;
        }
        if let (Some((_, bound)), Some(parent)) = (&create.partition_of, parents.first()) {
            row.bound = self.bound_of_partition(*parent, &bound.text)?;
        }
        if let Some(of_type) = &create.of_type {
            row.columns.extend(self.columns_of_type(of_type)?);
        }
        let likes = self.likes(&create.like)?;
        let mut new = Vec::with_capacity(create.columns.len());
        for definition in &create.columns {
            new.push(self.new_column(definition)?);
        }
        let places = self.lay_out(&mut row.columns, &new, &likes)?;
        if let Some(by) = &create.partition_by {
            row.partition_key = columns_in(&by.text, &row.columns);
            row.partition_by = super::bounds::partition_by(&by.text);
        }
        let id = self.insert_table(row);
        self.touch(id);
        let done = self.finish_table(id, create, &new, &places, &likes);
        if done.is_err() {
            // A table is made as a whole or not at all.
            let object = Object::Relation(self.catalog.qualified(id));
            self.drop_all(vec![id.into()], true)?;
            self.note_made(&object);
        }
        done
    }

    fn insert_table(&mut self, row: super::catalog::object::Relation) -> Id {
        let id = self.insert_relation(row);
        self.name_not_nulls(id);
        let object = Object::Relation(self.catalog.qualified(id));
        self.note_made(&object);
        id
    }

    pub(super) fn is_taken(&self, schema: Id, name: &str) -> bool {
        [Space::Relation, Space::Type].iter().any(|space| self.catalog.names.find(*space, schema, name).is_some())
    }

    /// Refuses a name for a new relation that another has; with rows, it is a type's name too.
    pub(super) fn free_name(&self, schema: Id, name: &str, rows: bool) -> Result {
        let named = self.catalog.names.find(Space::Type, schema, name).and_then(|id| self.catalog.types.get(id));
        // A composite type is a relation without rows.
        let composite = named.is_some_and(|t| matches!(t.kind, super::catalog::object::TypeKind::Composite(_)));
        if composite || self.catalog.names.find(Space::Relation, schema, name).is_some() {
            return reject(state::DUPLICATE_TABLE, format!("relation `{name}` already exists"));
        }
        if rows && named.is_some() {
            return reject(state::DUPLICATE_OBJECT, format!("type `{name}` already exists"));
        }
        Ok(())
    }

    fn parents(&mut self, create: &CreateTable) -> Result<Vec<Id>> {
        let names = create.inherits.iter().chain(create.partition_of.iter().map(|(parent, _)| parent));
        names.map(|name| self.relation(name)).collect()
    }

    /// What a child gets of its parent's columns.
    fn inherited_columns(&self, parent: Id, partition: bool) -> Vec<Column> {
        let Some(row) = self.catalog.relations.get(parent) else { return Vec::new() };
        let mut columns: Vec<Column> = row.columns.iter().filter(|c| !c.dropped).cloned().collect();
        for column in &mut columns {
            column.acl = None;
            column.local = false;
            column.inherited = true;
            column.origin = self.origin;
            // Before 17 partitions do not share the identity of their parent.
            if !(partition && self.catalog.major >= 17) {
                column.identity = None;
            }
        }
        columns
    }

    fn columns_of_type(&mut self, name: &Name) -> Result<Vec<Column>> {
        let id = self.made_type(name)?;
        let Some(TypeKind::Composite(fields)) = self.catalog.types.get(id).map(|t| &t.kind) else {
            return reject(state::WRONG_OBJECT_TYPE, format!("type `{name}` is not a composite type"));
        };
        Ok(fields.iter().map(|(name, data_type)| Column::new(name, data_type.clone(), self.origin)).collect())
    }

    /// Puts own and copied columns behind the inherited ones; the places of the own ones.
    fn lay_out(&mut self, columns: &mut Vec<Column>, new: &[NewColumn], likes: &[Like]) -> Result<Vec<usize>> {
        let mut places = Vec::with_capacity(new.len());
        for at in 0..=new.len() {
            for like in likes.iter().filter(|l| l.after == at) {
                let copies = self.copied_columns(like);
                columns.extend(copies);
            }
            let Some(new) = new.get(at) else { break };
            match columns.iter().position(|c| c.name == new.column.name) {
                Some(place) => {
                    let Some(old) = columns.get_mut(place).filter(|c| !c.local) else {
                        let message = format!("column `{}` specified more than once", new.column.name);
                        return reject(state::DUPLICATE_COLUMN, message);
                    };
                    same_type(old, &new.column)?;
                    old.local = true;
                    old.not_null |= new.column.not_null;
                    old.not_null_name = old.not_null_name.take().or_else(|| new.column.not_null_name.clone());
                    old.identity = new.column.identity.or(old.identity);
                    old.generated = new.column.generated.or(old.generated);
                    places.push(place);
                }
                None => {
                    columns.push(new.column.clone());
                    places.push(columns.len() - 1);
                }
            }
        }
        Ok(places)
    }

    fn finish_table(
        &mut self,
        id: Id,
        create: &CreateTable,
        new: &[NewColumn],
        places: &[usize],
        likes: &[Like],
    ) -> Result {
        if let Some(by) = &create.partition_by {
            self.may_be_partition_key(id, &by.text)?;
        }
        for (new, place) in new.iter().zip(places) {
            self.finish_column(id, *place, new)?;
        }
        for like in likes {
            self.copy_parts(id, like)?;
        }
        let at_columns = new.iter().zip(places).flat_map(|(n, place)| n.constraints.iter().map(|c| (Some(*place), c)));
        let all: Vec<(Option<usize>, &TableConstraint)> =
            at_columns.chain(create.constraints.iter().map(|c| (None, c))).collect();
        self.inherit_parts(id, create.partition_of.is_some())?;
        // In the order in which Postgres adds them, for the names that it gives.
        for rank in 0..5 {
            for (place, constraint) in all.iter().filter(|(_, c)| rank_of(c) == rank) {
                if rank == 2 && self.repeats_a_key(id, *place, constraint) {
                    continue;
                }
                self.add_constraint(id, *place, constraint, false)?;
            }
        }
        Ok(())
    }

    /// Whether a UNIQUE asks for nothing that the table does not have.
    fn repeats_a_key(&self, relation: Id, column: Option<usize>, written: &TableConstraint) -> bool {
        let ConstraintBody::Unique(columns, not_distinct) = &written.kind else { return false };
        let places: Option<Vec<usize>> = match column {
            Some(place) if columns.is_empty() => Some(vec![place]),
            _ => columns.iter().map(|c| self.find_place(relation, c)).collect(),
        };
        let Some(places) = places else { return false };
        let same = self.catalog.constraints.of(relation, |c| {
            c.columns == places
                && match c.kind {
                    ConstraintKind::PrimaryKey => !not_distinct,
                    ConstraintKind::Unique(other) => other == *not_distinct,
                    _ => false,
                }
                && c.deferrable == written.deferrable
                && (written.name.is_none() || written.name.as_deref() == Some(&c.name))
        });
        !same.is_empty()
    }

    /// CREATE INDEX needs a relation's column; SELECT INTO and CREATE TABLE AS know them only through the query.
    pub(super) fn select_into(&mut self, name: &Name, query: &Fragment) -> Result {
        let schema = self.schema_for_new(name.schema.as_deref())?;
        self.free_name(schema, &name.name, true)?;
        let mut row = self.new_relation(schema, &name.name, RelationKind::Table);
        row.acl = self.catalog.starting_acl(GrantObject::Tables, row.owner, Some(schema));
        let (code, columns) = self.columns_of_query(&without_into(&query.text), &[])?;
        self.may_read(&code)?;
        row.columns = columns;
        let id = self.insert_table(row);
        self.touch(id);
        Ok(())
    }

    /// Whether an index key is a plain column.
    pub(super) fn key_place(key: &IndexKey) -> Option<usize> {
        if let IndexKey::Column(place) = key { Some(*place) } else { None }
    }
}

/// A query without the INTO that names its new table.
fn without_into(text: &str) -> String {
    let tokens = lex::tokens(text, 0..text.len());
    let word = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default().to_ascii_lowercase();
    let Some(into) = (0..tokens.len()).find(|at| word(*at) == "into") else { return text.to_owned() };
    let mut end = into + 1;
    while matches!(word(end).as_str(), "temporary" | "temp" | "unlogged" | "table") {
        end += 1;
    }
    while word(end + 1) == "." {
        end += 2;
    }
    let (Some(from), Some(to)) = (tokens.get(into), tokens.get(end)) else { return text.to_owned() };
    let (before, after) = (text.get(..from.start).unwrap_or_default(), text.get(to.end..).unwrap_or_default());
    format!("{before} {after}")
}

/// Columns of several parents with one name are one.
fn merge(columns: &mut Vec<Column>, more: Vec<Column>) -> Result {
    for column in more {
        match columns.iter_mut().find(|c| c.name == column.name) {
            Some(same) => {
                same_type(same, &column)?;
                same.not_null |= column.not_null;
                same.not_null_name = same.not_null_name.take().or(column.not_null_name);
            }
            None => columns.push(column),
        }
    }
    Ok(())
}

/// The places of the columns that a partition key names.
fn columns_in(key: &str, columns: &[Column]) -> Vec<usize> {
    let tokens = lex::tokens(key, 0..key.len());
    let inner = tokens.iter().skip_while(|t| t.kind != lex::Kind::Punct(b'('));
    let names = inner.filter_map(|t| names::identifier(t.kind, key.get(t.range())?));
    names.filter_map(|name| columns.iter().position(|c| c.name == name && !c.dropped)).collect()
}

/// Columns that become one have one type.
fn same_type(one: &Column, other: &Column) -> Result {
    let unknown = |c: &Column| c.data_type.is("unknown") || matches!(c.data_type.base, Base::Unknown(_));
    if one.data_type != other.data_type && !unknown(one) && !unknown(other) {
        return reject(state::DATATYPE_MISMATCH, format!("column `{}` has a type conflict", one.name));
    }
    Ok(())
}

/// When Postgres adds a constraint of CREATE TABLE.
fn rank_of(constraint: &TableConstraint) -> usize {
    match constraint.kind {
        ConstraintBody::Check(_) | ConstraintBody::NotNull(_) => 0,
        ConstraintBody::PrimaryKey(_) => 1,
        ConstraintBody::Unique(..) => 2,
        ConstraintBody::UsingIndex(..) | ConstraintBody::Exclude(_) => 3,
        ConstraintBody::ForeignKey(_) => 4,
    }
}

/// A constraint that says nothing beyond its columns.
pub(super) fn unnamed() -> TableConstraint {
    TableConstraint {
        name: None,
        kind: ConstraintBody::PrimaryKey(Vec::new()),
        include: Vec::new(),
        not_valid: false,
        not_enforced: false,
        no_inherit: false,
        deferrable: false,
        initially_deferred: false,
        text: Fragment { text: String::new(), range: 0..0 },
    }
}
