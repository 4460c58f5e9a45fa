//! Arrays that gather the rows of a query, so that being in the array is being in the query.

use super::query::Rows;
use super::{Level, Outcome, Resolver};
use crate::analyzer::inline;
use crate::analyzer::term::{Id, Query, Type};
use crate::model::FunctionKind;
use crate::sql::tree::{self, Body, Choice, Expr, Node, Select};

/// The rows whose values an array has.
pub(super) struct Gathered {
    queries: Vec<Query>,
    /// Whether the array is NULL, not empty, without a row.
    null_if_none: bool,
}

impl Resolver<'_> {
    /// `x = ANY (array)`.
    pub(super) fn in_gathered(&mut self, x: Id, set: &Gathered) -> Id {
        let found = self.terms.in_query(x, &set.queries);
        if !set.null_if_none {
            return found;
        }
        let (any, null) = (self.terms.exists(&set.queries), self.terms.null(Type::Bool));
        self.terms.case(&[(any, found)], null)
    }

    /// The rows that an array expression gathers: `ARRAY(select ..)`, `(select array_agg(..) ..)`, a function or COALESCE of
    /// these; `None` of any other.
    pub(super) fn gathered(&mut self, array: &Expr) -> Outcome<Option<Gathered>> {
        match &array.node {
            Node::Cast { operand, implicit: true, .. } => self.gathered(operand),
            Node::ArrayQuery(query) => {
                let rows = Rows { branches: self.all_rows(query)?, limited: false };
                let queries = rows.queries(&mut self.terms, Some(0))?;
                Ok(Some(Gathered { queries, null_if_none: false }))
            }
            Node::Choice(Choice::Coalesce, all) => match all.as_slice() {
                [first, last] if is_empty_array(last) => {
                    let set = self.gathered(first)?;
                    Ok(set.map(|set| Gathered { null_if_none: false, ..set }))
                }
                _ => Ok(None),
            },
            Node::Scalar(query) => self.gathered_query(query),
            Node::Call(call) if call.routine.key.is_some() && call.routine.kind == FunctionKind::Function => {
                let function = call.routine.key.and_then(|key| self.catalog.function(key));
                let Some(function) = function.filter(|f| !f.returns_set) else { return Ok(None) };
                let args = self.arguments(call, function)?;
                let set = self.in_body(function, args, |this, result| match result {
                    inline::Outcome::Value(value) => this.gathered(value),
                    inline::Outcome::Rows(_) | inline::Outcome::Row(_) => Ok(None),
                });
                Ok(set.unwrap_or_default())
            }
            _ => Ok(None),
        }
    }

    fn gathered_query(&mut self, query: &tree::Query) -> Outcome<Option<Gathered>> {
        let Body::Select(select) = &query.body else { return Ok(None) };
        let [only] = select.targets.as_slice() else { return Ok(None) };
        if query.offset.is_some() || !select.group_by.is_empty() || select.having.is_some() {
            return Ok(None);
        }
        if select.sources.is_empty() && select.filter.is_none() && !select.aggregates {
            self.levels.push(Level::new());
            self.ctes.push(query.ctes.clone());
            let set = self.gathered(&only.value);
            self.ctes.pop();
            self.levels.pop();
            return set;
        }
        let (coalesced, inner) = match &only.value.node {
            Node::Choice(Choice::Coalesce, all) => match all.as_slice() {
                [first, last] if is_empty_array(last) => (true, first),
                _ => return Ok(None),
            },
            _ => (false, &only.value),
        };
        let Node::Call(call) = &inner.node else { return Ok(None) };
        let plain = call.routine.key.is_none() && call.routine.name.name == "array_agg" && call.filter.is_none();
        let [gathered] = call.arguments.as_slice() else { return Ok(None) };
        if !plain || call.over.is_some() {
            return Ok(None);
        }
        let target = tree::Target { name: only.name.clone(), value: gathered.clone() };
        let select = Select { targets: vec![target], aggregates: false, ..(**select).clone() };
        let rows =
            tree::Query { body: Body::Select(Box::new(select)), limit: None, order_by: Vec::new(), ..query.clone() };
        let rows = Rows { branches: self.all_rows(&rows)?, limited: false };
        Ok(Some(Gathered { queries: rows.queries(&mut self.terms, Some(0))?, null_if_none: !coalesced }))
    }
}

fn is_empty_array(expr: &Expr) -> bool {
    match &expr.node {
        Node::Cast { operand, .. } => is_empty_array(operand),
        Node::Constant(Some(text)) => text == "{}",
        Node::Array(items) => items.is_empty(),
        _ => false,
    }
}
