//! Who can do what: one entry for each principal, relation and command.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Command, QualifiedName};

/// What a principal can do with one command to one relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatrixEntry {
    /// The role.
    pub principal: String,
    /// The relation.
    pub relation: QualifiedName,
    /// The command.
    pub command: Command,
    /// How many rows it reaches.
    pub access: Grade,
    /// The columns, when not all.
    pub columns: Option<Vec<String>>,
    /// The condition on rows, as SQL, when policies decide.
    pub condition: Option<String>,
    /// Why, in words.
    pub because: String,
}

/// How many rows a command reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// No row.
    None,
    /// Those that a condition lets through.
    Some,
    /// Every row.
    All,
}
