//! What decides the exit code, shared by `audit` and `check`.

use std::path::PathBuf;

use clap::Args;

use crate::config::FailOn;

/// What decides the exit code.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What counts")]
pub struct Verdict {
    /// Exit with 1 from this severity on [default: high]
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,
    /// Do not exit with 3 when something could not be examined
    #[arg(long)]
    pub allow_partial: bool,
    /// Do not confirm findings by reading as the roles they are about
    #[arg(long)]
    pub no_probes: bool,
    /// Access rules to hold the database against; may be repeated
    ///
    /// Without it `[access] files` of the configuration counts, then policies/*.toml beside the configuration, or here or
    /// above. Without any rules, what is meant is read from columns, keys and existing policies.
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
}
