//! Publications: what logical replication (and so Supabase Realtime) sends out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Origin, QualifiedName};

/// A publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// FOR ALL TABLES.
    pub all_tables: bool,
    /// The relations listed.
    pub relations: Vec<PublishedRelation>,
    /// FOR TABLES IN SCHEMA (PostgreSQL 15).
    pub schemas: Vec<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// A relation in a publication.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PublishedRelation {
    /// The relation.
    pub relation: QualifiedName,
    /// The column list (PostgreSQL 15); empty means all.
    pub columns: Vec<String>,
    /// The row filter (PostgreSQL 15).
    pub filter: Option<String>,
}
