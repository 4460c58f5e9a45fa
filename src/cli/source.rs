//! Where a model comes from, shared by several commands.

use std::path::PathBuf;

use clap::Args;

use super::Reading;

/// Where the model comes from, shared by `audit`, `matrix` and `snapshot`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What to audit")]
pub struct Source {
    /// Migrations: a folder, a file or - for stdin, applied to a throw-away server
    ///
    /// Without a path or another source: the URL of the configuration file, DATABASE_URL, the PG* variables, then
    /// supabase/migrations here or above.
    #[arg(value_name = "PATH", group = "source")]
    pub path: Option<PathBuf>,
    /// A running database, as a URL or keyword=value pairs; nothing in it is changed
    ///
    /// A password on the command line shows in the process list: DATABASE_URL, PGPASSWORD and ~/.pgpass do not.
    #[arg(long, value_name = "URL", group = "source")]
    pub db_url: Option<String>,
    /// A file that `pgwitness snapshot` wrote
    #[arg(long, value_name = "FILE", group = "source")]
    pub snapshot: Option<PathBuf>,
    /// Also look for keys in the application's source in this folder
    #[arg(long = "source", value_name = "DIR")]
    pub source_dir: Option<PathBuf>,
    /// A leaky example application, on a throw-away server
    #[arg(long, group = "source")]
    pub demo: bool,
    /// How to read it.
    #[command(flatten)]
    pub reading: Reading,
}
