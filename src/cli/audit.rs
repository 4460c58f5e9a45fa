//! The arguments of `audit`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, Source, Verdict};

/// `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to audit.
    #[command(flatten)]
    pub source: Source,
    /// The migrations that a running database was made by: findings point into them
    ///
    /// Without it `[database] migrations` of the configuration counts, then supabase/migrations here or above.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["path", "snapshot", "demo"], help_heading = "What to audit")]
    pub migrations: Option<PathBuf>,
    /// Write the open findings to a file, for --baseline of later runs
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub write_baseline: Option<PathBuf>,
    /// What decides the exit code.
    #[command(flatten)]
    pub verdict: Verdict,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}
