//! The other objects that carry grants: the database, languages, types and large objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Origin, QualifiedName};

/// The database itself; without owner and grants when `pg_database` may not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// Grants (CONNECT, CREATE, TEMPORARY).
    pub acl: Acl,
}

/// A language, the built-in ones too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Language {
    /// Its name.
    pub name: String,
    /// The owning role.
    pub owner: String,
    /// Whether ordinary users may write functions in it without reaching outside the database.
    pub trusted: bool,
    /// Grants (USAGE).
    pub acl: Acl,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// A type of the application: enum, domain, composite or range. Array types and row types are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Type {
    /// Its name.
    pub name: QualifiedName,
    /// The owning role.
    pub owner: String,
    /// What it is.
    pub kind: TypeKind,
    /// Grants (USAGE).
    pub acl: Acl,
    /// The extension that made it.
    pub extension: Option<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// What a type is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// An enum with its labels in order.
    Enum(Vec<String>),
    /// A domain.
    Domain {
        /// The type it is over.
        base: String,
        /// NOT NULL.
        not_null: bool,
        /// Its CHECK expressions, by constraint name, without those that are NOT VALID.
        checks: Vec<String>,
    },
    /// A composite type.
    Composite,
    /// A range or multirange.
    Range,
    /// A base type.
    Base,
}

/// Large objects that share an owner and grants; there may be millions of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LargeObjects {
    /// The owning role.
    pub owner: String,
    /// Grants (SELECT, UPDATE).
    pub acl: Acl,
    /// How many there are.
    pub count: u64,
}
