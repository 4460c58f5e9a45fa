//! Arrays that gather the rows of a query, so that being in the array is being in the query.

use super::query::Rows;
use super::{Level, Outcome, Resolver};
use crate::analyzer::inline;
use crate::analyzer::term::{Id, Query, Type};
use crate::model::FunctionKind;
use crate::sql::tree::{self, Body, Choice, Expr, Node, Select};

/// The rows whose values an array has.
struct Gathered {
    queries: Vec<Query>,
    /// Whether the array is NULL, not empty, without a row.
    null_if_none: bool,
}

impl Resolver<'_> {
    /// `x = ANY (array)` of an array that gathers rows, in some case at least; `None` of any other.
    pub(super) fn is_gathered_in(&mut self, x: Id, array: &Expr) -> Outcome<Option<Id>> {
        let null = self.terms.null(Type::Bool);
        self.is_among_gathered(x, array, null)
    }

    /// The same, with what it comes to where the array is NULL.
    fn is_among_gathered(&mut self, x: Id, array: &Expr, null: Id) -> Outcome<Option<Id>> {
        if let Some(set) = self.gathered(array)? {
            return Ok(Some(self.in_gathered(x, &set, null)));
        }
        match &array.node {
            Node::Cast { operand, implicit, .. } if *implicit || keeps_values(operand, array) => {
                self.is_among_gathered(x, operand, null)
            }
            Node::Choice(Choice::Coalesce, all) => match all.as_slice() {
                [first, last] if is_empty_array(last) => {
                    let never = self.terms.boolean(false);
                    self.is_among_gathered(x, first, never)
                }
                _ => Ok(None),
            },
            Node::Case { branches, otherwise, .. } if inline::is_behind(branches) => {
                let found = self.is_among_gathered(x, otherwise, null)?;
                let done = branches.first().filter(|_| found.is_some()).map(|(done, _)| self.expression(done));
                Ok(found.zip(done).map(|(found, done)| self.terms.behind(done, found)))
            }
            Node::Case { operand: None, branches, otherwise } => self.in_case(x, branches, otherwise, null),
            Node::Parameter(place) => match self.step(*place) {
                Some(step) => self.at_body(|this| this.is_among_gathered(x, &step, null)),
                None => Ok(None),
            },
            Node::Scalar(query) => match alone(query) {
                Some(value) => self.in_level(query, |this| this.is_among_gathered(x, value, null)),
                None => Ok(None),
            },
            Node::Call(call) if call.routine.key.is_some() && call.routine.kind == FunctionKind::Function => {
                let function = call.routine.key.and_then(|key| self.catalog.function(key));
                let Some(function) = function.filter(|f| !f.returns_set && self.may_call(f)) else { return Ok(None) };
                let args = self.arguments(call, function)?;
                let found = self.in_body(function, args, |this, result| match result {
                    inline::Outcome::Value(value) => this.is_among_gathered(x, value, null),
                    inline::Outcome::Rows(_) | inline::Outcome::Row(_) => Ok(None),
                });
                Ok(found.unwrap_or_default())
            }
            _ => Ok(None),
        }
    }

    /// The same where a CASE chooses the array.
    fn in_case(&mut self, x: Id, branches: &[(Expr, Expr)], otherwise: &Expr, null: Id) -> Outcome<Option<Id>> {
        let mut any = false;
        let mut value = |this: &mut Self, array: &Expr| -> Outcome<Id> {
            let found = this.is_among_gathered(x, array, null)?;
            any |= found.is_some();
            Ok(match found {
                Some(found) => found,
                None => {
                    let array = this.expression(array);
                    let (is_null, found) = (this.terms.is_null(array), this.terms.in_array(x, array));
                    this.terms.case(&[(is_null, null)], found)
                }
            })
        };
        let mut cases = Vec::new();
        for (when, then) in branches {
            let when = self.expression(when);
            cases.push((when, value(self, then)?));
        }
        let otherwise = value(self, otherwise)?;
        Ok(any.then(|| self.terms.case(&cases, otherwise)))
    }

    /// What a variable of the body that is being read was set to.
    fn step(&self, place: usize) -> Option<Expr> {
        let body = self.body.as_ref()?;
        body.steps.get(place.checked_sub(body.parameters)?).cloned()
    }

    /// Does something where no row of a query of the body is seen, as its variables do not see them.
    fn at_body<T>(&mut self, what: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let parameters = self.parameters.clone();
        self.apart(parameters, what)
    }

    /// Does something as a target of a query without sources.
    fn in_level<T>(&mut self, query: &tree::Query, what: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.levels.push(Level::new());
        self.ctes.push(query.ctes.clone());
        let result = what(self);
        self.ctes.pop();
        self.levels.pop();
        result
    }

    /// `x = ANY (array)`.
    fn in_gathered(&mut self, x: Id, set: &Gathered, null: Id) -> Id {
        let found = self.terms.in_query(x, &set.queries);
        if !set.null_if_none {
            return found;
        }
        let any = self.terms.exists(&set.queries);
        self.terms.case(&[(any, found)], null)
    }

    /// The rows that an array expression gathers by itself: `ARRAY(select ..)` or `(select array_agg(..) ..)`; `None` of any
    /// other.
    fn gathered(&mut self, array: &Expr) -> Outcome<Option<Gathered>> {
        match &array.node {
            Node::ArrayQuery(query) => {
                let rows = Rows { branches: self.all_rows(query)?, limited: false };
                let queries = rows.queries(&mut self.terms, Some(0))?;
                Ok(Some(Gathered { queries, null_if_none: false }))
            }
            Node::Scalar(query) => self.gathered_query(query),
            _ => Ok(None),
        }
    }

    fn gathered_query(&mut self, query: &tree::Query) -> Outcome<Option<Gathered>> {
        let Body::Select(select) = &query.body else { return Ok(None) };
        let [only] = select.targets.as_slice() else { return Ok(None) };
        if query.offset.is_some() || !select.group_by.is_empty() || select.having.is_some() || alone(query).is_some() {
            return Ok(None);
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

/// Whether a cast of an array leaves its values as they are.
fn keeps_values(of: &Expr, to: &Expr) -> bool {
    let plain = |expr: &Expr| ["text[]", "character varying[]"].contains(&expr.data_type.name());
    of.data_type == to.data_type || plain(of) && plain(to)
}

/// The one value of a query without sources.
fn alone(query: &tree::Query) -> Option<&Expr> {
    let Body::Select(select) = &query.body else { return None };
    let [only] = select.targets.as_slice() else { return None };
    let plain = query.offset.is_none()
        && select.sources.is_empty()
        && select.filter.is_none()
        && select.group_by.is_empty()
        && select.having.is_none()
        && !select.aggregates;
    plain.then_some(&only.value)
}

fn is_empty_array(expr: &Expr) -> bool {
    match &expr.node {
        Node::Cast { operand, .. } => is_empty_array(operand),
        Node::Constant(Some(text)) => text == "{}",
        Node::Array(items) => items.is_empty(),
        _ => false,
    }
}
