//! PL/pgSQL run on paper: every path through IFs to its RETURN, variables as steps, the whole as one CASE.

use super::cursor::Cursor;
use super::rows;
use super::statement::{Block, DeclaredAs, Statement};
use super::{Outcome, Read, first_row, scalar, unread};
use crate::model::{ArgumentMode, Function};
use crate::sql::Type;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::{Body, Expr, Node, Query};
use std::collections::BTreeMap;

/// How many statements all paths together may run.
const LONGEST: usize = 400;

/// Reads a body.
pub(super) fn outcome(function: &Function, binder: &Binder<'_>, mut scope: Scope) -> Read<(Vec<Expr>, Outcome)> {
    let block = Cursor::new(&function.body)?.body()?;
    let mut run = Run {
        binder,
        parameters: scope.parameters(),
        steps: Vec::new(),
        left: LONGEST,
        returns: Type::parse(&function.returns),
        set: function.returns_set,
        out: None,
        rows: BTreeMap::new(),
    };
    run.let_constant(&mut scope, "found", "boolean", Some("false"));
    run.outputs(function, &mut scope)?;
    let result = match run.block(&block, scope, &Rest::End)? {
        Path::Value(value) => Outcome::Value(value),
        Path::Rows(queries) => Outcome::Rows(rows::together(queries)?),
    };
    Ok((run.steps, result))
}

/// What a path through the body gives.
enum Path {
    /// A value.
    Value(Expr),
    /// The rows of several queries.
    Rows(Vec<Query>),
}

/// What follows a statement.
enum Rest<'s> {
    /// The end of the function.
    End,
    /// Statements, and what follows them.
    Then(&'s [Statement], &'s Rest<'s>),
}

impl Rest<'_> {
    fn is_end(&self) -> bool {
        match self {
            Self::End => true,
            Self::Then(list, rest) => list.is_empty() && rest.is_end(),
        }
    }
}

/// Whether what follows statements is never reached.
fn leaves(list: &[Statement]) -> bool {
    list.last().is_some_and(|last| match last {
        Statement::Return(_) | Statement::Raise(true) => true,
        Statement::If { branches, otherwise } => branches.iter().all(|(_, list)| leaves(list)) && leaves(otherwise),
        Statement::Block(block) => leaves(&block.statements) && block.handlers.iter().all(|list| leaves(list)),
        _ => false,
    })
}

struct Run<'a> {
    binder: &'a Binder<'a>,
    parameters: usize,
    steps: Vec<Expr>,
    left: usize,
    returns: Type,
    set: bool,
    /// The one OUT parameter, which is the result.
    out: Option<String>,
    /// The fields of variables of a relation's row type, in order.
    rows: BTreeMap<String, Vec<(String, Type)>>,
}

