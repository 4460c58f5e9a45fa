//! What is wrong with a rule file, and where.

use super::intent::Place;

/// A mistake in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {message}")]
pub struct RuleError {
    /// Where it is.
    pub place: Place,
    /// What is wrong, input in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}
