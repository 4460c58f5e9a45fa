//! Functions and procedures.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Acl, Origin, QualifiedName, quote_ident};

/// What tells one function from another: schema, name and input types.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FunctionId {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// The input types as `format_type` prints each under an empty `search_path`, joined by `, `.
    pub arguments: String,
}

impl FunctionId {
    /// Schema and name without the argument types.
    #[must_use]
    pub fn qualified(&self) -> QualifiedName {
        QualifiedName::new(&self.schema, &self.name)
    }
}

/// Valid SQL, as GRANT and ALTER FUNCTION take it.
impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}({})", quote_ident(&self.schema), quote_ident(&self.name), self.arguments)
    }
}

/// A function, procedure, aggregate or window function. The constructors of range types are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// What tells it from others.
    pub id: FunctionId,
    /// What it is.
    pub kind: FunctionKind,
    /// The owning role; SECURITY DEFINER code runs as it.
    pub owner: String,
    /// Who may call it.
    pub acl: Acl,
    /// All parameters, OUT and TABLE ones too.
    pub parameters: Vec<Argument>,
    /// The result type; `trigger` and `event_trigger` cannot be called directly. Empty for procedures without one.
    pub returns: String,
    /// `SETOF` or `TABLE`.
    pub returns_set: bool,
    /// `LANGUAGE`.
    pub language: String,
    /// The source text; for a `BEGIN ATOMIC` or `RETURN` body what `pg_get_function_sqlbody` prints.
    pub body: String,
    /// Whether the body was bound at creation (`BEGIN ATOMIC`), so that `search_path` no longer matters.
    pub body_is_bound: bool,
    /// SECURITY DEFINER.
    pub security_definer: bool,
    /// The `search_path` it sets while it runs, as written.
    pub search_path: Option<String>,
    /// The other settings it makes while it runs, `name=value`, sorted.
    pub settings: Vec<String>,
    /// Volatility.
    pub volatility: Volatility,
    /// LEAKPROOF: may run on rows before row security hides them.
    pub leakproof: bool,
    /// STRICT: NULL for a NULL argument, without running.
    pub strict: bool,
    /// The extension that made it.
    pub extension: Option<String>,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "Origin::is_catalog")]
    pub origin: Origin,
}

impl Function {
    /// Whether a client can call it by name: trigger functions can only be fired.
    #[must_use]
    pub fn is_callable(&self) -> bool {
        !matches!(self.returns.as_str(), "trigger" | "event_trigger")
    }
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Argument {
    /// Its name, when it has one.
    pub name: Option<String>,
    /// IN, OUT and so on.
    pub mode: ArgumentMode,
    /// Its type.
    pub data_type: String,
    /// Its default expression.
    pub default: Option<String>,
}

/// `pg_proc.proargmodes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum ArgumentMode {
    In,
    Out,
    InOut,
    Variadic,
    Table,
}

/// `pg_proc.prokind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum FunctionKind {
    Function,
    Procedure,
    Aggregate,
    Window,
}

/// `pg_proc.provolatile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}
