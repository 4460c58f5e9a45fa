//! Scripts that need no rule: the same command once where it must reach nothing, and once where it must reach a row.

use super::Script;
use crate::model::{quote_ident, quote_literal};

/// What differs between a command that reaches nothing and the same command that reaches a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contrast {
    /// What the session is otherwise: its settings, and what is done with all rights before.
    Session {
        /// The settings that differ.
        settings: Vec<(String, String)>,
        /// Statements, run with all rights.
        before: Vec<String>,
    },
    /// What the role itself does in between.
    Write(String),
}

impl Contrast {
    /// What is run with all rights before the command that must reach nothing.
    #[must_use]
    pub fn otherwise(&self) -> Vec<String> {
        match self {
            Self::Write(_) => Vec::new(),
            Self::Session { settings, before } => {
                let set = settings.iter().map(|(name, value)| {
                    format!("select set_config({}, {}, true)", quote_literal(name), quote_literal(value))
                });
                before.iter().cloned().chain(set).collect()
            }
        }
    }

    /// What the role does before the command that must reach a row.
    #[must_use]
    pub fn opens(&self) -> Option<&str> {
        match self {
            Self::Write(act) => Some(act),
            Self::Session { .. } => None,
        }
    }

    /// When the row is reached and when not, in words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::Session { .. } => ", and not by a session that says otherwise",
            Self::Write(_) => " after the write, and not before it",
        }
    }

    /// The steps for people.
    pub(super) fn text(&self, script: &Script) -> String {
        let role = quote_ident(&script.role);
        let (first, second) = match self {
            Self::Session { .. } => ("in a session that says otherwise", "what it can in this one"),
            Self::Write(_) => ("as things are", "what it can after a write of its own"),
        };
        let lines = |all: Vec<String>| all.into_iter().map(|s| format!("{s};\n")).collect::<String>();
        let opens = lines(self.opens().map(str::to_owned).into_iter().collect());
        format!(
            "-- what the role cannot do {first}\nsavepoint before;\n{}set local role {role};\n{act};\nrollback to savepoint \
             before;\n\n-- {second}\nset local role {role};\n{opens}{act};\n",
            lines(self.otherwise()),
            act = script.act
        )
    }
}
