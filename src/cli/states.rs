//! The arguments of `snapshot`, `init` and `diff`, which read a state and write it down.

use std::path::PathBuf;

use clap::Args;

use super::{Reading, Shape, Source};

/// `snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// The file; stdout by default
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// Write policies/access.toml anew if it is there already; pgwitness.toml is never changed
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    /// Also write policies/tests.toml: what everybody can read and delete today, as tests; runs the migrations
    #[arg(long, help_heading = "Output")]
    pub tests: bool,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier state: a git ref, a folder, an SQL file, a snapshot or a URL
    #[arg(value_name = "BEFORE", help_heading = "What to compare")]
    pub before: String,
    /// The later state, likewise
    #[arg(value_name = "AFTER", help_heading = "What to compare")]
    pub after: String,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
    /// Do not exit with 3 when something could not be read
    #[arg(long, help_heading = "What counts")]
    pub allow_partial: bool,
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: Shape,
}
