//! Bound trees as text that is valid under an empty `search_path`, with the names that hold now.
//!
//! The text is meant to be the very one that `pg_get_expr` and `pg_get_viewdef` print, so that what was replayed and what
//! was introspected compare as strings. Where a constant's canonical form is not known it stays as it was written.

mod array;
mod constant;
mod expression;
mod from;
mod moment;
mod query;
mod syntax;
mod write;

use super::catalog::Key;
use super::tree::{Body, Expr, Query, Source, SourceKind, Statement};
use super::types::Type;
use crate::model::QualifiedName;
use std::fmt::Write;
use std::sync::Arc;

/// The names that hold now; `None` keeps the name at binding.
pub trait Names {
    /// The name of a relation.
    fn relation(&self, key: Key) -> Option<QualifiedName>;
    /// The name of a column.
    fn column(&self, relation: Key, column: Key) -> Option<String>;
    /// The name of a function.
    fn function(&self, key: Key) -> Option<QualifiedName>;
    /// The name of a type outside `pg_catalog`.
    fn data_type(&self, name: &QualifiedName) -> Option<QualifiedName>;
    /// The major version whose print is wanted.
    fn major(&self) -> u32 {
        18
    }
}

/// The names at binding, as the newest major prints them.
#[derive(Debug, Clone, Copy)]
pub struct AsBound;

impl Names for AsBound {
    fn relation(&self, _key: Key) -> Option<QualifiedName> {
        None
    }

    fn column(&self, _relation: Key, _column: Key) -> Option<String> {
        None
    }

    fn function(&self, _key: Key) -> Option<QualifiedName> {
        None
    }

    fn data_type(&self, _name: &QualifiedName) -> Option<QualifiedName> {
        None
    }
}

/// What stands around an expression, as it was bound, for the names of its outermost columns.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    sources: Vec<Arc<Source>>,
    parameters: Vec<Option<String>>,
    prefixed: bool,
    function: Option<String>,
}

impl Outside {
    /// What `scope` gives; columns are printed unqualified if it is a single row of a relation.
    #[must_use]
    pub fn of(scope: &super::bind::Scope) -> Self {
        let sources = scope.sources();
        let prefixed = sources.len() != 1 || scope.is_qualified();
        let parameters = (0..scope.parameters())
            .map(|at| scope.parameter_at(at).and_then(|(name, _)| name.map(str::to_owned)))
            .collect();
        Self { sources, parameters, prefixed, function: None }
    }

    /// The same where columns are qualified whatever there is.
    #[must_use]
    pub fn qualified(self) -> Self {
        Self { prefixed: true, ..self }
    }

    /// The same in a function of that name, which qualifies its parameters where columns are in sight.
    #[must_use]
    pub fn in_function(&self, name: &str) -> Self {
        Self { function: Some(name.to_owned()), ..self.clone() }
    }
}

/// Prints an expression as `pg_get_expr` does.
#[must_use]
pub fn expression(expr: &Expr, outside: &Outside, names: &dyn Names) -> String {
    let mut printer = Printer::new(outside, names);
    printer.expr(expr, false);
    printer.out
}

/// Prints a query as `pg_get_viewdef` does.
#[must_use]
pub fn query(query: &Query, outside: &Outside, names: &dyn Names) -> String {
    let mut printer = Printer::new(outside, names);
    if outside.sources.is_empty() {
        printer.frames.clear();
    }
    printer.query(&named_alike(query), true, 0);
    printer.out.push(';');
    printer.out
}

/// Prints the value of a RETURN as `pg_get_function_sqlbody` does, in one line.
#[must_use]
pub fn returned(expr: &Expr, outside: &Outside, names: &dyn Names) -> String {
    let mut printer = Printer::new(outside, names);
    printer.flat = true;
    printer.put("RETURN ");
    printer.expr(expr, true);
    printer.out
}

/// Prints what stands behind DO of a rule as `pg_get_ruledef` does, with the `;` at its end.
#[must_use]
pub fn rule_commands(statements: &[Statement], outside: &Outside, names: &dyn Names) -> String {
    let mut printer = Printer::new(outside, names);
    if let [one] = statements {
        printer.statement(one, true, 0);
        printer.put(";");
        return printer.out;
    }
    printer.put("(");
    for statement in statements {
        printer.statement(statement, true, 0);
        printer.put(";\n");
    }
    printer.put(");");
    printer.out
}

/// Prints a body as `pg_get_function_sqlbody` does.
#[must_use]
pub fn atomic_body(statements: &[Statement], outside: &Outside, names: &dyn Names) -> String {
    let mut printer = Printer::new(outside, names);
    printer.put("BEGIN ATOMIC\n");
    for statement in statements {
        printer.statement(statement, false, 1);
        printer.put(";\n");
    }
    printer.put("END");
    printer.out
}

/// A view's UNION with all its lists named as the first.
fn named_alike(query: &Query) -> Query {
    fn name(query: &mut Query, names: &[String]) {
        match &mut query.body {
            Body::Select(select) => {
                select.targets.iter_mut().zip(names).for_each(|(target, name)| target.name.clone_from(name))
            }
            Body::Set { left, right, .. } => {
                name(left, names);
                name(right, names);
            }
            Body::Values(_) => {}
        }
    }
    let mut query = query.clone();
    if matches!(query.body, Body::Set { .. }) {
        let names: Vec<_> = query.columns.iter().map(|c| c.name.clone()).collect();
        name(&mut query, &names);
    }
    query
}

