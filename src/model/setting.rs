//! Settings of roles, databases and the server. Values that look like secrets are replaced before they get here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// `ALTER ROLE ... [IN DATABASE ...] SET`, `ALTER DATABASE ... SET` (`pg_db_role_setting`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The role, or `None` for all roles.
    pub role: Option<String>,
    /// Whether it is limited to this database; settings for other databases are not read.
    pub this_database: bool,
    /// The parameter.
    pub name: String,
    /// Its value; masked when the parameter's name says that it is a secret.
    pub value: String,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// A setting of the server that access control depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ServerSetting {
    /// The parameter.
    pub name: String,
    /// The value that a session of the role that read it starts with.
    pub value: String,
}
