//! Names bound by SQL's scoping, types found, overloads resolved: from a text to the tree that Postgres would make of it.
//!
//! The rules are those of the manual's chapters "Value Expressions" and "Type Conversion". What can't be bound is an error
//! that names it with its bytes.

mod aggregate;
mod call;
mod coerce;
mod column;
mod common;
mod constant;
mod expression;
mod from;
mod join;
mod label;
mod literal;
mod operator;
mod overload;
mod polymorphic;
mod query;
mod range;
mod scope;
mod subquery;
mod type_facts;
mod type_name;
mod write;

use super::ast;
use super::catalog::{Catalog, Key, Table};
use super::error::{ErrorKind, SqlError};
use super::parse;
use super::tree::{Expr, Query, Source, Statement};
use super::types::Type;
use crate::model::QualifiedName;
use scope::Level;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// A thing and what its text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound<T> {
    /// The bound tree.
    pub tree: T,
    /// What the text names outside `pg_catalog`, in the order of its bytes.
    pub references: Vec<Reference>,
    /// Columns that are not the ones a reader expects.
    pub captured: Vec<Captured>,
}

/// A place in a text that names an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What is named.
    pub target: Target,
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A relation, by its key.
    Relation(Key),
    /// A column, by the keys of its relation and itself.
    Column(Key, Key),
    /// A function, by its key.
    Function(Key),
    /// A type.
    Type(QualifiedName),
}

/// An unqualified name in a sub-select that an inner item of FROM took, though an outer one has such a column too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Captured {
    /// First byte of the name.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// The name.
    pub column: String,
    /// The item of FROM that took it.
    pub inner: String,
    /// The outer one.
    pub outer: String,
}

/// What stands around a text: rows, parameters, variables.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    given: Vec<Given>,
    parameters: Vec<Parameter>,
    function: Option<String>,
    program: bool,
}

/// A row that the scope gives.
#[derive(Debug, Clone)]
struct Given {
    source: Arc<Source>,
    unqualified: bool,
}

#[derive(Debug, Clone)]
struct Parameter {
    name: Option<String>,
    data_type: Type,
}

impl Scope {
    /// Adds the row of a relation, as policies, CHECKs, defaults and indexes see it.
    #[must_use]
    pub fn relation(mut self, table: Table, alias: Option<&str>) -> Self {
        let name = alias.unwrap_or(&table.name.name).to_owned();
        self.given.push(Given { source: Arc::new(scope::row(table, name)), unqualified: true });
        self
    }

    /// Adds a row that is seen under its name only: NEW, OLD, `excluded`.
    #[must_use]
    pub fn variable(mut self, name: &str, table: Table) -> Self {
        let source = Arc::new(scope::row(table, name.to_owned()));
        self.given.push(Given { source, unqualified: false });
        self
    }

    /// Adds the next parameter: `$1`, `$2`, .. and its name.
    #[must_use]
    pub fn parameter(mut self, name: Option<&str>, data_type: Type) -> Self {
        self.parameters.push(Parameter { name: name.map(str::to_owned), data_type });
        self
    }

    /// Names the function whose parameters these are, so that `function.parameter` is known.
    #[must_use]
    pub fn function(mut self, name: &str) -> Self {
        self.function = Some(name.to_owned());
        self
    }

    /// Reads as PL/pgSQL does: a name that is a variable and a column is an error.
    #[must_use]
    pub fn program(mut self) -> Self {
        self.program = true;
        self
    }

    /// The name and type of a parameter.
    #[must_use]
    pub fn parameter_at(&self, place: usize) -> Option<(Option<&str>, &Type)> {
        self.parameters.get(place).map(|p| (p.name.as_deref(), &p.data_type))
    }

    /// The rows as items of FROM.
    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.given.iter().map(|given| Arc::clone(&given.source)).collect()
    }

    /// Whether columns must be qualified: no row is seen without its name.
    pub(crate) fn is_qualified(&self) -> bool {
        !self.given.iter().any(|g| g.unqualified)
    }

    /// Adds the next parameter in place.
    pub(crate) fn add_parameter(&mut self, name: Option<&str>, data_type: Type) {
        self.parameters.push(Parameter { name: name.map(str::to_owned), data_type });
    }

    /// The name under which a field of a record without a type is kept.
    pub(crate) fn field_name(record: &str, field: &str) -> String {
        format!("{record}\u{1f}{field}")
    }

    /// The type of the latest parameter of that name.
    pub(crate) fn parameter_type(&self, name: &str) -> Option<&Type> {
        self.parameters.iter().rfind(|p| p.name.as_deref() == Some(name)).map(|p| &p.data_type)
    }

    /// The place of the latest parameter of that name.
    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        self.parameters.iter().rposition(|p| p.name.as_deref() == Some(name))
    }

    /// The names of parameters, each once.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.parameters.iter().filter_map(|p| p.name.as_deref()).collect()
    }

    /// Takes the name from the parameters from a place on that have it, and from those that are fields of a record of it.
    pub(crate) fn end_name(&mut self, name: &str, from: usize) {
        let field = Self::field_name(name, "");
        let is_it = |p: &&mut Parameter| p.name.as_deref().is_some_and(|n| n == name || n.starts_with(&field));
        self.parameters.iter_mut().skip(from).filter(is_it).for_each(|p| p.name = None);
    }

    /// Whether a parameter has that name.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.parameter_type(name).is_some()
    }

    /// How many parameters there are.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.parameters.len()
    }
}

