//! How a database is read, shared by several commands.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::config::Timeout;
use crate::migrations::layout::Layout;
use crate::model::Platform;

/// How a database is read, and which server migrations run on.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How to read it")]
pub struct Reading {
    /// What stands around the database; detected by default
    #[arg(long, value_name = "PLATFORM", value_parser = platform())]
    pub platform: Option<Platform>,
    /// The schemas that the Data API serves, where the database does not say
    #[arg(long, value_name = "SCHEMAS", value_delimiter = ',')]
    pub exposed_schemas: Option<Vec<String>>,
    /// Give up on a statement after this long, such as 30s or 500ms [default: 30s]
    #[arg(long, value_name = "TIME")]
    pub statement_timeout: Option<Timeout>,
    /// The directory of the Postgres programs for the throw-away server
    #[arg(long, value_name = "DIR", env = "PGWITNESS_PG_BIN", hide_env_values = true)]
    pub pg_bin: Option<PathBuf>,
    /// The major version of the throw-away server
    ///
    /// Without it that of supabase/config.toml counts if it is at hand, and without that the newest installed.
    #[arg(long, value_name = "MAJOR", value_parser = clap::value_parser!(u32).range(14..=18))]
    pub pg_version: Option<u32>,
    /// Whether the Supabase platform of the throw-away server grants new tables of public to clients
    ///
    /// Without it `auto_expose_new_tables` of supabase/config.toml counts, and without that, exposed.
    #[arg(long, value_name = "WHICH")]
    pub new_tables: Option<NewTables>,
    /// The tool that the migrations are for; detected by default
    #[arg(long, value_name = "TOOL")]
    pub layout: Option<Layout>,
    /// Run migrations in a scratch database on this server instead of a throw-away server; it is dropped at the end
    ///
    /// A URL or keyword=value pairs of a role that may make databases, best a superuser of a server for tests. Nothing else
    /// in the server changes: roles that it has stay as they are, and those that are made go with the database.
    #[arg(
        long,
        value_name = "URL",
        env = "PGWITNESS_SHADOW_URL",
        hide_env_values = true,
        conflicts_with_all = ["pg_bin", "pg_version"]
    )]
    pub shadow_url: Option<String>,
    /// A pg_dump of the database before the first migration, where migrations alone do not make it
    ///
    /// For projects that began in a dashboard: `supabase db dump` or `pg_dump` in plain format, with or without rows.
    #[arg(long, value_name = "FILE")]
    pub initial_dump: Option<PathBuf>,
    /// Stop at the first statement that fails on the throw-away server, as the project's own tool would
    ///
    /// Without it such statements are left out and listed, and the rest is examined; the exit code is then 3 if access
    /// control may depend on one of them.
    #[arg(long)]
    pub strict: bool,
    /// Leave the throw-away server without the rows of seed.sql
    #[arg(long)]
    pub no_seed: bool,
}

/// What the platform grants on new tables of `public`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewTables {
    /// As in projects created before 2026-05-30: all to anon and authenticated
    Exposed,
    /// As in newer ones: nothing
    Private,
}

fn platform() -> impl TypedValueParser<Value = Platform> {
    let names = [
        PossibleValue::new("supabase").help("Clients act as anon or authenticated, through the Data API"),
        PossibleValue::new("postgres").help("Clients are login roles"),
    ];
    PossibleValuesParser::new(names)
        .map(|name| if name == "supabase" { Platform::Supabase } else { Platform::Postgres })
}
