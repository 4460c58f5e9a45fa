//! Foreign-data wrappers, servers and user mappings. Option values that may hold secrets are never read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Grantee, Origin};

/// A foreign-data wrapper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignDataWrapper {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// Grants (USAGE).
    pub acl: Acl,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// A foreign server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignServer {
    /// Its name.
    pub name: String,
    /// The wrapper it uses.
    pub wrapper: String,
    /// The owning role.
    pub owner: String,
    /// Grants (USAGE).
    pub acl: Acl,
    /// The names of its options, without values.
    pub options: Vec<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// A user mapping: as whom a role reaches a foreign server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct UserMapping {
    /// The foreign server.
    pub server: String,
    /// Whom it is for.
    pub user: Grantee,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
