//! What can go wrong with a server of our own.

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
}

impl ShadowError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Binaries { help, .. } => help.clone(),
        }
    }
}