/// Binds texts against a catalog under a `search_path`.
#[derive(Clone, Copy)]
pub struct Binder<'a> {
    catalog: &'a dyn Catalog,
    path: &'a [String],
}

impl<'a> Binder<'a> {
    /// Binds unqualified names in `pg_temp`, `pg_catalog` (unless the path names it) and the schemas of `path`.
    #[must_use]
    pub fn new(catalog: &'a dyn Catalog, path: &'a [String]) -> Self {
        Self { catalog, path }
    }

    /// Binds an expression and casts it to `wanted` as an assignment would (a condition to `boolean`).
    ///
    /// # Errors
    /// What can't be read or bound.
    pub fn expression(&self, text: &str, scope: &Scope, wanted: Option<&Type>) -> Result<Bound<Expr>, SqlError> {
        self.expression_of(&parse::expression(text)?, scope, wanted)
    }

    /// As [`Binder::expression`] for a syntax tree.
    ///
    /// # Errors
    /// What can't be bound.
    pub fn expression_of(
        &self,
        expr: &ast::Expr,
        scope: &Scope,
        wanted: Option<&Type>,
    ) -> Result<Bound<Expr>, SqlError> {
        let mut context = Context::new(self, scope);
        let bound = context.expression(expr)?;
        let bound = match wanted {
            Some(wanted) => context.assign(bound, wanted)?,
            None => context.settle(bound)?,
        };
        Ok(context.finish(bound))
    }

    /// Binds a query.
    ///
    /// # Errors
    /// What can't be read or bound.
    pub fn query(&self, text: &str, scope: &Scope) -> Result<Bound<Query>, SqlError> {
        self.query_of(&parse::query(text)?, scope)
    }

    /// As [`Binder::query`] for a syntax tree.
    ///
    /// # Errors
    /// What can't be bound.
    pub fn query_of(&self, query: &ast::Query, scope: &Scope) -> Result<Bound<Query>, SqlError> {
        let mut context = Context::new(self, scope);
        let bound = context.query(query, true)?;
        Ok(context.finish(bound))
    }

    /// Binds the text behind DO of a rule.
    ///
    /// # Errors
    /// What can't be read or bound.
    pub fn rule_commands(&self, text: &str, scope: &Scope) -> Result<Bound<Vec<Statement>>, SqlError> {
        self.statements(&parse::rule_commands(text)?, scope)
    }

    /// Binds a text `BEGIN ATOMIC .. END`.
    ///
    /// # Errors
    /// What can't be read or bound.
    pub fn atomic_body(&self, text: &str, scope: &Scope) -> Result<Bound<Vec<Statement>>, SqlError> {
        self.statements(&parse::atomic_body(text)?, scope)
    }

    fn statements(&self, statements: &[ast::Statement], scope: &Scope) -> Result<Bound<Vec<Statement>>, SqlError> {
        let mut context = Context::new(self, scope);
        let bound = statements.iter().map(|s| context.statement(s)).collect::<Result<_, _>>()?;
        Ok(context.finish(bound))
    }

    /// The type that a text names.
    ///
    /// # Errors
    /// No such type.
    pub fn data_type(&self, text: &str) -> Result<Type, SqlError> {
        let scope = Scope::default();
        Context::new(self, &scope).type_of_name(&parse::type_name(text)?)
    }

    /// A bound value as another type, as an assignment casts it.
    pub(crate) fn assigned(&self, expr: Expr, to: &Type) -> Result<Expr, SqlError> {
        let scope = Scope::default();
        Context::new(self, &scope).assign(expr, to)
    }

    /// The relation of that name, by the search path when it is not qualified.
    #[must_use]
    pub fn relation(&self, schema: Option<&str>, name: &str) -> Option<Table> {
        let scope = Scope::default();
        Context::new(self, &scope).find_table(schema, name)
    }
}

/// The state of binding one text.
struct Context<'a> {
    catalog: &'a dyn Catalog,
    path: &'a [String],
    scope: &'a Scope,
    levels: Vec<Level>,
    references: Vec<Reference>,
    captured: Vec<Captured>,
    major: u32,
}

impl<'a> Context<'a> {
    fn new(binder: &Binder<'a>, scope: &'a Scope) -> Self {
        let mut context = Self {
            catalog: binder.catalog,
            path: binder.path,
            scope,
            levels: Vec::new(),
            references: Vec::new(),
            captured: Vec::new(),
            major: binder.catalog.major(),
        };
        context.levels.push(Level::of_scope(scope));
        context
    }

    fn finish<T>(mut self, tree: T) -> Bound<T> {
        self.references.sort();
        self.references.dedup();
        self.captured.sort();
        self.captured.dedup();
        Bound { tree, references: self.references, captured: self.captured }
    }

    fn refer(&mut self, range: &Range<usize>, target: Target) {
        self.references.push(Reference { start: range.start, end: range.end, target });
    }
}

fn error<T>(kind: ErrorKind, range: &Range<usize>, what: impl std::fmt::Display) -> Result<T, SqlError> {
    Err(SqlError::new(kind, range.clone(), what))
}

#[cfg(test)]
mod tests;
