//! The arguments of commands that tell of the program itself.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::Shape;

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The id of a check, or the fingerprint of a finding
    #[arg(value_name = "CHECK|FINGERPRINT")]
    pub subject: String,
    /// The JSON report that holds the finding
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// `checks`.
#[derive(Debug, Args)]
pub struct Checks {
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Shape,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of all commands to this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `schema`.
#[derive(Debug, Args)]
pub struct SchemaOf {
    /// The format
    pub of: SchemaKind,
}

/// The file formats that have a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// pgwitness.toml
    Config,
    /// What `--format json` writes
    Report,
    /// What `pgwitness snapshot` writes
    Snapshot,
    /// Files of access rules
    Rules,
}
