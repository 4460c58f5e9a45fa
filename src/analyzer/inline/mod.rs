//! Function bodies as expressions: SQL functions, and the PL/pgSQL that people write in helpers of policies.
//!
//! A body becomes steps, each a bound expression over the parameters and the steps before it, and a result. What a body does
//! beyond computing a value (writing, loops, dynamic SQL) is not read at all: the reason is for people, and whoever asks
//! treats the function as unknown. `RAISE` and the end of a body without RETURN are [`RAISE`]: the server raises there,
//! which shows no row.

mod block;
mod cursor;
mod effects;
mod flow;
mod program;
mod rows;
mod statement;
mod text;
mod variable;

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::model::{ArgumentMode, Function, QualifiedName};
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::{Expr, Node, Place, Query, Source, SourceKind, walk, walk_query, walk_sources};
use crate::sql::{Catalog, Type};

/// A body that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// How many parameters there are: [`Node::Parameter`] below it is an argument, above it a step.
    pub parameters: usize,
    /// The default of each parameter that has one.
    pub defaults: Vec<Option<Expr>>,
    /// Values that later steps and the result refer to.
    pub steps: Vec<Expr>,
    /// What the function gives.
    pub result: Outcome,
}

impl Body {
    /// The schemas of the relations and functions of the model that it names.
    pub(super) fn namespaces(&self) -> BTreeSet<String> {
        let found = RefCell::new(BTreeSet::new());
        let add = |name: &QualifiedName| {
            found.borrow_mut().insert(name.schema.clone());
        };
        let mut source = |source: &Source| {
            if let SourceKind::Relation { key: Some(_), name, .. } = &source.kind {
                add(name);
            }
        };
        let mut visit = |part: &Expr, _: &Place<'_>| match &part.node {
            Node::Call(call) if call.routine.key.is_some() => add(&call.routine.name),
            Node::Exists(query)
            | Node::Scalar(query)
            | Node::ArrayQuery(query)
            | Node::QuantifiedQuery { query, .. } => walk_sources(query, &mut source),
            _ => {}
        };
        self.steps.iter().for_each(|step| walk(step, &mut visit));
        match &self.result {
            Outcome::Value(value) => walk(value, &mut visit),
            Outcome::Rows(query) | Outcome::Row(query) => walk_query(query, &mut visit),
        }
        if let Outcome::Rows(query) | Outcome::Row(query) = &self.result {
            walk_sources(query, &mut source);
        }
        found.into_inner()
    }
}

/// What a function gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A value.
    Value(Expr),
    /// The rows of a query.
    Rows(Query),
    /// The first row of a query, of several columns or a row type.
    Row(Query),
}

/// A body that was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unread {
    /// Why, to be read behind "because of".
    pub reason: String,
}

/// What stands, as a [`Node::Session`], for a value that is never there because an error is raised.
pub const RAISE: &str = "raise";

/// What stands, as a numbered [`Node::Session`], for whether a handler of exceptions runs.
pub const FAILED: &str = "failed";

/// What stands, as a numbered [`Node::Session`], for what a variable is when an error is handled.
pub const LOST: &str = "lost";

/// What stands, as a [`Node::Session`], in the one branch of a CASE whose value is the other one, whatever its condition is:
/// that is evaluated for its errors alone.
pub const BEHIND: &str = "behind";

type Read<T> = Result<T, Unread>;

fn unread<T>(reason: impl Into<String>) -> Read<T> {
    Err(Unread { reason: reason.into() })
}

/// Reads the body of a function; `session_path` is the `search_path` of sessions, for functions that set none.
///
/// # Errors
/// What was not understood.
pub fn body(function: &Function, catalog: &dyn Catalog, session_path: &[String]) -> Result<Body, Unread> {
    if sets_settings(&function.body) {
        return unread("set_config, which changes the session");
    }
    let path = search_path(function, session_path);
    let binder = Binder::new(catalog, &path);
    let scope = scope_of(function);
    let parameters = scope.parameters();
    let (steps, result) = match function.language.as_str() {
        "sql" => (Vec::new(), text::outcome(function, &binder, &scope)?),
        "plpgsql" => program::outcome(function, &binder, scope.clone().program())?,
        language => return unread(format!("its language {language}")),
    };
    let result = if function.strict { strictly(result, &scope)? } else { result };
    Ok(Body { parameters, defaults: defaults(function, catalog)?, steps, result })
}

/// Whether a body changes settings of the session, for the rest of the statement too.
#[must_use]
pub fn sets_settings(body: &str) -> bool {
    body.contains("set_config")
}

