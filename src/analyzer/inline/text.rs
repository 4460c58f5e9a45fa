//! Bodies in SQL: the last SELECT counts.

use super::{Outcome, Read, behind, first_row, unread};
use crate::model::Function;
use crate::sql::Type;
use crate::sql::bind::{Binder, Scope};
use crate::sql::lex::{Kind, Token};
use crate::sql::parse;
use crate::sql::tree::Query;

pub(super) fn outcome(function: &Function, binder: &Binder<'_>, scope: &Scope) -> Read<Outcome> {
    let statements = match statements(&function.body) {
        Ok(statements) => statements,
        Err(error) => return unread(format!("its body ({error})")),
    };
    let Some((last, before)) = statements.split_last() else { return unread("its empty body") };
    if before.iter().any(|s| !is_query(s)) {
        return unread("a statement that is no SELECT");
    }
    let returns = Type::parse(&function.returns);
    if let Some(expression) = after_word(last, "return") {
        return match binder.expression(expression, scope, Some(&returns)) {
            Ok(bound) => Ok(Outcome::Value(bound.tree)),
            Err(error) => unread(format!("its body ({error})")),
        };
    }
    if !is_query(last) {
        return unread("a statement that is no SELECT");
    }
    let read = |text: &str| binder.query(text, scope).or_else(|error| unread(format!("its body ({error})")));
    let mut result = result_of(function, binder, read(last)?.tree, &returns)?;
    for statement in before.iter().rev() {
        // What comes before is evaluated for its errors alone.
        let query = read(statement)?.tree;
        if let (Outcome::Value(value), 1) = (&result, query.columns.len()) {
            result = Outcome::Value(behind(first_row(query), value.clone()));
        }
    }
    Ok(result)
}

fn result_of(function: &Function, binder: &Binder<'_>, query: Query, returns: &Type) -> Read<Outcome> {
    if function.returns_set {
        return Ok(Outcome::Rows(query));
    }
    let is_row = |of: &Type| of.qualified().is_some_and(|n| binder.relation(Some(&n.schema), &n.name).is_some());
    if query.columns.len() != 1 || is_row(returns) && !query.columns.iter().any(|c| c.data_type == *returns) {
        return Ok(Outcome::Row(query));
    }
    match binder.assigned(first_row(query), returns) {
        Ok(value) => Ok(Outcome::Value(value)),
        Err(error) => unread(format!("its result ({error})")),
    }
}

fn is_query(statement: &str) -> bool {
    let head = statement.trim_start_matches(['(', ' ', '\n', '\t', '\r']);
    ["select", "with", "values", "table"].iter().any(|word| after_word(head, word).is_some())
}

/// What follows the first word, if it is this one.
fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(word.len())?;
    let ends = !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (head.eq_ignore_ascii_case(word) && ends).then_some(tail)
}

/// The statements of a body, comments around them left out.
fn statements(body: &str) -> Result<Vec<&str>, crate::sql::SqlError> {
    let tokens = parse::tokens(body)?;
    let word = |token: Option<&Token>, word: &str| {
        token.is_some_and(|t| t.kind == Kind::Word && body.get(t.range()).is_some_and(|r| r.eq_ignore_ascii_case(word)))
    };
    let mut inner = tokens.as_slice();
    if word(inner.first(), "begin") && word(inner.get(1), "atomic") {
        inner = inner.get(2..).unwrap_or_default();
        while inner.last().is_some_and(|t| t.kind == Kind::Punct(b';')) {
            inner = inner.split_last().map_or(&[][..], |(_, rest)| rest);
        }
        if word(inner.last(), "end") {
            inner = inner.split_last().map_or(&[][..], |(_, rest)| rest);
        }
    }
    let pieces = inner.split(|t| t.kind == Kind::Punct(b';'));
    let text = |piece: &[Token]| body.get(piece.first()?.start..piece.last()?.end);
    Ok(pieces.filter_map(text).collect())
}
