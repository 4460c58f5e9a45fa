//! SQL text understood: expressions and queries read, their names bound, their types found, and printed again.
//!
//! The room that replay, resolution and comparison share. [`parse`] reads text to a syntax tree ([`ast`]). It depends on
//! [`crate::model`] only and talks to no database; the facts of `pg_catalog` are compiled in.

pub mod ast;
pub mod parse;

mod error;
mod keywords;

pub(crate) mod lex;
pub(crate) mod names;

pub use error::{ErrorKind, SqlError};