/// The function's own `search_path`, else the session's; a body that was bound when it was made needs none.
fn search_path(function: &Function, session_path: &[String]) -> Vec<String> {
    if function.body_is_bound {
        return Vec::new();
    }
    let Some(text) = &function.search_path else { return session_path.to_vec() };
    let names = text.split(',').map(|n| n.trim().trim_matches(['"', '\'']));
    names.filter(|n| !n.is_empty() && *n != "$user").map(str::to_owned).collect()
}

fn is_input(mode: ArgumentMode) -> bool {
    matches!(mode, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic)
}

/// The parameters by name and place.
fn scope_of(function: &Function) -> Scope {
    let inputs = function.parameters.iter().filter(|p| is_input(p.mode));
    let scope = Scope::default().function(&function.id.name);
    inputs.fold(scope, |scope, p| scope.parameter(p.name.as_deref(), Type::parse(&p.data_type)))
}

fn defaults(function: &Function, catalog: &dyn Catalog) -> Read<Vec<Option<Expr>>> {
    let none: [String; 0] = [];
    let binder = Binder::new(catalog, &none);
    let mut defaults = Vec::new();
    for parameter in function.parameters.iter().filter(|p| is_input(p.mode)) {
        let wanted = Type::parse(&parameter.data_type);
        defaults.push(match &parameter.default {
            Some(text) => match binder.expression(text, &Scope::default(), Some(&wanted)) {
                Ok(bound) => Some(bound.tree),
                Err(error) => return unread(format!("a default ({error})")),
            },
            None => None,
        });
    }
    Ok(defaults)
}

/// NULL, or no row, for a NULL argument.
fn strictly(result: Outcome, scope: &Scope) -> Read<Outcome> {
    let boolean = |node| Expr { node, data_type: Type::named("boolean"), range: 0..0 };
    let tests: Vec<Expr> = (0..scope.parameters())
        .filter_map(|at| {
            let data_type = scope.parameter_at(at)?.1.clone();
            let operand = Box::new(Expr { node: Node::Parameter(at), data_type, range: 0..0 });
            Some(boolean(Node::Is { operand, test: crate::sql::tree::Test::Null, negated: false }))
        })
        .collect();
    let value = match result {
        Outcome::Value(value) if tests.is_empty() => return Ok(Outcome::Value(value)),
        Outcome::Value(value) => value,
        Outcome::Rows(query) => return Ok(Outcome::Rows(rows::guarded(query, &none_of(tests)))),
        Outcome::Row(query) => return Ok(Outcome::Row(rows::guarded(query, &none_of(tests)))),
    };
    let data_type = value.data_type.clone();
    let null = Expr { node: Node::Constant(None), data_type: data_type.clone(), range: 0..0 };
    let node =
        Node::Case { operand: None, branches: vec![(boolean(Node::Or(tests)), null)], otherwise: Box::new(value) };
    Ok(Outcome::Value(Expr { node, data_type, range: 0..0 }))
}

/// A value after something was evaluated that may raise an error.
fn behind(done: Expr, value: Expr) -> Expr {
    let data_type = value.data_type.clone();
    let same = Expr { node: Node::Session(BEHIND, None), data_type: data_type.clone(), range: 0..0 };
    let node = Node::Case { operand: None, branches: vec![(done, same)], otherwise: Box::new(value) };
    Expr { node, data_type, range: 0..0 }
}

/// Whether a CASE of these branches stands for its other value, after the condition was evaluated.
pub(super) fn is_behind(branches: &[(Expr, Expr)]) -> bool {
    matches!(branches, [(_, value)] if matches!(value.node, Node::Session(BEHIND, _)))
}

fn none_of(tests: Vec<Expr>) -> Vec<rows::Guard> {
    tests.into_iter().map(|test| (test, false)).collect()
}

/// The first row of a query as a value: NULL without a row.
fn first_row(mut query: Query) -> Expr {
    if query.limit.is_none() {
        let one = Expr { node: Node::Constant(Some("1".to_owned())), data_type: Type::named("bigint"), range: 0..0 };
        query.limit = Some(Box::new(one));
    }
    scalar(query)
}

/// A query of one column as a value.
fn scalar(query: Query) -> Expr {
    let data_type = query.columns.first().map_or_else(|| Type::named("unknown"), |c| c.data_type.clone());
    Expr { node: Node::Scalar(Box::new(query)), data_type, range: 0..0 }
}

#[cfg(test)]
mod tests;
