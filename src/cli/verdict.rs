//! What decides the exit code, shared by `audit` and `check`.

use std::path::PathBuf;

use clap::Args;

use crate::config::{FailOn, Profile};
use crate::finding::{Confidence, Severity};

/// What decides the exit code.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What counts")]
pub struct Verdict {
    /// Exit with 1 from this severity on [default: by profile, high]
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
    /// Write everything that was said to servers to a file, also when the run fails
    ///
    /// Every statement in the order in which it was sent, introspection and replays of witnesses among them. Not what a
    /// throw-away server is made of: the platform and the migrations.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub log_sql: Option<PathBuf>,
    /// What is shown and what is accepted.
    #[command(flatten)]
    pub accepted: Accepted,
}

/// What is shown, and what is accepted. What is hidden is counted in every format.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What is shown")]
pub struct Accepted {
    /// How much to let pass [default: regular]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<Profile>,
    /// Run only these checks, such as rls-*; may be repeated
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Do not run these checks; may be repeated
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,
    /// Show only findings from this severity on; hidden ones count for the exit code
    #[arg(long, value_name = "SEVERITY")]
    pub min_severity: Option<Severity>,
    /// Show only findings that are at least as sure; hidden ones count for the exit code
    #[arg(long, value_name = "CONFIDENCE")]
    pub confidence: Option<Confidence>,
    /// Take out the findings that stand in this file, which --write-baseline wrote
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
}

impl Accepted {
    /// Whether anything was said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        let Self { profile, only, skip, min_severity, confidence, baseline } = self;
        profile.is_some()
            || !(only.is_empty() && skip.is_empty())
            || min_severity.is_some()
            || confidence.is_some()
            || baseline.is_some()
    }
}
