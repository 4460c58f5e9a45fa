//! What a finding is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{FunctionId, QualifiedName, quote_ident};

/// A database object, by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its schema; `None` for what lives outside schemas.
    pub schema: Option<String>,
    /// Its name: for functions with argument types, for policies and columns the relation's.
    pub name: String,
    /// The policy or column of that relation.
    pub part: Option<String>,
}

/// Kinds of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum ObjectKind {
    Relation,
    Column,
    Policy,
    Function,
    Schema,
    Role,
    DefaultPrivileges,
    Server,
    Database,
    File,
    Setting,
}

impl ObjectKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Relation => "relation",
            Self::Column => "column",
            Self::Policy => "policy",
            Self::Function => "function",
            Self::Schema => "schema",
            Self::Role => "role",
            Self::DefaultPrivileges => "default privileges",
            Self::Server => "server",
            Self::Database => "database",
            Self::File => "file",
            Self::Setting => "setting",
        }
    }
}

impl ObjectRef {
    /// A relation.
    #[must_use]
    pub fn relation(name: &QualifiedName) -> Self {
        Self { kind: ObjectKind::Relation, schema: Some(name.schema.clone()), name: name.name.clone(), part: None }
    }

    /// A policy of a relation.
    #[must_use]
    pub fn policy(relation: &QualifiedName, policy: &str) -> Self {
        Self { kind: ObjectKind::Policy, part: Some(policy.to_owned()), ..Self::relation(relation) }
    }

    /// A column of a relation.
    #[must_use]
    pub fn column(relation: &QualifiedName, column: &str) -> Self {
        Self { kind: ObjectKind::Column, part: Some(column.to_owned()), ..Self::relation(relation) }
    }

    /// A function.
    #[must_use]
    pub fn function(id: &FunctionId) -> Self {
        let name = format!("{}({})", quote_ident(&id.name), id.arguments);
        Self { kind: ObjectKind::Function, schema: Some(id.schema.clone()), name, part: None }
    }

    /// Something outside schemas.
    #[must_use]
    pub fn global(kind: ObjectKind, name: impl Into<String>) -> Self {
        Self { kind, schema: None, name: name.into(), part: None }
    }
}

/// `public.documents`, `policy "read all" on public.documents`, `role reporting`.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = match (&self.schema, self.kind) {
            (Some(schema), ObjectKind::Function) => format!("{}.{}", quote_ident(schema), self.name),
            (Some(schema), _) => format!("{}.{}", quote_ident(schema), quote_ident(&self.name)),
            (None, _) => self.name.clone(),
        };
        match (self.kind, &self.part) {
            (ObjectKind::Policy, Some(part)) => write!(f, "policy {part:?} on {full}"),
            (ObjectKind::Column, Some(part)) => write!(f, "{full}.{}", quote_ident(part)),
            (ObjectKind::Relation, _) => f.write_str(&full),
            (kind, _) => write!(f, "{} {full}", kind.word()),
        }
    }
}
