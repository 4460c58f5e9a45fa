//! Statements that are kept to run later: the commands of rules, and the bodies of functions that Postgres reads at once.

use super::catalog::Id;
use super::catalog::code::{Code, Tree};
use super::catalog::object::Parameter;
use super::run::{Result, Run, reject, state};
use crate::migrations::lex;
use crate::sql::Type;
use crate::sql::bind::{Binder, Scope};
use crate::sql::print::Outside;
use crate::sql::tree::{Statement, Target};
use std::sync::Arc;

impl Run {
    /// The condition of a rule, which sees the rows of its event.
    pub(super) fn condition_of_rule(&mut self, relation: Id, event: &str, text: &str) -> Result<Code> {
        let Some(table) = self.catalog.table(relation) else { return Ok(self.scan(Some(relation), text)) };
        let mut scope = Scope::default();
        if event != "insert" {
            scope = scope.relation(table.clone(), Some("old"));
        }
        if event == "insert" || event == "update" {
            scope = scope.relation(table, Some("new"));
        }
        let outside = Outside::of(&scope).qualified();
        let path = self.path_names();
        let bound = Binder::new(&self.catalog, &path).expression(text, &scope, Some(&Type::named("boolean")));
        self.kept(text, bound, Some(relation), |tree| Tree::Expression(tree, outside))
    }

    /// What a rule does.
    pub(super) fn commands_of_rule(&mut self, relation: Id, event: &str, text: &str) -> Result<Code> {
        let missing = match event {
            "insert" => Some("old"),
            "delete" => Some("new"),
            _ => None,
        };
        if let Some(row) = missing.filter(|row| names_row(text, row)) {
            let message = format!("a rule ON {} cannot use {}", event.to_uppercase(), row.to_uppercase());
            return reject(state::INVALID_OBJECT_DEFINITION, message);
        }
        let Some(table) = self.catalog.table(relation) else { return Ok(self.scan(Some(relation), text)) };
        let scope = Scope::default().variable("old", table.clone()).variable("new", table);
        let path = self.path_names();
        let bound = Binder::new(&self.catalog, &path).rule_commands(text, &scope);
        self.kept(text, bound, Some(relation), |tree| Tree::Commands(tree, Outside::of(&scope)))
    }

    /// The body of a function; one in a string is only text to Postgres.
    pub(super) fn code_of_body(
        &mut self,
        text: &str,
        bound: bool,
        function: &str,
        parameters: &[Parameter],
    ) -> Result<Code> {
        if !bound {
            return Ok(Code::plain(text));
        }
        let mut scope = Scope::default().function(function);
        for parameter in parameters.iter().filter(|p| p.is_input()) {
            let data_type = self.catalog.sql_type(&parameter.data_type).unwrap_or_else(|| Type::named("unknown"));
            scope = scope.parameter(parameter.name.as_deref(), data_type);
        }
        let returned = text.get(..6).filter(|w| w.eq_ignore_ascii_case("return")).and_then(|_| text.get(6..));
        let Some(expression) = returned else {
            let path = self.path_names();
            let bound = Binder::new(&self.catalog, &path).atomic_body(text, &scope);
            return self.kept(text, bound, None, |tree| Tree::Body(tree, Outside::of(&scope)));
        };
        let mut code = self.bound(expression, scope, None, None)?;
        if let Some(Tree::Expression(tree, outside)) = code.tree.as_deref() {
            code.tree = Some(Arc::new(Tree::Returned(tree.clone(), outside.clone())));
        }
        Ok(code)
    }
}

impl Run {
    /// Refuses the RETURNING of a rule that cannot stand for the rows of its relation.
    pub(super) fn may_return(&self, relation: Id, conditional: bool, instead: bool, commands: &Code) -> Result {
        let Some(Tree::Commands(statements, _)) = commands.tree.as_deref() else { return Ok(()) };
        let lists: Vec<_> = statements.iter().map(returning).filter(|list| !list.is_empty()).collect();
        let Some(list) = lists.first() else { return Ok(()) };
        let unsupported = match () {
            () if lists.len() > 1 => "a rule cannot have more than one RETURNING list",
            () if conditional => "RETURNING is not supported in conditional rules",
            () if !instead => "RETURNING is not supported in rules that are not INSTEAD",
            () => "",
        };
        if !unsupported.is_empty() {
            return reject(state::NOT_SUPPORTED, unsupported);
        }
        let columns = self.catalog.relations.get(relation).map(|r| r.columns.iter().filter(|c| !c.dropped).count());
        match columns {
            Some(columns) if columns != list.len() => {
                reject(state::INVALID_OBJECT_DEFINITION, "the RETURNING list has not as many entries as the relation")
            }
            _ => Ok(()),
        }
    }
}

fn returning(statement: &Statement) -> &[Target] {
    match statement {
        Statement::Insert(insert) => &insert.returning,
        Statement::Update(update) => &update.returning,
        Statement::Delete(delete) => &delete.returning,
        Statement::Query(_) | Statement::Return(_) | Statement::Nothing | Statement::Notify(..) => &[],
    }
}

/// Whether a body that is read ends with no statement that gives rows.
pub(super) fn gives_nothing(body: &Code) -> bool {
    let Some(Tree::Body(statements, _)) = body.tree.as_deref() else { return false };
    match statements.last() {
        Some(Statement::Query(_) | Statement::Return(_)) => false,
        Some(last) => returning(last).is_empty(),
        None => true,
    }
}

/// Whether a text reads a column of the row of that name.
fn names_row(text: &str, row: &str) -> bool {
    let tokens = lex::tokens(text, 0..text.len());
    let is_row = |token: &lex::Token| {
        token.kind == lex::Kind::Word && text.get(token.range()).is_some_and(|word| word.eq_ignore_ascii_case(row))
    };
    tokens.windows(2).any(|pair| match pair {
        [first, second] => is_row(first) && second.kind == lex::Kind::Punct(b'.'),
        _ => false,
    })
}
