//! What can go wrong with a server of our own.

use std::path::Path;

use super::Failure;
use crate::migrations::layout::LayoutError;

/// A failure to get, start or fill a throw-away server.
#[derive(Debug, thiserror::Error)]
pub enum ShadowError {
    /// No usable Postgres binaries.
    #[error("{message}")]
    Binaries {
        /// What was looked for and where.
        message: String,
        /// How to install one here.
        help: Option<String>,
    },
    /// The server could not be initialised or did not come up.
    #[error("{message}")]
    Start {
        /// What was tried, and the last lines of the server's log.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// A file of ours or of the user's could not be used.
    #[error("cannot {action} `{path}`: {source}")]
    File {
        /// `read`, `create`, ...
        action: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The migration files could not be had.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The server refused a statement.
    #[error("{place}: {message} ({code})")]
    Sql {
        /// `file:line` of the statement.
        place: String,
        /// The SQLSTATE.
        code: String,
        /// The server's message, with its detail and context.
        message: String,
        /// The server's hint.
        help: Option<String>,
    },
    /// Talking to our server failed.
    #[error("{what}: {message}")]
    Connection {
        /// What was being done.
        what: String,
        /// The causes, joined.
        message: String,
    },
}

impl From<Failure> for ShadowError {
    fn from(failure: Failure) -> Self {
        let Failure { path, place, code, message, help, .. } = failure;
        Self::Sql { place: format!("{path}:{}", place.line), code, message, help }
    }
}

impl ShadowError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Binaries { help, .. } | Self::Start { help, .. } | Self::Sql { help, .. } => help.clone(),
            Self::Layout(e) => e.help(),
            // What we cannot write is ours; what we cannot read may be the user's own file.
            Self::File { action, .. } if !matches!(*action, "read" | "resolve" | "run" | "find") => Some(
                "check that the place exists, may be written to and has room; PGWITNESS_CACHE_DIR and TMPDIR move the \
                 files of the throw-away server"
                    .to_owned(),
            ),
            Self::File { .. } | Self::Connection { .. } => None,
        }
    }

    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn connection(what: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(e) = cause {
            message = format!("{message}: {e}");
            cause = e.source();
        }
        Self::Connection { what: what.into(), message }
    }
}