/// A query whose names are in sight while its parts are printed.
struct Frame {
    /// The name of each source.
    names: Vec<String>,
    /// The sources.
    sources: Vec<Shown>,
    /// Whether columns are qualified while this is the innermost one.
    prefixed: bool,
}

/// What is asked of an item of FROM for the names of its columns.
#[derive(Debug, Clone)]
struct Shown {
    /// The keys of its relation and of that one's columns.
    relation: Option<(Key, Arc<[Key]>)>,
    /// How many columns have names of the item's own.
    renamed: usize,
}

impl Shown {
    fn of(source: &Source) -> Self {
        let relation = match &source.kind {
            SourceKind::Relation { key: Some(key), columns, .. }
            | SourceKind::Given { key: Some(key), columns, .. } => Some((*key, Arc::clone(columns))),
            _ => None,
        };
        Self { relation, renamed: source.renamed }
    }
}

struct Printer<'a> {
    out: String,
    outside: &'a Outside,
    names: &'a dyn Names,
    frames: Vec<Frame>,
    indent: usize,
    /// Whether all stands in one line.
    flat: bool,
}

/// Indentation stops growing here.
const INDENT_LIMIT: usize = 40;
const STANDARD: usize = 8;

impl<'a> Printer<'a> {
    fn new(outside: &'a Outside, names: &'a dyn Names) -> Self {
        let mut printer = Self { out: String::new(), outside, names, frames: Vec::new(), indent: 0, flat: false };
        printer.enter(outside.sources.iter().map(AsRef::as_ref), outside.prefixed);
        printer
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn identifier(&mut self, name: &str) {
        let quoted = crate::model::quote_ident(name);
        self.out.push_str(&quoted);
    }

    /// A new line at the current indentation, changed before and after, with blanks of its own.
    fn line(&mut self, keyword: &str, before: isize, after: isize, plus: usize) {
        if self.flat {
            return self.put(keyword);
        }
        self.indent = self.indent.saturating_add_signed(before);
        let kept = self.out.trim_end_matches(' ').len();
        self.out.truncate(kept);
        let indent = if self.indent < INDENT_LIMIT {
            self.indent
        } else {
            (self.indent - INDENT_LIMIT) / 4 % INDENT_LIMIT + INDENT_LIMIT
        };
        let _ = write!(self.out, "\n{:width$}{keyword}", "", width = indent + plus);
        self.indent = self.indent.saturating_add_signed(after);
    }

    /// Shows the names of a query's sources, each made unlike those around it.
    fn enter<'s>(&mut self, sources: impl Iterator<Item = &'s Source>, prefixed: bool) {
        let (mut names, mut shown) = (Vec::<String>::new(), Vec::new());
        for source in sources {
            let wanted = self.source_name(source);
            let taken = |name: &str, here: &[String]| {
                here.iter().chain(self.frames.iter().flat_map(|f| &f.names)).any(|n| n == name)
            };
            let mut name = wanted.clone();
            let mut count = 0;
            while taken(&name, &names) {
                count += 1;
                let suffix = format!("_{count}");
                let mut cut = wanted.len().min(63 - suffix.len());
                while !wanted.is_char_boundary(cut) {
                    cut -= 1;
                }
                name = format!("{}{suffix}", wanted.get(..cut).unwrap_or_default());
            }
            names.push(name);
            shown.push(Shown::of(source));
        }
        self.frames.push(Frame { names, sources: shown, prefixed });
    }

    fn blank_if_flat(&mut self) {
        self.put(if self.flat { " " } else { "" });
    }

    fn leave(&mut self) {
        self.frames.pop();
    }

    /// The alias, or what the relation is called now.
    fn source_name(&self, source: &Source) -> String {
        match (&source.alias, &source.kind) {
            (Some(alias), _) => alias.clone(),
            (None, SourceKind::Relation { key: Some(key), .. }) => {
                self.names.relation(*key).map_or_else(|| source.name.clone(), |n| n.name)
            }
            (None, SourceKind::Given { key: Some(key), name, .. }) if source.name == name.name => {
                self.names.relation(*key).map_or_else(|| source.name.clone(), |n| n.name)
            }
            _ => source.name.clone(),
        }
    }

    fn frame(&self, up: usize) -> Option<&Frame> {
        self.frames.len().checked_sub(1 + up).and_then(|at| self.frames.get(at))
    }

    /// What a column is called now.
    fn column_name(&self, source: &Shown, place: usize, bound: &str) -> String {
        let relation = source.relation.as_ref().filter(|_| place >= source.renamed);
        let now = relation.and_then(|(key, columns)| self.names.column(*key, *columns.get(place)?));
        now.unwrap_or_else(|| bound.to_owned())
    }

    /// A type as it is called now.
    fn type_name(&self, of: &Type) -> String {
        let Some(now) = of.qualified().and_then(|name| self.names.data_type(&name)) else { return of.to_string() };
        let renamed = if of.is_array() { Type::of(&now).array() } else { Type::of(&now) };
        renamed.with_modifier(of.modifier()).to_string()
    }

    fn cast_suffix(&mut self, of: &Type) {
        let name = self.type_name(of);
        self.put("::");
        self.put(&name);
    }
}
