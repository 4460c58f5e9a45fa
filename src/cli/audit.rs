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
    /// Try writes on the running database too, on a few rows and rolled back
    ///
    /// As each role, rows that are there are set to what they are, deleted, and added once more. Triggers fire, locks are held
    /// for a moment. Not tried is what no rollback takes back: sequences, and triggers that send requests, notify, speak to
    /// other servers or run what cannot be read.
    #[arg(
        long,
        conflicts_with_all = ["path", "snapshot", "demo", "no_probes"],
        help_heading = "What to audit"
    )]
    pub allow_write_probes: bool,
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
