//! Keys, references and defaults as conditions, for rows that must be possible to insert.

use std::sync::Arc;

use super::Resolver;
use crate::analyzer::term::{Id, Key, Query, Row, Term, Type};
use crate::model::{Column, Constraint, ConstraintKind, Relation, TypeKind};

impl Resolver<'_> {
    /// Columns that are never NULL and that no two rows share.
    pub(crate) fn key(&mut self, relation: &Relation) -> Option<Key> {
        let is_key = |c: &&Constraint| {
            let of_kind = matches!(c.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
            let given = |name: &String| relation.column(name).is_some_and(|c| !c.nullable);
            of_kind && c.enforced && !c.deferrable && !c.columns.is_empty() && c.columns.iter().all(given)
        };
        let mut keys: Vec<_> = relation.constraints.iter().filter(is_key).collect();
        keys.sort_by_key(|c| c.kind != ConstraintKind::PrimaryKey);
        let columns = keys.first()?.columns.iter();
        columns
            .map(|name| {
                let data_type = Type::named(&relation.column(name)?.data_type, self.schema);
                data_type.equates_with(&data_type).then(|| (Arc::from(name.as_str()), data_type))
            })
            .collect()
    }

    /// That a row's foreign keys are NULL or name a row that is there.
    pub(crate) fn references(&mut self, relation: &Relation, row: Row) -> Vec<Id> {
        let mut all = Vec::new();
        for constraint in relation.constraints.iter().filter(|c| c.validated && c.enforced) {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind
                && let Some(parent) = self.relation_named(&key.relation)
            {
                all.extend(self.reference(relation, row, &constraint.columns, parent, &key.columns));
            }
        }
        all
    }

    fn reference(
        &mut self,
        relation: &Relation,
        row: Row,
        columns: &[String],
        parent: &Relation,
        keys: &[String],
    ) -> Option<Id> {
        let target = self.terms.row(&parent.name, &parent.name.name);
        let (mut nulls, mut same) = (Vec::new(), Vec::new());
        for (column, key) in columns.iter().zip(keys) {
            let from = self.column_named(relation, row, column)?;
            let to = self.column_named(parent, target, key)?;
            if !self.terms.type_of(from).equates_with(self.terms.type_of(to)) {
                return None;
            }
            nulls.push(self.terms.is_null(from));
            same.push(self.terms.equal(from, to));
        }
        let (condition, projection) = (self.terms.and(&same), self.terms.boolean(true));
        nulls.push(self.terms.exists(&[Query { rows: [target].into(), condition, projection }]));
        Some(self.terms.or(&nulls))
    }

    /// That all rows of a relation have what they refer to.
    pub(crate) fn all_refer(&mut self, relation: &Relation) -> Option<Id> {
        let row = self.terms.row(&relation.name, &relation.name.name);
        let each = self.references(relation, row);
        if each.is_empty() {
            return None;
        }
        let good = self.terms.and(&each);
        let (condition, projection) = (self.terms.not(good), self.terms.boolean(true));
        let dangling = self.terms.exists(&[Query { rows: [row].into(), condition, projection }]);
        Some(self.terms.not(dangling))
    }

    /// A column of a row by its name.
    pub(crate) fn column_named(&mut self, relation: &Relation, row: Row, column: &str) -> Option<Id> {
        let place = self.place_of(&relation.name).ok()?;
        let at = relation.columns.iter().position(|c| c.name == column)?;
        self.column_of(row, place, at).ok()
    }

    /// Whether it is a domain of the application.
    pub(super) fn is_domain(&self, data_type: &str) -> bool {
        let is_it = |t: &crate::model::Type| t.name.to_string() == *data_type;
        self.schema.types.iter().find(|t| is_it(t)).is_some_and(|t| matches!(t.kind, TypeKind::Domain { .. }))
    }

    /// That a new row has a column's default, if that is known beforehand.
    pub(crate) fn is_default(&mut self, relation: &Relation, column: &Column, row: Row) -> Option<Id> {
        // A domain may have a default of its own, which the model does not tell.
        let is_domain = column.default.is_none() && self.is_domain(&column.data_type);
        if column.identity.is_some() || column.generated.is_some() || is_domain {
            return None;
        }
        let value = self.column_named(relation, row, &column.name)?;
        let Some(text) = &column.default else { return Some(self.terms.is_null(value)) };
        let default = self.default(text, &column.data_type).ok()?;
        let is_known = matches!(self.terms.term(default), Term::Literal(_) | Term::Claim(..) | Term::Null)
            || self.terms.claims().iter().any(|(_, claim)| self.terms.is_cast_of(default, *claim));
        is_known.then(|| self.terms.not_distinct(value, default))
    }
}
