//! Roles and memberships.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Origin;

/// A role with its attributes; attributes are never inherited, only reached by SET ROLE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "they are pg_roles' own attributes")]
pub struct Role {
    /// Its name.
    pub name: String,
    /// SUPERUSER: no privilege or row security check at all.
    pub superuser: bool,
    /// BYPASSRLS: row security never applies.
    pub bypass_rls: bool,
    /// LOGIN: a session can start as it.
    pub login: bool,
    /// INHERIT: the default for memberships (before PostgreSQL 16: their rule).
    pub inherit: bool,
    /// CREATEROLE.
    pub create_role: bool,
    /// CREATEDB.
    pub create_db: bool,
    /// REPLICATION.
    pub replication: bool,
    /// CONNECTION LIMIT; `None` without one.
    pub connection_limit: Option<u32>,
    /// VALID UNTIL as `timestamptz` prints it in ISO style and UTC: from then on its password does not let it in.
    pub valid_until: Option<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// `GRANT role TO member`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// The member.
    pub member: String,
    /// The role it is a member of.
    pub role: String,
    /// Who granted it.
    pub grantor: String,
    /// WITH ADMIN OPTION.
    pub admin: bool,
    /// Whether the member has the role's privileges without SET ROLE. Before PostgreSQL 16: the member's INHERIT.
    pub inherit: bool,
    /// Whether the member may SET ROLE to it. Before PostgreSQL 16: always.
    pub set: bool,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
