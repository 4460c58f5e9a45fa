//! What the terms of an arena read.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Id, Node, Row, Term, Terms, Type};
use crate::model::QualifiedName;

impl Terms {
    /// All claims that were read, by path.
    #[must_use]
    pub fn claims(&self) -> Vec<(Arc<[Arc<str>]>, Id)> {
        let numbered = self.nodes.iter().zip(0_u32..);
        let of = |(node, at): (&Node, u32)| match &node.term {
            Term::Claim(path, _) => Some((path.clone(), Id(at))),
            _ => None,
        };
        numbered.filter_map(of).collect()
    }

    /// The columns of a row that were read and may be NULL.
    #[must_use]
    pub fn nullable_columns(&self, row: Row) -> Vec<Arc<str>> {
        let of_row = |node: &Node| match &node.term {
            Term::Column(of, name) if *of == row && !node.never_null => Some(name.clone()),
            _ => None,
        };
        self.nodes.iter().filter_map(of_row).collect()
    }

    /// The columns that were read of any of the rows.
    pub(crate) fn columns_of(&self, rows: &[Row]) -> BTreeSet<Arc<str>> {
        let of_row = |node: &Node| match &node.term {
            Term::Column(of, name) if rows.contains(of) => Some(name.clone()),
            _ => None,
        };
        self.nodes.iter().filter_map(of_row).collect()
    }

    /// The relations that sub-selects read.
    pub(crate) fn looked_up(&self) -> BTreeSet<&QualifiedName> {
        let bound = self.nodes.iter().flat_map(|n| n.term.queries()).flat_map(|q| q.rows.iter());
        bound.filter_map(|row| self.row_info(*row)).filter(|i| i.unknown.is_none()).map(|i| &*i.relation).collect()
    }

    /// The columns of a type that were read of any row of a relation.
    pub(crate) fn looked_up_columns(&self, relation: &QualifiedName, data_type: &Type) -> Vec<Arc<str>> {
        let of = |node: &Node| match &node.term {
            Term::Column(row, name) if node.data_type == *data_type => {
                self.row_info(*row).filter(|i| *i.relation == *relation).map(|_| name.clone())
            }
            _ => None,
        };
        let found: BTreeSet<_> = self.nodes.iter().filter_map(of).collect();
        found.into_iter().collect()
    }

    /// The columns of a type that were read of a row.
    pub(crate) fn columns_of_type(&self, row: Row, data_type: &Type) -> Vec<Id> {
        let numbered = self.nodes.iter().zip(0_u32..);
        let of = |(node, at): (&Node, u32)| {
            (matches!(&node.term, Term::Column(of, _) if *of == row) && node.data_type == *data_type).then_some(Id(at))
        };
        numbered.filter_map(of).collect()
    }

    /// Whether a column of any row of a relation was read.
    pub(crate) fn reads_column(&self, relation: &QualifiedName, column: &str) -> bool {
        let is_it = |node: &Node| match &node.term {
            Term::Column(row, name) => {
                &**name == column && self.row_info(*row).is_some_and(|i| *i.relation == *relation)
            }
            _ => false,
        };
        self.nodes.iter().any(is_it)
    }

    /// Whether anything of the session was read.
    pub(crate) fn asks_session(&self) -> bool {
        self.nodes.iter().any(|n| matches!(&n.term, Term::Claim(..) | Term::Setting(_)))
    }

    /// A column that was read as two types.
    pub(crate) fn mixed_column(&self) -> Option<String> {
        let mut types: HashMap<(&QualifiedName, &str), &Type> = HashMap::new();
        for node in &self.nodes {
            if let Term::Column(row, name) = &node.term
                && let Some(info) = self.row_info(*row)
                && *types.entry((&info.relation, name)).or_insert(&node.data_type) != &node.data_type
            {
                return Some(format!("column {name} of {}", info.relation));
            }
        }
        None
    }

    /// Whether a function of that name is called.
    pub(crate) fn calls(&self, names: &[&str]) -> bool {
        self.nodes.iter().any(|n| matches!(&n.term, Term::Call(f, _) if names.contains(&&*f.name)))
    }
}
