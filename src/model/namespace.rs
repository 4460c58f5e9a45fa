//! Postgres schemas. Called namespaces here, as in `pg_namespace`, because [`Schema`](super::Schema) is the model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Origin};

/// A Postgres schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// Grants (USAGE, CREATE).
    pub acl: Acl,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
