//! Access rules: what the people of a project say who may do with which rows, and what it means for a database.
//!
//! [`load`] reads rule files, [`Rules::resolve`] binds them to a model, and the [`Intent`] that comes of it is what
//! effective access is held against. Without rules [`reading`] gives the intent that columns, keys and policies speak of.
//! It decides nothing: whether access keeps to an intent is the analyzer's question.

mod cases;
mod define;
mod error;
mod expand;
mod file;
mod intent;
mod load;
mod pattern;
mod preset;
mod reading;
mod resolve;
mod rules;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub use cases::{DeclaredPersona, DeclaredRequest, DeclaredTest, Expects};
pub use error::RuleError;
pub use file::RuleFile;
pub use intent::{
    Assume, Authority, Declaration, DeclaredCall, HiddenColumns, Intent, Mode, Origin, Place, Predicate, Session,
    WritableColumns,
};
pub use load::{load, parse_texts};
pub use reading::reading;
pub(crate) use reading::{compared, words};
pub use rules::Rules;
pub use write::rule_file;
