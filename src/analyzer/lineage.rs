//! Which relations inherit from which: partitions and children, whose rows their parents show too.

use std::collections::BTreeMap;

use crate::model::{QualifiedName, Relation, Schema};

/// Children by parent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lineage<'a>(BTreeMap<&'a QualifiedName, Vec<&'a Relation>>);

impl<'a> Lineage<'a> {
    pub(crate) fn of(schema: &'a Schema) -> Self {
        let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for child in &schema.relations {
            for parent in &child.parents {
                children.entry(parent).or_default().push(child);
            }
        }
        Self(children)
    }

    /// The children of a relation and theirs.
    pub(crate) fn below(&self, name: &QualifiedName) -> Vec<&'a Relation> {
        let mut found: Vec<&'a Relation> = self.0.get(name).cloned().unwrap_or_default();
        let mut at = 0;
        while let Some(child) = found.get(at) {
            for grandchild in self.0.get(&child.name).into_iter().flatten() {
                if !found.iter().any(|f| f.name == grandchild.name) {
                    found.push(grandchild);
                }
            }
            at += 1;
        }
        found
    }
}
