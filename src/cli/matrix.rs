//! The arguments of `matrix`.

use clap::Args;

use super::{Shape, Source};

/// `matrix`.
#[derive(Debug, Args)]
pub struct Matrix {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// Explain one answer: a role, a relation and a command
    ///
    /// COMMAND is select, insert, update, delete, truncate, references or trigger.
    #[arg(
        long,
        num_args = 3,
        value_names = ["ROLE", "RELATION", "COMMAND"],
        conflicts_with_all = ["role", "relation"],
        help_heading = "What to show"
    )]
    pub why: Option<Vec<String>>,
    /// Only these roles, trusted ones too; may be repeated
    #[arg(long, value_name = "ROLE", help_heading = "What to show")]
    pub role: Vec<String>,
    /// Only relations that match, such as public.* or *.profiles; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "What to show")]
    pub relation: Vec<String>,
    /// The platform's own relations too
    #[arg(long, help_heading = "What to show")]
    pub all_schemas: bool,
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: Shape,
}
