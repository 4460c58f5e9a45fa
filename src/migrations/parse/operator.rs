//! Casts and operators of users: what an expression means depends on them.

use super::cursor::{Cursor, Result};
use super::types::TypeName;
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;

/// `CREATE CAST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCast {
    /// The type that is cast.
    pub from: TypeName,
    /// The type that it becomes.
    pub to: TypeName,
    /// `WITH FUNCTION` (true) or `WITH INOUT`; `None` for WITHOUT FUNCTION, which leaves the bytes as they are.
    pub by_function: Option<bool>,
    /// That function.
    pub function: Option<Name>,
    /// Where it is done of itself: `i` anywhere, `a` where a value is stored, `e` nowhere.
    pub context: char,
}

/// `CREATE OPERATOR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOperator {
    /// Its schema, if written.
    pub schema: Option<String>,
    /// Its symbol.
    pub symbol: String,
    /// The left type; `None` of a prefix operator.
    pub left: Option<TypeName>,
    /// The right type.
    pub right: Option<TypeName>,
    /// The function behind it.
    pub function: Option<Name>,
}

/// The part after CREATE CAST.
pub(crate) fn create_cast(c: &mut Cursor<'_>) -> Result<CreateCast> {
    c.expect_punct(b'(')?;
    let from = c.type_name()?;
    c.expect("as")?;
    let to = c.type_name()?;
    c.expect_punct(b')')?;
    let mut function = None;
    let by_function = match () {
        () if c.accept("without function") => None,
        () if c.accept("with inout") => Some(false),
        () => {
            c.expect("with function")?;
            function = Some(c.name()?);
            c.until(|c| c.is("as"));
            Some(true)
        }
    };
    let context = match () {
        () if c.accept("as implicit") => 'i',
        () if c.accept("as assignment") => 'a',
        () => 'e',
    };
    c.end()?;
    Ok(CreateCast { from, to, by_function, function, context })
}

/// The part after CREATE OPERATOR.
pub(crate) fn create_operator(c: &mut Cursor<'_>) -> Result<CreateOperator> {
    let schema = match c.peek_ident() {
        Some(schema) => {
            c.bump();
            c.expect_punct(b'.')?;
            Some(schema)
        }
        None => None,
    };
    let Some(token) = c.bump().filter(|t| t.kind == Kind::Operator) else { return c.wanted("an operator") };
    let mut operator =
        CreateOperator { schema, symbol: c.raw(token).to_owned(), left: None, right: None, function: None };
    c.expect_punct(b'(')?;
    c.list(|c| {
        let option = c.label()?;
        match option.as_str() {
            "leftarg" | "rightarg" | "function" | "procedure" => {
                c.accept_operator("=");
                match option.as_str() {
                    "leftarg" => operator.left = Some(c.type_name()?),
                    "rightarg" => operator.right = Some(c.type_name()?),
                    _ => operator.function = Some(c.name()?),
                }
            }
            _ => drop(c.until(|c| c.is_punct(b','))),
        }
        Ok(())
    })?;
    c.expect_punct(b')')?;
    c.end()?;
    Ok(operator)
}
