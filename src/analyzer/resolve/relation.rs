//! What a sub-select sees of a relation: columns, row security, and views as their queries.

use super::query::Branch;
use super::{Obstacle, Outcome, Resolver, Rights, ThroughView, obstacle};
use crate::analyzer::term::{Id, Query, Row, Type};
use crate::model::{QualifiedName, Relation, View};
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree;

impl Resolver<'_> {
    /// A column of a row by its place.
    pub(super) fn column_of(&mut self, row: Row, place: usize, at: usize) -> Outcome<Id> {
        let column = self.relation_at(place).and_then(|r| r.columns.get(at));
        let Some(column) = column else { return obstacle("a system column") };
        let data_type = match Type::named(&column.data_type, self.schema) {
            // Of a nondeterministic collation nothing is known of `=`.
            t if !column.deterministic => Type::Other(format!("{t}{}", super::COLLATE).into()),
            t => t,
        };
        let nullable = column.nullable
            || self
                .relation_at(place)
                .is_some_and(|r| self.is_null_below(r, &column.name) || self.is_null_elsewhere(&r.name, &column.name));
        let of = match self.variants.get(&row) {
            Some((other, own)) if !own.contains(&column.name) => *other,
            _ => row,
        };
        Ok(self.terms.column(of, &column.name, data_type, nullable))
    }

    /// Whether a child allows NULL in a column: what a parent shows are the rows of its children too.
    fn is_null_below(&self, parent: &Relation, column: &str) -> bool {
        self.bindings
            .lineage()
            .below(&parent.name)
            .into_iter()
            .any(|child| child.column(column).is_none_or(|c| c.nullable))
    }

    /// Whether the other model allows NULL in a column.
    fn is_null_elsewhere(&self, relation: &QualifiedName, column: &str) -> bool {
        let other = self.also.and_then(|schema| schema.relation(relation));
        other.is_some_and(|r| r.column(column).is_none_or(|c| c.nullable))
    }

    /// The same column of two rows, unless nothing is known of its `=`.
    pub(crate) fn column_pair(&mut self, relation: &Relation, column: &str, a: Row, b: Row) -> Option<(Id, Id)> {
        let pair = (self.column_named(relation, a, column)?, self.column_named(relation, b, column)?);
        let data_type = self.terms.type_of(pair.0);
        data_type.equates_with(data_type).then_some(pair)
    }

    /// The rows of a view's query as it shows them, or without any row security.
    pub(crate) fn rows_of_view(&mut self, relation: &Relation, everything: bool) -> Result<Vec<Branch>, String> {
        let Some(view) = &relation.view else { return Err(format!("view {}", relation.name)) };
        let rights = if everything { Rights::Everything } else { self.rights.clone() };
        let rows = self.as_rights(rights, |this| this.apart(Vec::new(), |this| this.view_rows(relation, view)));
        rows.map_err(|Obstacle(reason)| reason)
    }

    /// All rows that are there to be read of a view: one that reads as its owner has those that the owner may see, whoever
    /// asks, and one that reads as the caller all.
    pub(crate) fn rows_in_view(&mut self, relation: &Relation) -> Result<Vec<Branch>, String> {
        let Some(view) = relation.view.as_ref().filter(|v| !v.security_invoker) else {
            return self.rows_of_view(relation, true);
        };
        let owner = Rights::Role(relation.owner.clone());
        let rows = self.as_rights(Rights::Everything, |this| {
            this.as_reader(owner, |this| this.apart(Vec::new(), |this| this.view_rows(relation, view)))
        });
        rows.map_err(|Obstacle(reason)| reason)
    }

    /// The rows of a view that a write reaches, each of them the row of one table, and what the table's policies demand of
    /// that; `None` where the view is no plain part of a table.
    pub(crate) fn written_through(&mut self, view: &Relation, write: ThroughView) -> Option<(Branch, Row, Id)> {
        self.write = Some(write);
        let branches = self.rows_of_view(view, false);
        self.write = None;
        let (row, demanded) = self.written.take()?;
        let mut branches = branches.ok()?.into_iter();
        let branch = branches.next().filter(|branch| branch.only_row() == Some(row))?;
        branches.next().is_none().then_some((branch, row, demanded))
    }

    /// That a row has the columns of a branch of the view, as far as they are read.
    pub(crate) fn is_row_of(&mut self, branch: &Branch, relation: &Relation, row: Row) -> Vec<Id> {
        let read = self.terms.columns_of(&[row]);
        let Ok(place) = self.place_of(&relation.name) else { return vec![self.terms.boolean(false)] };
        let mut same = Vec::new();
        for (at, column) in relation.columns.iter().enumerate().filter(|(_, c)| read.contains(&*c.name)) {
            match (self.column_of(row, place, at), branch.columns.get(at)) {
                (Ok(mine), Some(its)) => same.push(self.terms.not_distinct(mine, *its)),
                _ => same.push(self.terms.opaque(&format!("column {}", column.name), Type::Bool, &[row])),
            }
        }
        same
    }

    /// Whether a row is among those of a query, as far as its columns are read.
    pub(crate) fn is_among(&mut self, branches: &[Branch], relation: &Relation, row: Row) -> Id {
        let mut queries = Vec::new();
        for branch in branches {
            let mut same = self.is_row_of(branch, relation, row);
            let projection = self.terms.boolean(true);
            let query = branch.query(&mut self.terms, projection);
            same.push(query.condition);
            queries.push(Query { condition: self.terms.and(&same), ..query });
        }
        self.terms.exists(&queries)
    }

    /// The rows of a view: of its query, as its owner, or as the current user whatever views it is read through.
    pub(super) fn view_rows(&mut self, relation: &Relation, view: &View) -> Outcome<Vec<Branch>> {
        self.in_view(relation, view, |this, query| this.all_rows(query))
    }

    /// Does something with the query of a view, as its owner or as the caller.
    pub(super) fn in_view<T>(
        &mut self,
        relation: &Relation,
        view: &View,
        what: impl FnOnce(&mut Self, &tree::Query) -> Outcome<T>,
    ) -> Outcome<T> {
        let rights = match &self.rights {
            Rights::Role(_) if view.security_invoker => self.user.clone(),
            Rights::Role(_) => Rights::Role(relation.owner.clone()),
            same => same.clone(),
        };
        let path: [String; 0] = [];
        let binder = Binder::new(&self.catalog, &path);
        let text = view.definition.trim().trim_end_matches(';');
        let bound = binder.query(text, &Scope::default());
        let Ok(bound) = bound else { return obstacle(format!("view {}", relation.name)) };
        self.within(format!("view {}", relation.name), |this| {
            this.as_reader(rights, |this| this.apart(Vec::new(), |this| what(this, &bound.tree)))
        })
    }

    /// Does something in a text of its own: no row or WITH query from outside is seen in it.
    pub(super) fn apart<T>(&mut self, parameters: Vec<Id>, what: impl FnOnce(&mut Self) -> T) -> T {
        let levels = std::mem::replace(&mut self.levels, vec![Vec::new()]);
        let ctes = std::mem::replace(&mut self.ctes, vec![Vec::new()]);
        let outer = std::mem::replace(&mut self.parameters, parameters);
        let operands = std::mem::take(&mut self.case_operands);
        let groups = std::mem::take(&mut self.groups);
        let result = what(self);
        (self.levels, self.ctes, self.parameters, self.case_operands) = (levels, ctes, outer, operands);
        self.groups = groups;
        result
    }
}
