//! Things that could not be read or understood. Nothing is skipped in silence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// Something that the model lacks, though the database or a file may have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// What is missing and why, in words, with what would help.
    pub what: String,
    /// Whether access control may depend on it, so that the result is not complete.
    pub access_control: bool,
    /// Where it was met.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
