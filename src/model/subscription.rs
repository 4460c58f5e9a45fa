//! Subscriptions: rows that another server writes here. Their connection strings, which hold passwords, are never read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// A subscription of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// Whether it is running.
    pub enabled: bool,
    /// The publications that it follows, sorted.
    pub publications: Vec<String>,
    /// Whether rows are written as the subscription's owner, with its rights on every table, instead of as the owner
    /// of each table. Before PostgreSQL 16: always.
    pub run_as_owner: bool,
    /// Whether connections of an owner that is no superuser need a password (PostgreSQL 16; before, only superusers
    /// made subscriptions): without, they may use the server's own credentials.
    pub password_required: bool,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
