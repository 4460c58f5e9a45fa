//! PL/pgSQL run on paper: every way through IFs to its RETURN, variables as steps, the whole as one CASE.

use super::cursor::Cursor;
use super::effects::may_raise;
use super::flow::Flow;
use super::rows::{self, Guard};
use super::statement::{Block, Statement};
use super::variable::{exists, set_by};
use super::{Outcome, Read, first_row, unread};
use crate::model::{Argument, ArgumentMode, Function};
use crate::sql::Type;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::{Expr, Node, Query};
use std::collections::BTreeMap;

/// How many statements all ways together may run.
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
        emitted: Vec::new(),
        errors: 0,
    };
    run.let_constant(&mut scope, "found", "boolean", Some("false"));
    run.outputs(function, &mut scope)?;
    let flow = run.block(&block, scope, &[])?;
    let result = if run.set {
        let is_output = |p: &&Argument| matches!(p.mode, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table);
        let width = function.parameters.iter().filter(is_output).count().max(1);
        Outcome::Rows(rows::together(std::mem::take(&mut run.emitted), width))
    } else {
        Outcome::Value(run.ended(flow)?)
    };
    Ok((run.steps, result))
}

/// A body that is being read.
pub(super) struct Run<'a> {
    pub(super) binder: &'a Binder<'a>,
    pub(super) parameters: usize,
    pub(super) steps: Vec<Expr>,
    left: usize,
    pub(super) returns: Type,
    pub(super) set: bool,
    /// The one OUT parameter, which is the result.
    pub(super) out: Option<String>,
    /// The fields of variables of a relation's row type, in order.
    pub(super) rows: BTreeMap<String, Vec<(String, Type)>>,
    /// The rows that were returned, each query under the conditions on its way.
    pub(super) emitted: Vec<Query>,
    /// How many things are told apart that depend on errors.
    errors: u32,
}

