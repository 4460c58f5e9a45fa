//! The arguments of `report`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Output, Source, Verdict};
use crate::compliance;

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// What to audit.
    #[command(flatten)]
    pub source: Source,
    /// The framework, or `all`; may be repeated
    #[arg(long, value_name = "FRAMEWORK", required = true, value_parser = frameworks(), help_heading = "What to report")]
    pub framework: Vec<String>,
    /// A JSON report of an earlier audit, instead of a new one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["path", "db_url", "snapshot", "demo"],
        help_heading = "What to report"
    )]
    pub from: Option<PathBuf>,
    /// What decides the exit code.
    #[command(flatten)]
    pub verdict: Verdict,
    /// What to write: human, json, markdown, csv, html or oscal.
    #[command(flatten)]
    pub output: Output,
}

fn frameworks() -> PossibleValuesParser {
    let ids = compliance::all().iter().map(|framework| framework.id.as_str());
    PossibleValuesParser::new(ids.chain(["all"]))
}
