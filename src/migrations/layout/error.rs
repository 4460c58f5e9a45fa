//! Why the files of a project could not be had.

use std::path::Path;

/// A failure to find or read migration files.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file or folder could not be read.
    #[error("cannot read `{path}`: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no text that Postgres would take.
    #[error("cannot read `{place}`: {what}")]
    Text {
        /// `file:line`.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The folder is no project that we can read.
    #[error("{message}")]
    Project {
        /// What is there.
        message: String,
        /// What to do.
        help: String,
    },
}

impl LayoutError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::File { .. } => Some("name a file or folder that is there and that you may read".to_owned()),
            Self::Text { .. } => Some("save the file as UTF-8".to_owned()),
            Self::Project { help, .. } => Some(help.clone()),
        }
    }

    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }

    pub(super) fn project(message: String, help: impl Into<String>) -> Self {
        Self::Project { message, help: help.into() }
    }
}
