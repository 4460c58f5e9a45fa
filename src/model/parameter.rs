//! Configuration parameters that somebody was granted (PostgreSQL 15).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Origin};

/// A parameter with grants of its own, such as `session_replication_role`, which switches triggers off. Those without
/// are left out: superusers may set them, and everybody those of class `user`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Its name, in lower case as the server keeps it.
    pub name: String,
    /// Grants (SET, ALTER SYSTEM); those of the bootstrap superuser among them.
    pub acl: Acl,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
