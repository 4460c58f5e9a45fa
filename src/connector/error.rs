//! What can go wrong between us and a database.

use std::error::Error as _;

/// A failure to reach or read a database.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A connection setting that makes no sense.
    #[error("{message}")]
    Setting {
        /// What is wrong, and where it was set; never the secret itself.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The server refused or failed a query, or the connection broke under it.
    #[error("{what}: {}", describe(source))]
    Query {
        /// What was being done, as in `reading the policies`.
        what: String,
        /// What the server or the connection said.
        source: tokio_postgres::Error,
    },
}

impl ConnectError {
    /// A query that failed; `what` says what it was for, as in `reading the policies`.
    pub fn query(what: impl Into<String>, source: tokio_postgres::Error) -> Self {
        Self::Query { what: what.into(), source }
    }

    /// A setting that makes no sense, and what to write instead.
    pub(super) fn setting(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Setting { message: message.into(), help: Some(help.into()) }
    }

    /// The same error, with the place where the setting stands.
    pub(super) fn within(self, place: &str) -> Self {
        match self {
            Self::Setting { message, help } => Self::Setting { message: format!("{place}: {message}"), help },
            other => other,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Setting { help, .. } => help.clone(),
            Self::Query { .. } => None,
        }
    }
}

/// The driver's error in full: it alone says only `db error`.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} (SQLSTATE {})", db.message(), db.code().code()),
        None => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}
