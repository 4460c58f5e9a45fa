//! What the schema guarantees of the rows that a question speaks of.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Resolver, Rights};
use crate::analyzer::term::{Id, Row};
use crate::analyzer::verdict::{Facts, World};
use crate::model::{Constraint, ConstraintKind, QualifiedName, Relation, RelationKind, quote_ident};

impl Resolver<'_> {
    /// Keys and CHECKs of all relations that the terms read, as far as the server enforces them on every row.
    pub(crate) fn world(&mut self) -> World {
        let read: BTreeSet<QualifiedName> =
            self.terms.rows().filter(|r| r.unknown.is_none()).map(|r| (*r.relation).clone()).collect();
        let mut world = World::default();
        for name in read {
            if let Some(relation) = self.relation_named(&name) {
                let facts = self.facts(relation);
                world.relations.insert(name, facts);
            }
        }
        world
    }

    fn facts(&mut self, relation: &Relation) -> Facts {
        let mut facts = Facts::default();
        let below = self.bindings.lineage().below(&relation.name);
        if std::iter::once(relation).chain(below.iter().copied()).any(|r| r.kind == RelationKind::ForeignTable) {
            return facts;
        }
        self.widths(relation, &mut facts);
        let enforced = |c: &&Constraint| {
            c.validated && c.enforced && !c.deferrable && !c.definition.to_ascii_uppercase().ends_with(" NO INHERIT")
        };
        // Keys of a parent do not bind the rows of its children, which it shows too.
        let has_children = below.iter().any(|r| !r.is_partition);
        let other = self.also.map(|schema| schema.relation(&relation.name));
        let elsewhere = |c: &&Constraint| match other {
            None | Some(None) => true,
            Some(Some(other)) => {
                other.constraints.iter().filter(enforced).any(|o| o.kind == c.kind && o.columns == c.columns)
            }
        };
        for constraint in relation.constraints.iter().filter(enforced).filter(elsewhere) {
            match &constraint.kind {
                ConstraintKind::PrimaryKey | ConstraintKind::Unique if !has_children => {
                    facts.keys.push(constraint.columns.iter().map(|c| Arc::from(c.as_str())).collect());
                }
                ConstraintKind::Check(text) => {
                    let (row, check, called) = self.of_row(relation, text);
                    // It was evaluated by whoever wrote the row, in a session and a state of their own, and a function
                    // may have been another one then.
                    if !called && self.terms.depends_on_row_only(check) {
                        facts.checks.push((row, check));
                    }
                }
                _ => {}
            }
        }
        self.computed(relation, &below, &mut facts);
        self.partitioned(relation, other, &mut facts);
        facts
    }

    /// What partitions take. Others may be added at any time: that none takes a row proves nothing.
    fn partitioned(&mut self, relation: &Relation, other: Option<Option<&Relation>>, facts: &mut Facts) {
        let bounds = if other.is_none() { self.bounds(relation) } else { Vec::new() };
        for bound in bounds {
            let (row, within, _) = self.of_row(relation, &bound);
            if self.terms.depends_on_row_only(within) {
                facts.checks.push((row, within));
            }
        }
        if let Some(routes) = self.routes(relation) {
            let (row, routes, _) = self.of_row(relation, &routes);
            if self.terms.depends_on_row_only(routes) {
                facts.routed.push((row, routes));
            }
        }
    }

    /// That the generated columns which the terms read hold what they compute.
    fn computed(&mut self, relation: &Relation, below: &[&Relation], facts: &mut Facts) {
        let other = self.also.and_then(|schema| schema.relation(&relation.name));
        for column in relation.columns.iter().filter(|c| c.generated.is_some()) {
            // A child may compute it in another way.
            let alike = |r: &Relation| r.column(&column.name).is_some_and(|c| c.default == column.default);
            let everywhere = below.iter().all(|r| alike(r)) && other.is_none_or(alike);
            if let Some(expression) = &column.default
                && everywhere
                && self.terms.reads_column(&relation.name, &column.name)
            {
                let same = format!("{} IS NOT DISTINCT FROM ({expression})", quote_ident(&column.name));
                // It is immutable: what of it is not understood is the same wherever the row is.
                let (row, same, called) = self.of_row(relation, &same);
                let facts = if called { &mut facts.computed } else { &mut facts.checks };
                facts.push((row, same));
            }
        }
    }

    /// A condition on any row of a relation, and whether it calls functions of the application.
    fn of_row(&mut self, relation: &Relation, text: &str) -> (Row, Id, bool) {
        let row = self.terms.row(&relation.name, &relation.name.name);
        let outer = std::mem::replace(&mut self.called, false);
        let condition = self.as_rights(Rights::Anyone, |this| this.condition(text, relation, row));
        let called = std::mem::replace(&mut self.called, outer);
        (row, condition, called)
    }

    /// The lengths that the types of columns allow: nothing longer is ever stored.
    fn widths(&self, relation: &Relation, facts: &mut Facts) {
        let other = self.also.and_then(|schema| schema.relation(&relation.name));
        for column in &relation.columns {
            let same = other.is_none_or(|o| o.column(&column.name).is_some_and(|c| c.data_type == column.data_type));
            if let Some(width) = text_width(&column.data_type).filter(|_| same) {
                facts.widths.insert(column.name.as_str().into(), width);
            }
        }
    }
}

/// The length that a type as `format_type` prints it allows its texts.
fn text_width(name: &str) -> Option<usize> {
    let rest = name.strip_prefix("character varying(").or_else(|| name.strip_prefix("character("))?;
    rest.strip_suffix(')')?.parse().ok()
}
