//! The keys of a table as seeding looks at them.

use crate::model::{Constraint, ConstraintKind, ForeignKey, Relation};

/// The columns of the primary key, in its order.
pub(in crate::impersonation) fn primary(relation: &Relation) -> &[String] {
    let key = relation.constraints.iter().find(|c| c.kind == ConstraintKind::PrimaryKey);
    key.map(|c| c.columns.as_slice()).unwrap_or_default()
}

/// The foreign keys that the server enforces.
pub(super) fn foreign(relation: &Relation) -> impl Iterator<Item = (&Constraint, &ForeignKey)> {
    relation.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::ForeignKey(key) if c.enforced => Some((c, key)),
        _ => None,
    })
}

/// The columns of a unique constraint or index by its name.
pub(super) fn columns_of(relation: &Relation, name: &str) -> Vec<String> {
    if let Some(found) = relation.constraints.iter().find(|c| c.name == name) {
        return found.columns.clone();
    }
    let keys = relation.indexes.iter().filter(|i| i.name == name).flat_map(|i| &i.keys);
    let named = |key: &String| relation.columns.iter().find(|c| key.contains(c.name.as_str())).map(|c| c.name.clone());
    keys.filter_map(named).collect()
}
