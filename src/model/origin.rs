//! Where a fact comes from: the catalog of a server, or a statement in a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a fact of the model was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The system catalogs of a running server.
    #[default]
    Catalog,
    /// A statement in one of [`Schema::files`](super::Schema::files).
    Statement(Statement),
}

impl Origin {
    /// Whether the fact was read from a catalog; the serializer leaves such origins out.
    #[must_use]
    pub fn is_catalog(&self) -> bool {
        matches!(self, Self::Catalog)
    }
}

/// The byte span of a statement in a file of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// Index into [`Schema::files`](super::Schema::files).
    pub file: u32,
    /// First byte of the statement.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line of the first byte, counted from 1.
    pub line: u32,
    /// Column of the first byte, in characters, counted from 1.
    pub column: u32,
}

/// A file that statements of the model come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SourceFile {
    /// Path as the user named it, with forward slashes.
    pub path: String,
}
