//! Constraints, keys and indexes: what the server guarantees about rows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Origin, QualifiedName};

/// A table constraint. NOT NULL is a property of the column instead, on every version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Constraint {
    /// Its name, unique within the relation.
    pub name: String,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The columns it speaks of, in its own order.
    pub columns: Vec<String>,
    /// The whole definition as `pg_get_constraintdef` prints it.
    pub definition: String,
    /// Whether all rows are known to satisfy it (false: `NOT VALID`).
    pub validated: bool,
    /// Whether the server checks new rows (false: `NOT ENFORCED`, PostgreSQL 18, and all of foreign tables).
    pub enforced: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    /// CHECK, with its expression.
    Check(String),
    /// PRIMARY KEY.
    PrimaryKey,
    /// UNIQUE.
    Unique,
    /// EXCLUDE.
    Exclusion,
    /// FOREIGN KEY.
    ForeignKey(ForeignKey),
    /// A constraint trigger.
    Trigger,
}

/// The referencing side of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForeignKey {
    /// The referenced relation.
    pub relation: QualifiedName,
    /// Its columns, in the order of the constraint's own.
    pub columns: Vec<String>,
    /// `ON UPDATE`.
    pub on_update: ReferentialAction,
    /// `ON DELETE`.
    pub on_delete: ReferentialAction,
    /// The columns of `ON DELETE SET NULL (..)` or `SET DEFAULT (..)`, when listed (PostgreSQL 15).
    pub delete_set_columns: Vec<String>,
    /// `MATCH FULL`.
    pub match_full: bool,
}

/// What happens to the referencing rows; it runs as their owner, without row security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// Its name, unique within the relation's schema.
    pub name: String,
    /// Its key columns or expressions, as `pg_get_indexdef` prints each.
    pub keys: Vec<String>,
    /// Whether it enforces uniqueness.
    pub unique: bool,
    /// Whether NULLs count as equal (`NULLS NOT DISTINCT`, PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// The predicate of a partial index.
    pub predicate: Option<String>,
    /// Whether queries may use it and uniqueness holds for all rows.
    pub valid: bool,
    /// The access method.
    pub method: String,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
