//! Rows that a database takes: what a witness leaves open is filled in, and the rows that foreign keys demand are added.

use std::collections::BTreeMap;
use std::fmt;

use super::invent;
use crate::model::{
    Column, Constraint, ConstraintKind, ForeignKey, Identity, QualifiedName, Relation, Schema, quote_ident,
    quote_literal,
};

/// Values of columns as text; `None` is NULL.
pub(super) type Cells = BTreeMap<String, Option<String>>;

/// A row to insert with all rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The relation.
    pub relation: QualifiedName,
    /// Its values; other columns take their defaults.
    pub values: BTreeMap<String, Option<String>>,
    /// Whether it gives an identity column a value of its own.
    pub(super) overriding: bool,
}

impl Insert {
    pub(super) fn new(relation: &Relation, values: Cells) -> Self {
        let always = |c: &&Column| c.identity == Some(Identity::Always) && values.contains_key(&c.name);
        let overriding = relation.columns.iter().any(|c| always(&c));
        Self { relation: relation.name.clone(), values, overriding }
    }
}

/// As a statement without its semicolon.
impl fmt::Display for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.values.is_empty() {
            return write!(f, "insert into {} default values", self.relation);
        }
        let columns: Vec<_> = self.values.keys().map(|c| quote_ident(c)).collect();
        let values: Vec<_> = self.values.values().map(|v| literal(v.as_deref())).collect();
        let overriding = if self.overriding { " overriding system value" } else { "" };
        write!(f, "insert into {} ({}){overriding} values ({})", self.relation, columns.join(", "), values.join(", "))
    }
}

/// A value as SQL; its type is that of the column.
pub(super) fn literal(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), quote_literal)
}

/// A row under construction.
#[derive(Debug)]
struct Planned<'a> {
    relation: &'a Relation,
    cells: Cells,
}

/// How far parents of parents are followed.
const DEPTH: usize = 8;

/// Collects the rows of a script.
#[derive(Debug)]
pub(super) struct Filler<'a> {
    schema: &'a Schema,
    rows: Vec<Planned<'a>>,
    /// Parents that were added, by the row that they are for: they come first.
    parents: Vec<Planned<'a>>,
    next: u32,
}

impl<'a> Filler<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema, rows: Vec::new(), parents: Vec::new(), next: 0 }
    }

    /// Adds a row of the witness; its place.
    pub(super) fn row(&mut self, relation: &'a Relation, cells: Cells) -> usize {
        self.rows.push(Planned { relation, cells });
        self.rows.len() - 1
    }

    /// What is known of a row.
    pub(super) fn cells(&self, place: usize) -> Cells {
        self.rows.get(place).map(|row| row.cells.clone()).unwrap_or_default()
    }

    /// A row that is not stored by us, filled in as far as the relation demands; its parents are added.
    pub(super) fn completed(&mut self, relation: &'a Relation, mut cells: Cells, is_insert: bool) -> Cells {
        if is_insert {
            self.complete(relation, &mut cells);
        }
        self.add_parents(relation, &cells, 0);
        cells
    }

    /// All rows, those that others refer to first.
    pub(super) fn finish(mut self) -> Vec<Insert> {
        let mut rows = std::mem::take(&mut self.rows);
        for row in &mut rows {
            let mut cells = std::mem::take(&mut row.cells);
            self.complete(row.relation, &mut cells);
            row.cells = cells;
        }
        self.rows = rows;
        for at in 0..self.rows.len() {
            let Some((relation, cells)) = self.rows.get(at).map(|r| (r.relation, r.cells.clone())) else { continue };
            self.add_parents(relation, &cells, 0);
        }
        let all: Vec<_> = self.parents.into_iter().chain(self.rows).collect();
        sorted(all).into_iter().map(|row| Insert::new(row.relation, row.cells)).collect()
    }

    /// Gives values to the columns that must have one.
    fn complete(&mut self, relation: &Relation, cells: &mut Cells) {
        for column in &relation.columns {
            if column.generated.is_some() {
                cells.remove(&column.name);
                continue;
            }
            if cells.contains_key(&column.name) || column.identity.is_some() {
                continue;
            }
            let refers = keys(relation).any(|(c, _)| c.columns.contains(&column.name));
            let default = column.default.as_deref();
            // A default that asks the session, or that refers to some row, says nothing here.
            let is_plain = |d: &str| !refers && !["auth.", "current_setting", "request."].iter().any(|w| d.contains(w));
            match default {
                Some(default) if is_plain(default) => {}
                None if column.nullable => {}
                Some(_) if column.nullable => drop(cells.insert(column.name.clone(), None)),
                _ => {
                    self.next += 1;
                    let value = invent::value(column, relation, self.schema, self.next);
                    cells.insert(column.name.clone(), value);
                }
            }
        }
    }

    /// Adds the rows that a row's foreign keys refer to, unless they are there.
    fn add_parents(&mut self, relation: &Relation, cells: &Cells, depth: usize) {
        if depth > DEPTH {
            return;
        }
        for (constraint, key) in keys(relation) {
            let values: Option<Vec<_>> = constraint.columns.iter().map(|c| cells.get(c).cloned().flatten()).collect();
            let (Some(values), Some(parent)) = (values, self.schema.relation(&key.relation)) else { continue };
            let wanted: Cells = key.columns.iter().cloned().zip(values.into_iter().map(Some)).collect();
            let is_it = |row: &Planned<'_>| {
                row.relation.name == parent.name && wanted.iter().all(|(c, v)| row.cells.get(c) == Some(v))
            };
            if self.rows.iter().chain(&self.parents).any(is_it) {
                continue;
            }
            let mut cells = wanted;
            self.complete(parent, &mut cells);
            // Taken in before its own parents, so that a circle of references ends.
            self.parents.push(Planned { relation: parent, cells: cells.clone() });
            self.add_parents(parent, &cells, depth + 1);
        }
    }
}

fn keys(relation: &Relation) -> impl Iterator<Item = (&Constraint, &ForeignKey)> {
    relation.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::ForeignKey(key) if c.enforced => Some((c, key)),
        _ => None,
    })
}

/// Whether `child` refers to `parent` by a foreign key.
fn refers(child: &Planned<'_>, parent: &Planned<'_>) -> bool {
    keys(child.relation).any(|(constraint, key)| {
        let mut columns = constraint.columns.iter().zip(&key.columns);
        key.relation == parent.relation.name
            && columns.all(|(own, theirs)| {
                let value = child.cells.get(own);
                value.is_some_and(Option::is_some) && value == parent.cells.get(theirs)
            })
    })
}

/// Rows before those that refer to them; a circle stays in the order in which it was met.
fn sorted(mut rows: Vec<Planned<'_>>) -> Vec<Planned<'_>> {
    let mut done: Vec<Planned<'_>> = Vec::with_capacity(rows.len());
    while !rows.is_empty() {
        let is_free = |at: usize, row: &Planned<'_>| {
            !rows.iter().enumerate().any(|(other, parent)| other != at && refers(row, parent))
        };
        let at = rows.iter().enumerate().position(|(at, row)| is_free(at, row)).unwrap_or(0);
        done.push(rows.remove(at));
    }
    done
}
