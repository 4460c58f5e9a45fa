//! Declared intent, bound to a database: plain data that effective access is held against.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analyzer::decide::{Caller, Which};
use crate::model::{Command, FunctionId, QualifiedName};
use crate::sql::tree::Expr;

/// All that is declared of a database.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Intent {
    /// What roles may do with rows; sorted. Several may speak of the same command, and each must hold.
    pub declarations: Vec<Declaration>,
    /// Columns that roles must not read.
    pub hidden: Vec<HiddenColumns>,
    /// The only columns that roles may change.
    pub columns: Vec<WritableColumns>,
    /// Whether roles may call functions.
    pub calls: Vec<DeclaredCall>,
    /// What decides rights.
    pub authorities: Vec<Authority>,
    /// What proofs may assume.
    pub assume: Assume,
    /// How the application knows who is asking.
    pub session: Session,
}

/// What a role may do to the rows of a relation by one command.
///
/// One on DELETE speaks of TRUNCATE as well, which removes rows whatever they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The relation.
    pub relation: QualifiedName,
    /// The role; it exists.
    pub role: String,
    /// The command.
    pub command: Command,
    /// The row that the predicate is on: an UPDATE has two.
    pub row: Which,
    /// Which rows.
    pub predicate: Predicate,
    /// Whether these are the most, the least, or both.
    pub mode: Mode,
    /// Who says so.
    pub origin: Origin,
    /// Why, in the words of whoever declared it.
    pub reason: Option<String>,
}

/// A condition on a row and the session. It is evaluated without row security.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// As it was written.
    pub text: String,
    /// In SQL without defines, valid under an empty `search_path`.
    pub sql: String,
    /// Bound, defines expanded: the relation's row is the only source of the outermost level, there are no parameters.
    pub tree: Expr,
}

/// How a declaration bounds access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing beyond it: no leak.
    #[default]
    AtMost,
    /// All of it: nobody is locked out.
    AtLeast,
    /// Both.
    Exactly,
}

impl Mode {
    /// Whether access must not exceed the declaration.
    #[must_use]
    pub fn is_upper(self) -> bool {
        self != Self::AtLeast
    }

    /// Whether access must reach all of the declaration.
    #[must_use]
    pub fn is_lower(self) -> bool {
        self != Self::AtMost
    }
}

/// A place in a file, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file as it was named.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// As editors follow it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Who says that something is so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A rule.
    Declared(Place),
    /// The default reading of the database.
    Reading {
        /// What speaks for it, as the rest of a sentence: "column `owner_id` references auth.users".
        because: String,
    },
}

/// Columns that a role must not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HiddenColumns {
    /// The relation.
    pub relation: QualifiedName,
    /// The role.
    pub role: String,
    /// The columns; sorted.
    pub columns: Vec<String>,
    /// Who says so.
    pub origin: Origin,
    /// Why.
    pub reason: Option<String>,
}

impl Intent {
    /// Whether a declared rule, and not a mere reading, says what the role may do to a relation by a command.
    pub(crate) fn rules(&self, relation: &QualifiedName, role: &str, command: Command) -> bool {
        let is_it = |d: &&Declaration| d.relation == *relation && d.role == role && d.command == command;
        self.declarations.iter().filter(is_it).any(|d| !matches!(d.origin, Origin::Reading { .. }))
    }
}

/// The only columns that a role may set by UPDATE.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WritableColumns {
    /// The relation.
    pub relation: QualifiedName,
    /// The role.
    pub role: String,
    /// The columns; sorted.
    pub columns: Vec<String>,
    /// Whether these are the most, the least, or both.
    pub mode: Mode,
    /// Who says so.
    pub origin: Origin,
    /// Why.
    pub reason: Option<String>,
}

/// Whether a role may call a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclaredCall {
    /// The function.
    pub function: FunctionId,
    /// The role.
    pub role: String,
    /// Whether it may.
    pub execute: bool,
    /// Whether it must, if it may: [`Mode::is_lower`].
    pub mode: Mode,
    /// Who says so.
    pub origin: Origin,
    /// Why.
    pub reason: Option<String>,
}

/// What decides rights: a principal must not be able to write its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Authority {
    /// The relation.
    pub relation: QualifiedName,
    /// The columns; empty if its rows as such decide.
    pub columns: Vec<String>,
    /// Who says so.
    pub origin: Origin,
}

/// What proofs may assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assume {
    /// How statements reach the database.
    pub caller: Caller,
    /// The claims that users can't choose, by their first key.
    pub trusted_claims: Vec<String>,
    /// Whether sessions of the role that users sign in as carry the claim `sub`.
    pub signed_in: bool,
}

impl Default for Assume {
    fn default() -> Self {
        let trusted_claims = ["sub", "role", "app_metadata"].map(str::to_owned).to_vec();
        Self { caller: Caller::default(), trusted_claims, signed_in: true }
    }
}

impl Assume {
    /// What proofs assume otherwise than usual, as clauses of a sentence.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let usual = Self::default();
        let mut words = Vec::new();
        if self.caller != usual.caller {
            words.push("statements come through the Data API, so that each UPDATE and DELETE has a WHERE".to_owned());
        }
        if self.signed_in != usual.signed_in {
            words.push("sessions of signed-in roles may carry no claims".to_owned());
        }
        if self.trusted_claims != usual.trusted_claims {
            words.push(match self.trusted_claims.as_slice() {
                [] => "users choose every claim of their token".to_owned(),
                trusted => format!("users choose every claim of their token but {}", trusted.join(", ")),
            });
        }
        words
    }

    /// Whether users choose the claim of that first key, by what is declared.
    #[must_use]
    pub fn is_chosen(&self, key: &str) -> bool {
        self.trusted_claims != Self::default().trusted_claims && !self.trusted_claims.iter().any(|t| t == key)
    }
}

/// How the application knows who is asking: expressions without a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The user.
    pub user: Option<Predicate>,
    /// The tenant.
    pub tenant: Option<Predicate>,
}
