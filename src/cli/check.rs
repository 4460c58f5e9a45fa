//! The arguments of `check`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, Reading, Verdict};

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Migrations: folders, files or - for stdin; several are one database, in this order
    ///
    /// Without a path supabase/migrations counts, here or above.
    #[arg(value_name = "PATH", help_heading = "What to check")]
    pub paths: Vec<PathBuf>,
    /// Report only what is worse than in another state: a git ref, a folder, an SQL file or a snapshot
    ///
    /// A git ref is read from the repository, and no checkout is touched; REF... with three dots is the last commit that
    /// REF and HEAD have in common.
    #[arg(long, value_name = "BASE", help_heading = "What to check")]
    pub base: Option<String>,
    /// Also run the migrations on a throw-away server, and confirm findings there
    #[arg(long, help_heading = "What to check")]
    pub shadow: bool,
    /// Also look for keys in the application's source in this folder
    #[arg(long = "source", value_name = "DIR", help_heading = "What to check")]
    pub source_dir: Option<PathBuf>,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
    /// Write the open findings to a file, for --baseline of later runs
    #[arg(long, value_name = "FILE", help_heading = "Output", conflicts_with = "base")]
    pub write_baseline: Option<PathBuf>,
    /// What decides the exit code.
    #[command(flatten)]
    pub verdict: Verdict,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}