impl Run<'_> {
    fn block(&mut self, block: &Block, mut scope: Scope, path: &[Guard]) -> Read<Flow> {
        let (outer, before) = (scope.parameters(), self.steps.len());
        self.declare(block, &mut scope)?;
        let declared = self.steps.len();
        let flow = if block.handlers.is_empty() {
            self.sequence(&block.statements, scope, path)?
        } else {
            self.handled(block, scope, path)?
        };
        // The names of a block end with it.
        block.declarations.iter().for_each(|d| drop(self.rows.remove(&d.name)));
        let flow = flow.then(&mut |mut scope| {
            block.declarations.iter().for_each(|d| scope.end_name(&d.name, outer));
            Flow::On(scope)
        });
        Ok(self.behind_steps(before..declared, flow, path))
    }

    /// A block whose errors are handled. Which handler runs, if any, is not known, whatever errors it names: what the
    /// block does without an error, errors of its own that no handler takes, and what each handler does are all
    /// possible. Variables keep what they were set to before the error, which is not known either.
    fn handled(&mut self, block: &Block, scope: Scope, path: &[Guard]) -> Read<Flow> {
        if self.set {
            return unread("an EXCEPTION handler beside rows");
        }
        let mut names = vec!["found".to_owned()];
        set_by(&block.statements, &mut names);
        names.sort();
        names.dedup();
        let body = self.sequence(&block.statements, scope.clone(), path)?;
        // An error depends on all that is computed, so all of it is steps.
        let body = self.shared(body, true);
        let mut ways = Vec::new();
        for handler in &block.handlers {
            let mut there = scope.clone();
            names.iter().for_each(|name| self.lose(name, &mut there));
            let failed = self.error(super::FAILED, Type::named("boolean"));
            let way = self.sequence(handler, there, path)?;
            ways.push((failed, way));
        }
        Ok(Flow::Fork(ways, Box::new(body)))
    }

    /// A value that depends on which error was raised where.
    fn error(&mut self, word: &'static str, data_type: Type) -> Expr {
        self.errors += 1;
        Expr { node: Node::Session(word, Some(self.errors)), data_type, range: 0..0 }
    }

    /// What a variable is when an error is handled is not known.
    fn lose(&mut self, name: &str, scope: &mut Scope) {
        if let Some(of) = scope.parameter_type(name).cloned() {
            let lost = self.error(super::LOST, of);
            return self.let_value(scope, name, lost);
        }
        let fields = self.rows.get(name).cloned().unwrap_or_default();
        scope.end_name(name, 0);
        for (field, of) in fields {
            let lost = self.error(super::LOST, of);
            self.let_value(scope, &Scope::field_name(name, &field), lost);
        }
    }

    pub(super) fn expression(&self, text: &str, scope: &Scope, wanted: Option<&Type>) -> Read<Expr> {
        match self.binder.expression(text, scope, wanted) {
            Ok(bound) => Ok(bound.tree),
            Err(error) => unread(format!("an expression of its body ({error})")),
        }
    }

    pub(super) fn query(&self, text: &str, scope: &Scope) -> Read<Query> {
        match self.binder.query(text, scope) {
            Ok(bound) => Ok(bound.tree),
            Err(error) => unread(format!("a query of its body ({error})")),
        }
    }

    fn sequence(&mut self, list: &[Statement], scope: Scope, path: &[Guard]) -> Read<Flow> {
        let Some((first, others)) = list.split_first() else { return Ok(Flow::On(scope)) };
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return unread("too many statements"),
        };
        let base = scope.clone();
        let flow = self.statement(first, scope, path)?;
        if others.is_empty() || flow.on().is_empty() { Ok(flow) } else { self.go_on(flow, &base, others, path) }
    }

    /// What follows a statement, read once for all ways that lead to it.
    fn go_on(&mut self, flow: Flow, base: &Scope, others: &[Statement], path: &[Guard]) -> Read<Flow> {
        if !flow.may_leave() && !flow.has_effects() {
            let scope = self.joined(flow, base)?;
            return self.sequence(others, scope, path);
        }
        if self.set {
            let flow = self.shared(flow, false);
            let left = flow.leaves()?;
            let left = self.step(left);
            let path: Vec<_> = path.iter().cloned().chain([(left.clone(), false)]).collect();
            let scope = self.joined(flow, base)?;
            let next = self.sequence(others, scope, &path)?;
            return Ok(Flow::Fork(vec![(left, Flow::Out(self.null()))], Box::new(next)));
        }
        if let [only] = flow.on()[..] {
            let next = self.sequence(others, only.clone(), path)?;
            return Ok(flow.then(&mut |_| next.clone()));
        }
        let flow = self.shared(flow, false);
        let scope = self.joined(flow.clone(), base)?;
        let next = self.sequence(others, scope, path)?;
        if next.on().is_empty() {
            let value = next.whole(&self.returns)?;
            let value = self.step(value);
            return Ok(flow.then(&mut |_| Flow::Out(value.clone())));
        }
        let (left, null) = (flow.leaves()?, self.null());
        let value = flow.value(&self.returns, &Expr::clone, &mut |_| Ok(null.clone()))?;
        Ok(Flow::Fork(vec![(left, Flow::Out(value))], Box::new(next)))
    }

    /// The flow with its conditions, and of what leaves the values, as steps: they are read once, however often they stand.
    fn shared(&mut self, flow: Flow, values: bool) -> Flow {
        match flow {
            Flow::Out(value) if values => Flow::Out(self.shared_expression(value)),
            Flow::Fork(ways, last) => {
                let each = ways.into_iter().map(|(when, way)| (self.shared_expression(when), self.shared(way, values)));
                let ways = each.collect();
                Flow::Fork(ways, Box::new(self.shared(*last, values)))
            }
            Flow::Behind(done, next) => {
                Flow::Behind(self.shared_expression(done), Box::new(self.shared(*next, values)))
            }
            other => other,
        }
    }

    fn shared_expression(&mut self, value: Expr) -> Expr {
        if matches!(value.node, Node::Parameter(_) | Node::Constant(_)) { value } else { self.step(value) }
    }

    /// One set of variables for all ways that go on. A name that not all of them have is none.
    fn joined(&mut self, flow: Flow, base: &Scope) -> Read<Scope> {
        let flow = if flow.on().len() > 1 { self.shared(flow, false) } else { flow };
        let all = flow.on();
        let Some((first, others)) = all.split_first() else { return unread("its body (nothing follows)") };
        if others.is_empty() {
            return Ok((*first).clone());
        }
        let mut scope = base.clone();
        for name in base.names().into_iter().filter(|name| first.place_of(name).is_none()) {
            scope.end_name(name, 0);
        }
        for name in first.names() {
            let place = first.place_of(name);
            if others.iter().all(|s| s.place_of(name) == place) && base.place_of(name) == place {
                continue;
            }
            let Some(of) = first.parameter_type(name).cloned() else { continue };
            if others.iter().all(|s| s.parameter_type(name) == Some(&of)) {
                let value = flow.variable(name, &of)?;
                self.let_value(&mut scope, name, value);
            } else {
                scope.end_name(name, 0);
            }
        }
        Ok(scope)
    }

    fn statement(&mut self, statement: &Statement, mut scope: Scope, path: &[Guard]) -> Read<Flow> {
        match statement {
            Statement::Unread(reason) => return unread(reason.clone()),
            Statement::Nothing | Statement::Raise(false) => {}
            Statement::Raise(true) => {
                if self.set {
                    self.emitted.push(rows::guarded(rows::raised(self.raise()), path));
                }
                return Ok(Flow::Out(self.raise()));
            }
            Statement::Block(block) => {
                // A variable of the same name outside must not be mistaken for one of the block.
                let hides =
                    block.declarations.iter().any(|d| scope.has_parameter(&d.name) || self.rows.contains_key(&d.name));
                return if hides { unread("a variable that hides another") } else { self.block(block, scope, path) };
            }
            Statement::Return(Some(value)) => {
                let wanted = self.returns.clone();
                return Ok(Flow::Out(self.expression(value, &scope, Some(&wanted))?));
            }
            Statement::Return(None) => return Ok(Flow::Out(self.end(&scope)?)),
            Statement::ReturnQuery(query) => {
                let query = self.query(query, &scope)?;
                self.let_value(&mut scope, "found", exists(query.clone()));
                self.emitted.push(rows::guarded(query, path));
            }
            Statement::Assign { variable, value } => {
                let before = self.steps.len();
                self.assign(variable, value, &mut scope)?;
                return Ok(self.behind_steps(before..self.steps.len(), Flow::On(scope), path));
            }
            Statement::SelectInto { query, strict, variables } => {
                let before = self.steps.len();
                self.select_into(query, *strict, variables, &mut scope)?;
                return Ok(self.behind_steps(before..self.steps.len(), Flow::On(scope), path));
            }
            Statement::Perform(query) => {
                let query = self.query(query, &scope)?;
                self.let_value(&mut scope, "found", exists(query.clone()));
                let done = (query.columns.len() == 1).then(|| self.step(first_row(query)));
                let on = Flow::On(scope);
                return Ok(if let Some(done) = done { self.behind_value(done, on, path) } else { on });
            }
            Statement::If { branches, otherwise } => return self.branches(branches, otherwise, &scope, path),
        }
        Ok(Flow::On(scope))
    }

    fn branches(
        &mut self,
        branches: &[(String, Vec<Statement>)],
        otherwise: &[Statement],
        scope: &Scope,
        path: &[Guard],
    ) -> Read<Flow> {
        let boolean = Type::named("boolean");
        let mut ways = Vec::with_capacity(branches.len());
        let (mut path, mut effects) = (path.to_vec(), false);
        for (condition, statements) in branches {
            let mut when = self.expression(condition, scope, Some(&boolean))?;
            let raises = may_raise(&when);
            if self.set || raises {
                when = self.shared_expression(when);
            }
            if self.set && raises {
                self.emitted.push(rows::guarded(rows::evaluated(when.clone()), &path));
            }
            effects |= raises && !self.set;
            path.push((when.clone(), true));
            let way = self.sequence(statements, scope.clone(), &path)?;
            if let Some(last) = path.last_mut() {
                last.1 = false;
            }
            ways.push((when, way));
        }
        let last = self.sequence(otherwise, scope.clone(), &path)?;
        if !effects {
            return Ok(Flow::Fork(ways, Box::new(last)));
        }
        // Each condition is evaluated where those before it are not TRUE, whatever follows.
        Ok(ways.into_iter().rev().fold(last, |rest, (when, way)| {
            let done = when.clone();
            Flow::Behind(done, Box::new(Flow::Fork(vec![(when, way)], Box::new(rest))))
        }))
    }

    /// The value of a whole body: the ways that reach its end have none of their own.
    fn ended(&mut self, flow: Flow) -> Read<Expr> {
        let returns = self.returns.clone();
        flow.value(&returns, &Expr::clone, &mut |scope| self.end(scope))
    }

    /// The end of a way without a value of its own.
    fn end(&self, scope: &Scope) -> Read<Expr> {
        match &self.out {
            Some(name) => {
                let name = crate::model::quote_ident(name).into_owned();
                self.expression(&name, scope, Some(&self.returns))
            }
            None if self.set || self.returns.is("void") => Ok(self.null()),
            // The server raises.
            None => Ok(self.raise()),
        }
    }

    pub(super) fn raise(&self) -> Expr {
        Expr { node: Node::Session(super::RAISE, None), ..self.null() }
    }

    fn null(&self) -> Expr {
        Expr { node: Node::Constant(None), data_type: self.returns.clone(), range: 0..0 }
    }
}
