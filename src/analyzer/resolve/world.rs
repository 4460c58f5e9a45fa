//! What the schema guarantees of the rows that a question speaks of.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Resolver, Rights};
use crate::analyzer::verdict::{Facts, World};
use crate::model::{Constraint, ConstraintKind, QualifiedName, Relation};

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
        let enforced = |c: &&Constraint| {
            c.validated && c.enforced && !c.deferrable && !c.definition.to_ascii_uppercase().ends_with(" NO INHERIT")
        };
        // Keys of a parent do not bind the rows of its children, which it shows too.
        let is_child = |r: &Relation| !r.is_partition && r.parents.contains(&relation.name);
        let has_children = self.schema.relations.iter().any(is_child);
        for constraint in relation.constraints.iter().filter(enforced) {
            match &constraint.kind {
                ConstraintKind::PrimaryKey | ConstraintKind::Unique if !has_children => {
                    facts.keys.push(constraint.columns.iter().map(|c| Arc::from(c.as_str())).collect());
                }
                ConstraintKind::Check(text) => {
                    let row = self.terms.row(&relation.name, &relation.name.name);
                    let outer = std::mem::replace(&mut self.rights, Rights::Everything);
                    let check = self.condition(text, relation, row);
                    self.rights = outer;
                    // It was evaluated by whoever wrote the row, in a session and a state of their own.
                    if self.terms.depends_on_row_only(check) {
                        facts.checks.push((row, check));
                    }
                }
                _ => {}
            }
        }
        facts
    }
}
