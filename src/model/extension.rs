//! Extensions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// An installed extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// The schema its objects are in.
    pub schema: String,
    /// The owning role.
    pub owner: String,
    /// The installed version.
    pub version: String,
    /// The version that `ALTER EXTENSION ... UPDATE` would give; `None` when the server no longer has its files.
    pub available: Option<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
