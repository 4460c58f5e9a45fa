//! The arguments of `test`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, Source};

/// `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// Access rules, personas and tests; may be repeated
    ///
    /// Without it `[access] files` of the configuration counts, then policies/*.toml beside the configuration, or here or
    /// above.
    #[arg(long, value_name = "FILE", help_heading = "What counts")]
    pub rules: Vec<PathBuf>,
    /// Do not exit with 3 when something could not be tested
    #[arg(long, help_heading = "What counts")]
    pub allow_partial: bool,
    /// Write what was tried as a suite of tests to a folder: pgtap
    #[arg(long, num_args = 2, value_names = ["FORMAT", "DIR"], help_heading = "Output")]
    pub emit: Option<Vec<String>>,
    /// Write everything that was said to servers to a file, also when the run fails
    ///
    /// Every statement in the order in which it was sent. Not what a throw-away server is made of: the platform and the
    /// migrations.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub log_sql: Option<PathBuf>,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}
