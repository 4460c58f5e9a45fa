//! Options of every command.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Read the configuration from this file
    ///
    /// Without it the nearest pgwitness.toml or supabase/pgwitness.toml counts, from here up to the repository root.
    #[arg(long, value_name = "FILE", global = true, env = "PGWITNESS_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: Color,
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Cut nothing short
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
