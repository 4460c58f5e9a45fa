//! What is wrong with a text, and where in it.

use std::fmt;
use std::ops::Range;

/// Why a text could not be read or bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct SqlError {
    /// What sort of trouble it is.
    pub kind: ErrorKind,
    /// The trouble in words, names in backticks.
    pub what: String,
    /// The bytes of the text that it is about.
    pub range: Option<Range<usize>>,
}

/// The sorts of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// Not SQL, or nested too deeply.
    Syntax,
    /// No such relation.
    UnknownRelation,
    /// No such column, range variable or parameter.
    UnknownColumn,
    /// No such function, operator or overload.
    UnknownFunction,
    /// No such type.
    UnknownType,
    /// More than one thing of that name.
    Ambiguous,
    /// Types that don't fit.
    Mismatch,
    /// A literal that is no value of its type.
    Literal,
    /// A literal beyond the range of its type.
    OutOfRange,
    /// Not as many values as columns.
    Count,
    /// A column that gets two values.
    Repeated,
    /// SQL that we don't model.
    Unsupported,
}

impl SqlError {
    pub(crate) fn new(kind: ErrorKind, range: Range<usize>, what: impl fmt::Display) -> Self {
        Self { kind, what: what.to_string(), range: Some(range) }
    }
}
