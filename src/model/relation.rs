//! Relations of every kind.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Column, Constraint, Index, Origin, Policy, QualifiedName, Rule, Trigger, View};

/// A table, view, materialized view, foreign table or sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relation {
    /// Its name.
    pub name: QualifiedName,
    /// What kind of relation it is.
    pub kind: RelationKind,
    /// The owning role.
    pub owner: String,
    /// Grants on the whole relation.
    pub acl: Acl,
    /// `ENABLE ROW LEVEL SECURITY`.
    pub row_security: bool,
    /// `FORCE ROW LEVEL SECURITY`: the owner is bound too.
    pub force_row_security: bool,
    /// Whether it is a partition of its parent.
    pub is_partition: bool,
    /// How a partitioned table tells its partitions apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partitioning: Option<Partitioning>,
    /// Which rows a partition takes, as `pg_get_expr` prints it: `FOR VALUES IN (1, 2)` or `DEFAULT`. It is left out where an
    /// expression is a part of the key, and from migrations where the server computes a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// The parents it inherits from, sorted, or the one it is a partition of.
    pub parents: Vec<QualifiedName>,
    /// Whether rows survive a crash (`UNLOGGED` ones don't).
    pub unlogged: bool,
    /// Its columns, in order; those of sequences are left out.
    pub columns: Vec<Column>,
    /// Its constraints, by name. A partition has its parent's too; a foreign key to a partitioned table is one.
    pub constraints: Vec<Constraint>,
    /// Its indexes, by name.
    pub indexes: Vec<Index>,
    /// Its policies, by name; dormant while `row_security` is off.
    pub policies: Vec<Policy>,
    /// Its triggers, by name, without those that implement constraints. A partition has its parent's too.
    pub triggers: Vec<Trigger>,
    /// Its rewrite rules, by name, without a view's own.
    pub rules: Vec<Rule>,
    /// What a view or materialized view shows.
    pub view: Option<View>,
    /// The server of a foreign table.
    pub foreign_server: Option<String>,
    /// What a sequence is for.
    pub sequence: Option<Sequence>,
    /// What logical replication sends of a changed or deleted row; `Nothing` for views, foreign tables and sequences.
    pub replica_identity: ReplicaIdentity,
    /// The extension that made it.
    pub extension: Option<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

impl Relation {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
}

/// `pg_class.relkind`, without indexes, TOAST tables and composite types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// `r`
    Table,
    /// `p`
    PartitionedTable,
    /// `v`
    View,
    /// `m`
    MaterializedView,
    /// `f`
    ForeignTable,
    /// `S`
    Sequence,
}

impl RelationKind {
    /// Whether row security can be enabled on it.
    #[must_use]
    pub fn carries_row_security(self) -> bool {
        matches!(self, Self::Table | Self::PartitionedTable)
    }

    /// Whether a SELECT can read rows of the application from it.
    #[must_use]
    pub fn holds_rows(self) -> bool {
        self != Self::Sequence
    }
}

impl fmt::Display for RelationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::PartitionedTable => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::ForeignTable => "foreign table",
            Self::Sequence => "sequence",
        })
    }
}

/// How a partitioned table tells its partitions apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Partitioning {
    /// By what.
    pub strategy: PartitionStrategy,
    /// The columns of its key, in order; nothing where an expression is a part of it.
    pub columns: Option<Vec<String>>,
}

/// `PARTITION BY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartitionStrategy {
    /// By lists of values.
    List,
    /// By ranges.
    Range,
    /// By remainders of a hash.
    Hash,
}

/// What a sequence is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sequence {
    /// The column that owns it, as relation and column name.
    pub owned_by: Option<(QualifiedName, String)>,
}

/// `REPLICA IDENTITY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplicaIdentity {
    /// The primary key.
    #[default]
    Default,
    /// Nothing.
    Nothing,
    /// The whole old row.
    Full,
    /// A chosen unique index.
    Index,
}