impl Run<'_> {
    /// OUT parameters are variables.
    fn outputs(&mut self, function: &Function, scope: &mut Scope) -> Read<()> {
        let outputs: Vec<_> = function
            .parameters
            .iter()
            .filter(|p| matches!(p.mode, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table))
            .collect();
        for parameter in &outputs {
            let Some(name) = &parameter.name else { return unread("an OUT parameter without a name") };
            if parameter.mode != ArgumentMode::InOut {
                self.let_constant(scope, name, &parameter.data_type, None);
            }
        }
        match outputs.as_slice() {
            [one] if !self.set => {
                self.out = one.name.clone();
                self.returns = Type::parse(&one.data_type);
            }
            [] => {}
            _ if self.set => {}
            _ => return unread("a row for its result"),
        }
        Ok(())
    }

    fn let_constant(&mut self, scope: &mut Scope, name: &str, of: &str, value: Option<&str>) {
        let constant = Expr { node: Node::Constant(value.map(str::to_owned)), data_type: Type::parse(of), range: 0..0 };
        self.let_value(scope, name, constant);
    }

    /// A new version of a variable; those of other paths have places, but no names here.
    fn let_value(&mut self, scope: &mut Scope, name: &str, value: Expr) {
        while scope.parameters() < self.parameters + self.steps.len() {
            scope.add_parameter(None, Type::named("unknown"));
        }
        scope.add_parameter(Some(name), value.data_type.clone());
        self.steps.push(value);
    }

    fn block(&mut self, block: &Block, scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        if !block.handlers.is_empty() {
            return self.handled(block, scope, rest);
        }
        self.body(block, scope, rest)
    }

    /// A block whose errors are handled: which handler runs, if any, is not known. What variables are then is not known
    /// either, so handlers may speak of parameters only.
    fn handled(&mut self, block: &Block, scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        let ends = rest.is_end() || leaves(&block.statements) && block.handlers.iter().all(|list| leaves(list));
        if !ends || self.set {
            return unread("an EXCEPTION handler inside");
        }
        let mut cases = Vec::new();
        for (number, handler) in (0..).zip(&block.handlers) {
            let failed = Expr {
                node: Node::Session(super::FAILED, Some(number)),
                data_type: Type::named("boolean"),
                range: 0..0,
            };
            let Path::Value(value) = self.statements(handler, scope.clone(), rest)? else {
                return unread("rows of an EXCEPTION handler");
            };
            cases.push((failed, value));
        }
        let Path::Value(otherwise) = self.body(block, scope, rest)? else {
            return unread("rows beside an EXCEPTION handler");
        };
        let data_type = otherwise.data_type.clone();
        let node = Node::Case { operand: None, branches: cases, otherwise: Box::new(otherwise) };
        Ok(Path::Value(Expr { node, data_type, range: 0..0 }))
    }

    fn body(&mut self, block: &Block, mut scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        for declaration in &block.declarations {
            match &declaration.of {
                DeclaredAs::Record => continue,
                DeclaredAs::Alias(_) => return unread("an ALIAS"),
                DeclaredAs::Type(text) => {
                    let of = self
                        .binder
                        .data_type(text)
                        .or_else(|error| unread(format!("the type of a variable ({error})")))?;
                    if let Some(fields) = self.fields_of(&of) {
                        self.declare_row(&declaration.name, declaration.value.as_deref(), fields, &mut scope)?;
                        continue;
                    }
                    let value = match &declaration.value {
                        Some(value) => self.expression(value, &scope, Some(&of))?,
                        None => Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 },
                    };
                    let value = Expr { data_type: of, ..value };
                    self.let_value(&mut scope, &declaration.name, value);
                }
            }
        }
        self.statements(&block.statements, scope, rest)
    }

    /// The fields of a relation's row type.
    fn fields_of(&self, of: &Type) -> Option<Vec<(String, Type)>> {
        let name = of.qualified().filter(|_| !of.is_array())?;
        let table = self.binder.relation(Some(&name.schema), &name.name)?;
        Some(table.columns.into_iter().map(|c| (c.name, c.data_type)).collect())
    }

    /// A variable of a row type is its fields, NULL at first.
    fn declare_row(
        &mut self,
        name: &str,
        value: Option<&str>,
        fields: Vec<(String, Type)>,
        scope: &mut Scope,
    ) -> Read<()> {
        if value.is_some() {
            return unread("a first value of a variable of a row type");
        }
        for (field, of) in &fields {
            let null = Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 };
            self.let_value(scope, &Scope::field_name(name, field), null);
        }
        self.rows.insert(name.to_owned(), fields);
        Ok(())
    }

    fn expression(&self, text: &str, scope: &Scope, wanted: Option<&Type>) -> Read<Expr> {
        match self.binder.expression(text, scope, wanted) {
            Ok(bound) => Ok(bound.tree),
            Err(error) => unread(format!("an expression of its body ({error})")),
        }
    }

    fn query(&self, text: &str, scope: &Scope) -> Read<Query> {
        match self.binder.query(text, scope) {
            Ok(bound) => Ok(bound.tree),
            Err(error) => unread(format!("a query of its body ({error})")),
        }
    }

    fn statements(&mut self, list: &[Statement], scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        let Some((first, others)) = list.split_first() else {
            return match rest {
                Rest::End => self.end(&scope),
                Rest::Then(list, rest) => self.statements(list, scope, rest),
            };
        };
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return unread("too many paths"),
        };
        self.statement(first, scope, &Rest::Then(others, rest))
    }

    fn go_on(&mut self, scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        self.statements(&[], scope, rest)
    }

    fn statement(&mut self, statement: &Statement, mut scope: Scope, rest: &Rest<'_>) -> Read<Path> {
        match statement {
            Statement::Unread(reason) => unread(reason.clone()),
            Statement::Nothing | Statement::Raise(false) => self.go_on(scope, rest),
            Statement::Raise(true) if self.set => Ok(Path::Rows(vec![rows::raised(self.raise())])),
            Statement::Raise(true) => Ok(Path::Value(self.raise())),
            Statement::Block(block) => {
                // Names of the block end with it; a variable of the same name outside must not be mistaken for it.
                let hides =
                    block.declarations.iter().any(|d| scope.has_parameter(&d.name) || self.rows.contains_key(&d.name));
                if hides { unread("a variable that hides another") } else { self.block(block, scope, rest) }
            }
            Statement::Return(Some(value)) => {
                let wanted = self.returns.clone();
                Ok(Path::Value(self.expression(value, &scope, Some(&wanted))?))
            }
            Statement::Return(None) => self.end(&scope),
            Statement::ReturnQuery(query) => {
                let query = self.query(query, &scope)?;
                self.let_value(&mut scope, "found", exists(query.clone()));
                let Path::Rows(mut all) = self.go_on(scope, rest)? else { return unread("a value beside rows") };
                all.insert(0, query);
                Ok(Path::Rows(all))
            }
            Statement::Assign { variable, value } => {
                let Some(of) = scope.parameter_type(variable).cloned() else {
                    return unread(format!("an assignment to `{}`", crate::model::printable(variable)));
                };
                let value = self.expression(value, &scope, Some(&of))?;
                self.let_value(&mut scope, variable, Expr { data_type: of, ..value });
                self.go_on(scope, rest)
            }
            Statement::SelectInto { query, strict, variables } => {
                self.select_into(query, *strict, variables, &mut scope)?;
                self.go_on(scope, rest)
            }
            Statement::Perform(query) => {
                let query = self.query(query, &scope)?;
                self.let_value(&mut scope, "found", exists(query));
                self.go_on(scope, rest)
            }
            Statement::If { branches, otherwise } => self.branches(branches, otherwise, &scope, rest),
        }
    }

    fn branches(
        &mut self,
        branches: &[(String, Vec<Statement>)],
        otherwise: &[Statement],
        scope: &Scope,
        rest: &Rest<'_>,
    ) -> Read<Path> {
        let boolean = Type::named("boolean");
        let mut cases = Vec::with_capacity(branches.len());
        for (condition, statements) in branches {
            cases.push((self.expression(condition, scope, Some(&boolean))?, statements.as_slice()));
        }
        let (mut values, mut all) = (Vec::new(), Vec::new());
        let mut before = Vec::new();
        for (when, statements) in cases {
            match self.statements(statements, scope.clone(), rest)? {
                Path::Value(then) => values.push((when.clone(), then)),
                Path::Rows(queries) => all.extend(queries.into_iter().map(|q| rows::guarded(q, &before, Some(&when)))),
            }
            before.push(when);
        }
        match self.statements(otherwise, scope.clone(), rest)? {
            Path::Value(otherwise) if all.is_empty() => {
                let data_type = otherwise.data_type.clone();
                let node = Node::Case { operand: None, branches: values, otherwise: Box::new(otherwise) };
                Ok(Path::Value(Expr { node, data_type, range: 0..0 }))
            }
            Path::Rows(queries) if values.is_empty() => {
                all.extend(queries.into_iter().map(|q| rows::guarded(q, &before, None)));
                Ok(Path::Rows(all))
            }
            _ => unread("a value beside rows"),
        }
    }

    /// The variables take the first row's columns, NULL without a row.
    fn select_into(&mut self, query: &str, strict: bool, variables: &[String], scope: &mut Scope) -> Read<()> {
        let query = self.query(query, scope)?;
        let before = scope.clone();
        let record = match variables {
            [one] => !before.has_parameter(one) || before.parameter_type(one).is_some_and(|of| self.is_row(of)),
            _ => false,
        };
        if record {
            let Some(name) = variables.first() else { return Ok(()) };
            if before.has_parameter(name) {
                return unread("a variable of a row type");
            }
            match self.rows.get(name).cloned() {
                // A row takes columns by their places, a record by their names.
                Some(fields) => self.fill_row(name, &fields, &query, strict, scope)?,
                None => {
                    for (at, column) in query.columns.iter().enumerate() {
                        let value = pick(&query, at, strict)?;
                        self.let_value(scope, &Scope::field_name(name, &column.name), value);
                    }
                }
            }
        } else {
            for (at, variable) in variables.iter().enumerate() {
                let Some(of) = before.parameter_type(variable).cloned() else {
                    return unread(format!("an assignment to `{}`", crate::model::printable(variable)));
                };
                // Columns that are missing give NULL.
                let value = if at < query.columns.len() {
                    let value = pick(&query, at, strict)?;
                    self.binder.assigned(value, &of).or_else(|error| unread(format!("an assignment ({error})")))?
                } else {
                    Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 }
                };
                self.let_value(scope, variable, Expr { data_type: of, ..value });
            }
        }
        self.let_value(scope, "found", exists(query));
        Ok(())
    }

    fn fill_row(
        &mut self,
        name: &str,
        fields: &[(String, Type)],
        query: &Query,
        strict: bool,
        scope: &mut Scope,
    ) -> Read<()> {
        for (at, (field, of)) in fields.iter().enumerate() {
            let value = if at < query.columns.len() {
                let value = pick(query, at, strict)?;
                self.binder.assigned(value, of).or_else(|error| unread(format!("an assignment ({error})")))?
            } else {
                Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 }
            };
            self.let_value(scope, &Scope::field_name(name, field), Expr { data_type: of.clone(), ..value });
        }
        Ok(())
    }

    fn is_row(&self, of: &Type) -> bool {
        of.is("record") || of.qualified().is_some_and(|n| self.binder.relation(Some(&n.schema), &n.name).is_some())
    }

    /// The end of a path without a value of its own.
    fn end(&mut self, scope: &Scope) -> Read<Path> {
        match &self.out {
            Some(name) => {
                let name = crate::model::quote_ident(name).into_owned();
                let wanted = self.returns.clone();
                Ok(Path::Value(self.expression(&name, scope, Some(&wanted))?))
            }
            None if self.set => Ok(Path::Rows(Vec::new())),
            None if self.returns.is("void") => Ok(Path::Value(self.null())),
            // The server raises.
            None => Ok(Path::Value(self.raise())),
        }
    }

    fn raise(&self) -> Expr {
        Expr { node: Node::Session(super::RAISE, None), ..self.null() }
    }

    fn null(&self) -> Expr {
        Expr { node: Node::Constant(None), data_type: self.returns.clone(), range: 0..0 }
    }
}

fn exists(query: Query) -> Expr {
    Expr { node: Node::Exists(Box::new(query)), data_type: Type::named("boolean"), range: 0..0 }
}

/// One column of a query's first row; STRICT wants the only row.
fn pick(query: &Query, at: usize, strict: bool) -> Read<Expr> {
    let mut query = query.clone();
    if query.columns.len() > 1 {
        let Body::Select(select) = &mut query.body else { return unread("several columns of a UNION") };
        let target = (at < select.targets.len()).then(|| select.targets.swap_remove(at));
        select.targets = target.into_iter().collect();
        let column = query.columns.swap_remove(at);
        query.columns = vec![column];
        query.order_by.iter_mut().for_each(|o| o.target = None);
    }
    Ok(if strict { scalar(query) } else { first_row(query) })
}
