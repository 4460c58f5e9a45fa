//! SQL text understood: expressions and queries read, their names bound, their types found, and printed again.
//!
//! The room that replay, resolution and comparison share. [`parse`] reads text to a syntax tree ([`ast`]), [`bind`] makes a
//! bound tree of it ([`tree`]). It depends on
//! [`crate::model`] only and talks to no database; the facts of `pg_catalog` are compiled in.

pub mod ast;
pub mod bind;
pub mod parse;
pub mod print;
pub mod tree;

mod builtin;
mod catalog;
mod error;
mod keywords;
mod types;

pub(crate) mod lex;
pub(crate) mod names;

pub use catalog::{Catalog, Key, Routine, RoutineParameter, SchemaCatalog, Table, TableColumn, UserType};
pub use error::{ErrorKind, SqlError};
pub use types::Type;
