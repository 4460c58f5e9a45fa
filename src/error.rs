//! The crate's error: every way a run can fail, with its exit code and help line.

use crate::connector::ConnectError;
use crate::migrations::layout::LayoutError;
use crate::shadow::ShadowError;

/// What a run ends with; the same for every output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Nothing at or above the threshold.
    Clean = 0,
    /// Findings at or above `--fail-on`.
    Findings = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The database could not be reached, or not everything could be examined.
    Incomplete = 3,
    /// A bug of ours.
    Internal = 4,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// A failed run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or the configuration is wrong.
    #[error("{message}")]
    Usage {
        /// What is wrong, with file and line where there is one.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// A database could not be reached or read.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The throw-away server failed.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// A file could not be read or written.
    #[error("cannot {action} `{path}`: {source}")]
    File {
        /// `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The migration files could not be had.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A broken promise of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A wrong command line or configuration.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// A file that cannot be used; `action` is `read`, `write`, ...
    pub fn file(action: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }

    /// Whether the reader of our output went away, which is no error of the run.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// The exit code of a run that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage { .. } | Self::File { .. } | Self::Layout(_) | Self::Connect(ConnectError::Setting { .. }) => {
                ExitCode::Usage
            }
            Self::Connect(_) | Self::Shadow(_) => ExitCode::Incomplete,
            Self::Internal(_) => ExitCode::Internal,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Usage { help, .. } => help.clone(),
            Self::Connect(e) => e.help(),
            Self::Shadow(e) => e.help(),
            Self::Layout(e) => e.help(),
            Self::File { .. } => None,
            Self::Internal(_) => {
                Some("this is a bug in pgwitness; please report it with the command you ran".to_owned())
            }
        }
    }
}
