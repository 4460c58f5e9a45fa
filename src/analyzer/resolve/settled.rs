//! Whether what is not understood is at least the same each time: nothing in it is volatile.
//!
//! Of a function of which that is so the same call is the same term, however much of its body is opaque.

use super::Resolver;
use crate::analyzer::inline::Outcome;
use crate::model::{self, Volatility};
use crate::sql::tree::{Expr, Node, Place, Query, SourceKind, walk, walk_query};

/// How deep bodies are looked through.
const DEPTH: usize = 6;

impl Resolver<'_> {
    /// Notes that an expression, which is not looked into further, may give another value each time.
    pub(super) fn note_variance(&mut self, expr: &Expr) {
        let mut varies = false;
        walk(expr, &mut |part, place| varies = varies || self.varies(part, place, DEPTH));
        self.varying += usize::from(varies);
    }

    /// The same of a query.
    pub(super) fn note_variance_of(&mut self, query: &Query) {
        let varies = self.query_varies(query, DEPTH);
        self.varying += usize::from(varies);
    }

    /// Whether a function gives the same value for the same arguments while a statement runs, by what it is declared as or,
    /// where that was only left out, by its body.
    pub(super) fn is_settled(&self, function: &model::Function) -> bool {
        let settled = || self.settled(function, DEPTH);
        function.volatility != Volatility::Volatile || self.bindings.settled().get(&function.id, settled)
    }

    fn settled(&self, function: &model::Function, depth: usize) -> bool {
        if function.volatility != Volatility::Volatile {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else { return false };
        let Ok(body) = self.bindings.body(function) else { return false };
        let mut varies = false;
        let mut visit = |part: &Expr, place: &Place<'_>| varies = varies || self.varies(part, place, depth);
        body.steps.iter().for_each(|step| walk(step, &mut visit));
        match &body.result {
            Outcome::Value(value) => walk(value, &mut visit),
            Outcome::Rows(query) | Outcome::Row(query) => walk_query(query, &mut visit),
        }
        !varies
    }

    fn query_varies(&self, query: &Query, depth: usize) -> bool {
        let mut varies = false;
        walk_query(query, &mut |part, place| varies = varies || self.varies(part, place, depth));
        varies
    }

    /// Whether a part of an expression varies by itself.
    fn varies(&self, part: &Expr, place: &Place<'_>, depth: usize) -> bool {
        let reads_anew = place.sources().iter().any(|source| match &source.kind {
            SourceKind::Relation { sample, name, .. } => {
                *sample || self.schema.relation(name).is_some_and(|r| r.view.is_some())
            }
            _ => false,
        });
        reads_anew
            || match &part.node {
                Node::Call(call) => match call.routine.key.and_then(|key| self.catalog.function(key)) {
                    Some(function) => !self.settled(function, depth),
                    None => call.routine.key.is_some() || call.routine.volatility == Volatility::Volatile,
                },
                Node::Operation(operator, _)
                | Node::Distinct(operator, ..)
                | Node::NullIf(operator, ..)
                | Node::QuantifiedArray { operator, .. } => operator.schema != "pg_catalog",
                Node::RowComparison { operators, .. } | Node::QuantifiedQuery { operators, .. } => {
                    operators.iter().any(|o| o.schema != "pg_catalog")
                }
                _ => false,
            }
    }
}
