//! What views and materialized views show, and through whose eyes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FunctionId, QualifiedName};

/// The query behind a view or materialized view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// The query, as `pg_get_viewdef` prints it under an empty `search_path`.
    pub definition: String,
    /// `security_invoker` (PostgreSQL 15): underlying relations are read as the caller instead of the view's owner.
    pub security_invoker: bool,
    /// `security_barrier`: no leaky function runs before the view's own filter.
    pub security_barrier: bool,
    /// `WITH CHECK OPTION`.
    pub check_option: Option<CheckOption>,
    /// Whether INSERT, UPDATE and DELETE reach the underlying relation (automatically or by trigger or rule).
    pub insertable: bool,
    /// See `insertable`.
    pub updatable: bool,
    /// See `insertable`.
    pub deletable: bool,
    /// The relations outside `pg_catalog` that the query names, sorted; through views it is one hop.
    pub reads: Vec<QualifiedName>,
    /// The functions outside `pg_catalog` that the query calls, by name or as an operator, sorted.
    pub calls: Vec<FunctionId>,
}

/// `WITH [LOCAL | CASCADED] CHECK OPTION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum CheckOption {
    Local,
    Cascaded,
}
