//! What comes of queries inside of policies, views and functions that read what whoever evaluates them may not.

use super::policy::POLICIES;
use super::{Resolver, Rights};
use crate::analyzer::effective::Columns;
use crate::analyzer::term::{Id, Type};
use crate::model::{Command, Function, Privilege, Relation};
use crate::sql::tree::{self, Body, Expr, Node, Place, SourceKind, walk};

impl<'a> Resolver<'a> {
    /// What comes of a query that reads a relation, or passes a write on to it, without the privilege: nothing. The whole
    /// query fails, as it starts, or within a function when that runs.
    pub(super) fn refused(&mut self, relation: &Relation) -> Option<Id> {
        let (Rights::Role(role), Some(effective)) = (&self.rights, self.effective) else { return None };
        let relation = self.schema.relation(&relation.name)?;
        let command = self.write.as_ref().map_or(Command::Select, |write| write.command);
        if effective.access(role, relation, command).columns != Columns::None {
            return None;
        }
        if command != Command::Select {
            return Some(self.terms.boolean(false));
        }
        Some(self.refusal_of(relation))
    }

    /// The same of a query that reads what it may not: a relation, or a column that it names, be it used or not.
    pub(super) fn refused_query(&mut self, query: &tree::Query) -> Option<Id> {
        if self.write.is_some() {
            return None;
        }
        let refused = self.refused_by(query)?;
        Some(self.refusal_of(refused))
    }

    /// Notes what sub-selects of an expression that is not understood may not read: the server asks for the privileges all
    /// the same.
    pub(super) fn note_refusals(&mut self, expr: &Expr) {
        let mut refused = None;
        walk(expr, &mut |part: &Expr, _: &Place<'_>| {
            let (Node::Exists(query)
            | Node::Scalar(query)
            | Node::ArrayQuery(query)
            | Node::QuantifiedQuery { query, .. }) = &part.node
            else {
                return;
            };
            refused = refused.or_else(|| self.refused_within(query));
        });
        if let Some(relation) = refused {
            self.refusal_of(relation);
        }
    }

    /// The same of a query and of those in its FROM, its WITH or beside it in a UNION.
    fn refused_within(&self, query: &tree::Query) -> Option<&'a Relation> {
        let below = match &query.body {
            Body::Select(select) => select.sources.iter().find_map(|source| match &source.kind {
                SourceKind::Query(inner) => self.refused_within(inner),
                _ => None,
            }),
            Body::Set { left, right, .. } => self.refused_within(left).or_else(|| self.refused_within(right)),
            Body::Values(_) => None,
        };
        let with = || query.ctes.iter().find_map(|cte| self.refused_within(&cte.query));
        self.refused_by(query).or(below).or_else(with)
    }

    fn refused_by(&self, query: &tree::Query) -> Option<&'a Relation> {
        let Body::Select(select) = &query.body else { return None };
        let (Rights::Role(role), Some(effective)) = (&self.rights, self.effective) else { return None };
        select.sources.iter().enumerate().find_map(|(at, source)| {
            let SourceKind::Relation { key: Some(_), name, .. } = &source.kind else { return None };
            let relation = self.schema.relation(name)?;
            let access = effective.access(role, relation, Command::Select);
            let held = match &access.columns {
                Columns::All => return None,
                Columns::None => return Some(relation),
                Columns::Only(held) => held,
            };
            let may = |place: usize| {
                let column = relation.columns.get(place);
                column.is_some_and(|column| held.iter().any(|(name, _)| *name == column.name))
            };
            (!names_only(query, at, relation.columns.len(), may)).then_some(relation)
        })
    }

    /// A schema that a body names something of, which whoever it runs as has no USAGE on: what is looked up there raises.
    pub(super) fn barred(&self, function: &Function) -> Option<String> {
        let (Rights::Role(role), Some(effective)) = (self.rights_of(function), self.effective) else { return None };
        let may = |name: &String| {
            let namespace = self.schema.namespace(name);
            namespace.is_none_or(|n| effective.holds_on_namespace(&role, n, Privilege::Usage).is_some())
        };
        self.bindings.namespaces(function).iter().find(|name| !may(name)).cloned()
    }

    fn refusal_of(&mut self, relation: &Relation) -> Id {
        if self.inside.iter().all(|name| is_rewriter(name)) {
            self.denied.get_or_insert_with(|| relation.name.clone());
        }
        self.terms.raise(Type::Bool)
    }
}

/// Whether all columns of an item of FROM that a query names are such.
fn names_only(query: &tree::Query, source: usize, all: usize, may: impl Fn(usize) -> bool) -> bool {
    let mut only = true;
    tree::walk_query(query, &mut |expr: &Expr, place: &Place<'_>| match &expr.node {
        Node::Column(column) if column.source == source && place.depth() == column.up + 1 => {
            only &= column.column.is_some_and(&may);
        }
        Node::WholeRow { up, source: of } if *of == source && place.depth() == up + 1 => only &= (0..all).all(&may),
        _ => {}
    });
    only
}

/// Whether what stands around is a part of the query itself, and no function that runs on its own.
pub(super) fn is_rewriter(name: &str) -> bool {
    name.starts_with(POLICIES) || name.starts_with("view ")
}
