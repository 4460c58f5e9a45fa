//! The reader of expressions and queries: Postgres' grammar and precedence over our own tokens.
//!
//! A reader of our own, because bindings need the bytes of every node and the exact precedence of every major: a text
//! that is read with another precedence is another condition. What it does not know is an error, never a guess.

mod cursor;
mod expression;
mod from;
mod literal;
mod primary;
mod query;
mod special;
mod types;
mod write;

use super::ast::{Expr, Query, Statement, TypeName};
use super::error::SqlError;
use super::lex::{Lexer, Token};
#[cfg(test)]
mod tests;

pub(crate) use cursor::Parser;

/// Reads a whole text as one expression.
///
/// # Errors
/// Where it is no expression.
pub fn expression(text: &str) -> Result<Expr, SqlError> {
    whole(text, false, |parser| parser.expression())
}

/// Reads a whole text as one query; a `;` may end it.
///
/// # Errors
/// Where it is no query.
pub fn query(text: &str) -> Result<Query, SqlError> {
    whole(text, true, |parser| parser.query())
}

/// Reads the text behind DO of a rule.
///
/// # Errors
/// Where it is no statement, or none that rules run.
pub fn rule_commands(text: &str) -> Result<Vec<Statement>, SqlError> {
    whole(text, true, |parser| parser.rule_commands())
}

/// Reads the text `BEGIN ATOMIC .. END`.
///
/// # Errors
/// Where it is no such text.
pub fn atomic_body(text: &str) -> Result<Vec<Statement>, SqlError> {
    whole(text, false, |parser| parser.atomic_body())
}

/// Reads a whole text as the name of a type.
///
/// # Errors
/// Where it is none.
pub fn type_name(text: &str) -> Result<TypeName, SqlError> {
    whole(text, false, |parser| parser.type_name())
}

/// Reads all of a text; where `statement` says so, a `;` may end it.
fn whole<T>(
    text: &str,
    statement: bool,
    read: impl FnOnce(&mut Parser<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let tokens = tokens(text)?;
    let mut parser = Parser::new(text, &tokens);
    let found = read(&mut parser)?;
    if statement {
        parser.eat_punct(b';');
    }
    parser.end()?;
    Ok(found)
}

/// The tokens of a text, runs of operator characters taken apart as Postgres does.
///
/// # Errors
/// A quote or comment without an end.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut lexer = Lexer::new(text, 0);
    let mut tokens = Vec::with_capacity(text.len() / 4);
    loop {
        match lexer.next_token() {
            Ok(Some(token)) => cursor::push_split(text, token, &mut tokens),
            Ok(None) => return Ok(tokens),
            Err(open) => {
                let range = open.start..text.len();
                return Err(SqlError::new(
                    super::error::ErrorKind::Syntax,
                    range,
                    format!("a {} without an end", open.what),
                ));
            }
        }
    }
}
