//! Which schemas the Data API serves.

use crate::model::{Platform, Schema};

/// The role that the Data API logs in as.
pub(super) const AUTHENTICATOR: &str = "authenticator";

/// The schemas that clients can name in a Data API request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exposure {
    /// Read from `pgrst.db_schemas` or given by the user.
    Known(Vec<String>),
    /// Not set anywhere that we can see: the platform's usual schemas, never "nothing".
    Assumed(Vec<String>),
    /// No Data API: clients speak SQL, and every schema is in reach.
    Sql,
}

impl Exposure {
    pub(super) fn of(schema: &Schema, given: Option<&[String]>) -> Self {
        if let Some(given) = given {
            return Self::Known(given.to_vec());
        }
        let set = schema
            .setting_of(AUTHENTICATOR, "pgrst.db_schemas")
            .or_else(|| schema.setting_of(AUTHENTICATOR, "pgrst.db_schema"));
        match set {
            Some(list) => Self::Known(list.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()),
            None if schema.server.platform == Platform::Supabase => {
                Self::Assumed(vec!["public".to_owned(), "graphql_public".to_owned()])
            }
            None => Self::Sql,
        }
    }

    /// Whether objects of `namespace` can be named by a client.
    #[must_use]
    pub fn includes(&self, namespace: &str) -> bool {
        match self {
            Self::Known(list) | Self::Assumed(list) => list.iter().any(|s| s == namespace),
            Self::Sql => true,
        }
    }
}
