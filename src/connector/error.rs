//! What can go wrong between us and a database.

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
}

impl ConnectError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Setting { help, .. } => help.clone(),
        }
    }
}
