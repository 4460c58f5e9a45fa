//! The tables to be seeded, those that others refer to first.

use std::collections::BTreeSet;

use super::key;
use crate::analyzer::effective::Effective;
use crate::model::{QualifiedName, Relation, RelationKind};

/// Tables of the platform that hold the application's rows.
const OF_PLATFORM: [(&str, &str); 2] = [("auth", "users"), ("storage", "objects")];

/// Every table of the application and what it refers to; a circle is broken where it is met.
pub(in crate::impersonation) fn of<'a>(effective: &Effective<'a>) -> Vec<&'a Relation> {
    let mut order = Order { effective, met: BTreeSet::new(), tables: Vec::new() };
    for relation in &effective.schema().relations {
        let own = relation.extension.is_none() && !effective.is_platform_object(&relation.name.schema, &relation.owner);
        let lent = OF_PLATFORM.contains(&(relation.name.schema.as_str(), relation.name.name.as_str()));
        if own || lent && effective.is_platform_namespace(&relation.name.schema) {
            order.take(relation);
        }
    }
    order.tables
}

struct Order<'e, 'a> {
    effective: &'e Effective<'a>,
    met: BTreeSet<&'a QualifiedName>,
    tables: Vec<&'a Relation>,
}

impl<'a> Order<'_, 'a> {
    fn take(&mut self, relation: &'a Relation) {
        let is_table = matches!(relation.kind, RelationKind::Table | RelationKind::PartitionedTable);
        if !is_table || relation.is_partition || !self.met.insert(&relation.name) {
            return;
        }
        // What must be there first, then what may be: a circle is best broken at a column that can be NULL.
        for must in [true, false] {
            for (constraint, foreign) in key::foreign(relation) {
                let nullable = |c: &String| relation.column(c).is_some_and(|c| c.nullable);
                if constraint.columns.iter().any(nullable) != must
                    && let Some(parent) = self.effective.schema().relation(&foreign.relation)
                {
                    self.take(parent);
                }
            }
        }
        self.tables.push(relation);
    }
}
