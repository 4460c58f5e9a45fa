//! Access rules: what the people of a project say who may do with which rows, and what it means for a database.
//!
//! [`load`] reads rule files, [`Rules::resolve`] binds them to a model, and the [`Intent`] that comes of it is what
//! effective access is held against. Without rules [`reading`] gives the intent that columns, keys and policies speak of.
//! It decides nothing: whether access keeps to an intent is the analyzer's question.

mod error;
mod intent;

pub use error::RuleError;
pub use intent::{
    Assume, Authority, Declaration, DeclaredCall, HiddenColumns, Intent, Mode, Origin, Place, Predicate, Session,
    WritableColumns,
};

use std::path::PathBuf;

use crate::analyzer::effective::Effective;

/// Rule files that were read and are well formed.
#[derive(Debug, Clone, Default)]
pub struct Rules {}

/// Reads rule files; the later ones count as later.
///
/// # Errors
/// Every mistake in every file.
pub fn load(files: &[PathBuf]) -> Result<Rules, Vec<RuleError>> {
    let _ = files;
    Ok(Rules::default())
}

impl Rules {
    /// What the rules say of a database.
    ///
    /// # Errors
    /// Everything that they name and the database doesn't have, conflicts, and rules that match nothing.
    pub fn resolve(&self, effective: &Effective<'_>) -> Result<Intent, Vec<RuleError>> {
        let _ = effective;
        Ok(Intent::default())
    }
}

/// What columns, keys and existing policies say that is meant, where that is plain.
#[must_use]
pub fn reading(effective: &Effective<'_>) -> Intent {
    let _ = effective;
    Intent::default()
}
