//! Rules as they were read: well formed, each with its place, not yet held against a database.

use super::cases::{DeclaredPersona, DeclaredTest};
use super::define::Defines;
use super::error::RuleError;
use super::intent::Mode;
use super::pattern::Pattern;
use super::text::{At, Sql, Text, Texts};
use crate::analyzer::decide::{Caller, Which};
use crate::model::Command;

/// Rule files that were read and are well formed.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub(super) texts: Vec<Text>,
    pub(super) defines: Defines,
    pub(super) rows: Vec<RowRule>,
    pub(super) calls: Vec<CallRule>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) authorities: Vec<AuthorityRule>,
    pub(super) personas: Vec<DeclaredPersona>,
    pub(super) tests: Vec<DeclaredTest>,
    pub(super) caller: Option<Caller>,
    pub(super) trusted_claims: Option<Vec<String>>,
    /// `[assume] signed-in`
    pub(super) signed_in: Option<bool>,
}

impl Rules {
    /// Whether nothing is declared of any row, function or right.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.calls.is_empty() && self.tenants.is_empty() && self.authorities.is_empty()
    }

    /// The sessions that tests run as, beside the standing ones.
    #[must_use]
    pub fn personas(&self) -> &[DeclaredPersona] {
        &self.personas
    }

    /// Statements of personas, and what must come of them.
    #[must_use]
    pub fn tests(&self) -> &[DeclaredTest] {
        &self.tests
    }

    /// What the files say, without those that come with the program.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().filter(|t| !t.is_preset).map(|t| t.text.as_str())
    }

    /// The files that were read, without those that come with the program.
    #[must_use]
    pub fn files(&self) -> Vec<&std::path::Path> {
        self.texts.iter().filter(|t| !t.is_preset).map(|t| t.path.as_path()).collect()
    }

    pub(super) fn texts(&self) -> Texts<'_> {
        Texts(&self.texts)
    }

    /// Whether something stands in a file that comes with the program: it may speak of what a database lacks.
    pub(super) fn is_preset(&self, at: &At) -> bool {
        self.texts.get(at.file).is_some_and(|text| text.is_preset)
    }

    /// An error about something in the files.
    pub(super) fn error(&self, at: &At, message: impl Into<String>, help: Option<String>) -> RuleError {
        self.texts().error(at, message, help)
    }
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) at: At,
}

/// `[[rule]] on`
#[derive(Debug, Clone)]
pub(super) struct RowRule {
    pub(super) on: Vec<Pattern>,
    pub(super) roles: Vec<Word>,
    pub(super) said: Vec<Said>,
    /// The only columns that UPDATE may set.
    pub(super) columns: Option<Vec<Word>>,
    pub(super) hide: Vec<Word>,
    pub(super) mode: Mode,
    pub(super) reason: Option<String>,
}

/// What a rule says of one row of one command.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) command: Command,
    pub(super) row: Which,
    pub(super) what: Declared,
    /// Whether the command was named, rather than meant by `all`.
    pub(super) named: bool,
}

/// Which rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    Constant(bool, At),
    Sql(Sql),
}

impl Declared {
    pub(super) fn at(&self) -> &At {
        match self {
            Self::Constant(_, at) => at,
            Self::Sql(sql) => &sql.at,
        }
    }

    /// As it was written.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Constant(true, _) => "true",
            Self::Constant(false, _) => "false",
            Self::Sql(sql) => &sql.text,
        }
    }
}

/// `[[rule]] call`
#[derive(Debug, Clone)]
pub(super) struct CallRule {
    pub(super) call: Vec<Pattern>,
    pub(super) roles: Vec<Word>,
    pub(super) execute: bool,
    pub(super) at: At,
    pub(super) mode: Mode,
    pub(super) reason: Option<String>,
}

/// `[[tenant]]`
#[derive(Debug, Clone)]
pub(super) struct Tenant {
    pub(super) column: Word,
    /// What gives the session's tenant; none if it is that of [session].
    pub(super) of: Option<Sql>,
    pub(super) except: Vec<Pattern>,
    pub(super) roles: Option<Vec<Word>>,
    pub(super) reason: Option<String>,
}

/// `[[authority]]`
#[derive(Debug, Clone)]
pub(super) struct AuthorityRule {
    pub(super) on: Vec<Pattern>,
    pub(super) columns: Vec<Word>,
}
