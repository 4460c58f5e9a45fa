//! Conditions of IF in a block, as far as they ask the catalog whether something exists.

use super::constant::{self, Known, Value};
use super::cursor::{Cursor, Fragment, Source};
use crate::migrations::lex;
use crate::migrations::names::Name;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// As written.
    pub text: Fragment,
    /// What it asks, if the catalog alone can answer.
    pub asks: Option<Question>,
}

/// What a condition asks the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// `[NOT] EXISTS (SELECT ... FROM catalog WHERE a = 'b' AND ...)`.
    Exists(Existence),
    /// `to_regclass('name') IS NULL` and the like.
    Missing {
        /// `IS NOT NULL`.
        negated: bool,
        /// `regclass`, `regprocedure` ...
        kind: &'static str,
        /// The name looked up, not yet folded.
        name: String,
    },
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

/// Reads a condition; variables whose value is `known` count as constants.
pub(crate) fn guard(text: Fragment, known: &Known) -> Guard {
    let source = Source { text: &text.text, made_at: None };
    let tokens = lex::tokens(&text.text, 0..text.text.len());
    if constant::too_deep(&tokens) {
        return Guard { asks: None, text };
    }
    let c = Cursor::new(&source, &tokens);
    let asks = existence(c.clone(), known).map(Question::Exists).or_else(|| missing(c, known));
    Guard { asks, text }
}

fn missing(mut c: Cursor<'_>, known: &Known) -> Option<Question> {
    let Value::Object(kind, name) = constant::term(&mut c, known)? else { return None };
    let negated = c.accept("is not null");
    ((negated || c.accept("is null")) && c.at_end()).then_some(Question::Missing { negated, kind, name })
}

fn existence(mut c: Cursor<'_>, known: &Known) -> Option<Existence> {
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
            // A cast to regclass or an enum compares names all the same; which one is for the reader to know.
            let value = match c.accept_string() {
                Some(value) => {
                    if c.accept_operator("::") {
                        c.type_name().ok()?;
                    }
                    value
                }
                None => constant::term(&mut c, known)?.into_text()?,
            };
            equals.push((column, value));
            if !c.accept("and") {
                break;
            }
        }
    }
    let _ = c.accept("limit").then(|| c.bump());
    (c.accept_punct(b')') && c.at_end()).then_some(Existence { negated, relation, equals })
}
