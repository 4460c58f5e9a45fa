//! Conditions of IF in a block, as far as they ask the catalog whether something exists.

use super::cursor::{Cursor, Fragment, Source};
use crate::migrations::lex;
use crate::migrations::names::Name;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// As written.
    pub text: Fragment,
    /// What it asks, if it is one `[NOT] EXISTS (SELECT ... FROM catalog WHERE a = 'b' AND ...)`.
    pub asks: Option<Existence>,
}

/// A question to the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existence {
    /// `NOT EXISTS`.
    pub negated: bool,
    /// The relation asked, such as `pg_policies`.
    pub relation: Name,
    /// Columns and the constants that they must equal; columns without their alias.
    pub equals: Vec<(String, String)>,
}

/// Reads a condition.
pub(crate) fn guard(text: Fragment) -> Guard {
    let source = Source { text: &text.text, made_at: None };
    let tokens = lex::tokens(&text.text, 0..text.text.len());
    let asks = existence(Cursor::new(&source, &tokens));
    Guard { asks, text }
}

fn existence(mut c: Cursor<'_>) -> Option<Existence> {
    let negated = c.accept("not");
    if !c.accept("exists") || !c.accept_punct(b'(') || !c.accept("select") {
        return None;
    }
    c.until(|c| c.is("from"));
    c.accept("from").then_some(())?;
    let relation = c.name().ok()?;
    c.accept("as");
    if !c.is("where") && c.peek_ident().is_some() {
        c.ident().ok()?;
    }
    let mut equals = Vec::new();
    if c.accept("where") {
        loop {
            let column = c.name().ok()?.name;
            c.accept_operator("=").then_some(())?;
            let value = c.accept_string()?;
            if c.accept_operator("::") {
                // A cast to regclass or an enum compares names all the same; which one is for the reader to know.
                c.type_name().ok()?;
            }
            equals.push((column, value));
            if !c.accept("and") {
                break;
            }
        }
    }
    let _ = c.accept("limit").then(|| c.bump());
    (c.accept_punct(b')') && c.at_end()).then_some(Existence { negated, relation, equals })
}
