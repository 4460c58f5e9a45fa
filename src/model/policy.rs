//! Row-level security policies, and the commands that they and grants speak of.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionId, Grantee, Origin, Privilege};

/// A command whose rows row-level security filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Command {
    Select,
    Insert,
    Update,
    Delete,
}

impl Command {
    /// All four, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    /// The privilege that the command needs.
    #[must_use]
    pub fn privilege(self) -> Privilege {
        match self {
            Self::Select => Privilege::Select,
            Self::Insert => Privilege::Insert,
            Self::Update => Privilege::Update,
            Self::Delete => Privilege::Delete,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.privilege().sql())
    }
}

/// The `FOR` clause of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum PolicyCommand {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

impl PolicyCommand {
    /// Whether a policy with this clause is used for `command`.
    #[must_use]
    pub fn covers(self, command: Command) -> bool {
        match self {
            Self::All => true,
            Self::Select => command == Command::Select,
            Self::Insert => command == Command::Insert,
            Self::Update => command == Command::Update,
            Self::Delete => command == Command::Delete,
        }
    }
}

impl fmt::Display for PolicyCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "ALL",
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        })
    }
}

/// A row-level security policy of a relation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Its name, unique within the relation.
    pub name: String,
    /// PERMISSIVE policies are OR-ed; RESTRICTIVE ones (`false`) are AND-ed on top.
    pub permissive: bool,
    /// The `FOR` clause.
    pub command: PolicyCommand,
    /// The `TO` clause, sorted; `PUBLIC` when it was left out.
    pub roles: Vec<Grantee>,
    /// The USING expression, as `pg_get_expr` prints it under an empty `search_path`.
    pub using: Option<String>,
    /// The WITH CHECK expression, likewise.
    pub check: Option<String>,
    /// The functions that its expressions call of which there are others of the same schema and name, sorted: a text alone
    /// does not tell which one is meant where another came later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<FunctionId>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}
