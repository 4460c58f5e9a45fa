//! Sequences and their options.

use super::cursor::{Cursor, Result};
use super::types::TypeName;
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;

/// An option of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceOption {
    /// `AS type`.
    As(TypeName),
    /// `OWNED BY`; `None` is `NONE`. The relation and its column.
    OwnedBy(Option<(Name, String)>),
    /// `SEQUENCE NAME`.
    Name(Name),
    /// `START`, `INCREMENT`, `MINVALUE` ... and the number, if there is one.
    Number(&'static str, Option<String>),
}

/// `CREATE SEQUENCE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSequence {
    /// The sequence.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `UNLOGGED`.
    pub unlogged: bool,
    /// Its options.
    pub options: Vec<SequenceOption>,
}

const NUMBERS: [(&str, &str); 15] = [
    ("start with", "start"),
    ("start", "start"),
    ("restart with", "restart"),
    ("restart", "restart"),
    ("increment by", "increment"),
    ("increment", "increment"),
    ("minvalue", "minvalue"),
    ("maxvalue", "maxvalue"),
    ("no minvalue", "no minvalue"),
    ("no maxvalue", "no maxvalue"),
    ("cache", "cache"),
    ("no cycle", "no cycle"),
    ("cycle", "cycle"),
    ("logged", "logged"),
    ("unlogged", "unlogged"),
];

/// All options that come next.
pub(crate) fn options(c: &mut Cursor<'_>) -> Result<Vec<SequenceOption>> {
    let mut options = Vec::new();
    while let Some(option) = option(c)? {
        options.push(option);
    }
    Ok(options)
}

/// One option, if one comes next.
pub(crate) fn option(c: &mut Cursor<'_>) -> Result<Option<SequenceOption>> {
    if c.accept("as") {
        return Ok(Some(SequenceOption::As(c.type_name()?)));
    }
    if c.accept("owned by none") {
        return Ok(Some(SequenceOption::OwnedBy(None)));
    }
    if c.accept("owned by") {
        let mut parts = vec![c.ident()?];
        while c.accept_punct(b'.') {
            parts.push(c.label()?);
        }
        let (Some(column), Some(name)) = (parts.pop(), parts.pop()) else { return c.wanted("a relation's column") };
        return Ok(Some(SequenceOption::OwnedBy(Some((Name { schema: parts.pop(), name }, column)))));
    }
    if c.accept("sequence name") {
        return Ok(Some(SequenceOption::Name(c.name()?)));
    }
    let Some((_, word)) = NUMBERS.iter().find(|(words, _)| c.accept(words)) else { return Ok(None) };
    let start = c.position();
    let signed = c.accept_operator("-") || c.accept_operator("+");
    let number = c.peek().is_some_and(|t| matches!(t.kind, Kind::Number | Kind::Text));
    if number {
        c.bump();
    } else if signed {
        return c.wanted("a number");
    }
    Ok(Some(SequenceOption::Number(word, number.then(|| c.since(start).text))))
}

/// The part after CREATE SEQUENCE.
pub(crate) fn create(c: &mut Cursor<'_>, temporary: bool, unlogged: bool) -> Result<CreateSequence> {
    let if_not_exists = c.if_not_exists();
    let name = c.name()?;
    let options = options(c)?;
    c.end()?;
    Ok(CreateSequence { name, if_not_exists, temporary, unlogged, options })
}
