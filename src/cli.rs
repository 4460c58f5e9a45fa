//! The command line as clap types: what can be said, not what it does.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config::{FailOn, Timeout};
use crate::migrations::layout::Layout;
use crate::model::Platform;

/// Who can reach which rows of a Postgres database, with evidence.
#[derive(Debug, Parser)]
#[command(
    name = "pgwitness",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    long_about = "Audits the access control of a Postgres or Supabase database: row-level security, grants, and the \
                  other doors to the same rows. Says in plain words who can reach what, why, how to see it, and how \
                  to mend it. Changes nothing in the audited database.",
    after_help = "Examples:\n  \
                  pgwitness audit --demo                 audit a leaky example on a server of its own\n  \
                  pgwitness audit                        audit the database of this project's environment\n  \
                  pgwitness audit supabase/migrations    apply migrations to a throw-away server and audit it\n  \
                  pgwitness check --base origin/main     read migrations only, and tell what this branch makes worse\n  \
                  pgwitness matrix --why anon public.profiles select\n  \
                  pgwitness explain rls-off-exposed",
    after_long_help = "Examples:\n  \
                  pgwitness audit --demo                 audit a leaky example on a server of its own\n  \
                  pgwitness audit                        audit the database of this project's environment\n  \
                  pgwitness audit supabase/migrations    apply migrations to a throw-away server and audit it\n  \
                  pgwitness check --base origin/main     read migrations only, and tell what this branch makes worse\n  \
                  pgwitness matrix --why anon public.profiles select\n  \
                  pgwitness explain rls-off-exposed\n\n\
                  Exit codes:\n  \
                  0  nothing at or above --fail-on\n  \
                  1  findings at or above --fail-on\n  \
                  2  the command line or the configuration is wrong\n  \
                  3  could not connect, or not everything could be examined\n  \
                  4  an internal error of pgwitness"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
}

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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find out who can reach what they should not
    #[command(after_long_help = "Examples:\n  \
        pgwitness audit --demo\n  \
        DATABASE_URL=postgres://auditor@db.example.com/app pgwitness audit\n  \
        pgwitness audit supabase/migrations --output json=report.json\n  \
        pgwitness audit --snapshot model.json --fail-on critical")]
    Audit(Audit),
    /// Check migration files without a server; in CI, only what a change makes worse
    #[command(
        after_long_help = "Without a server and without a network: the files are read, not run. A statement that \
        is not understood is named, and one that may touch access control ends the run with 3.\n\n\
        Examples:\n  \
        pgwitness check                                     supabase/migrations, here or above\n  \
        pgwitness check --base origin/main                  only what this branch makes worse\n  \
        pgwitness check --shadow                            run them on a throw-away Postgres as well\n  \
        pgwitness check schema-dump.sql db/migrations       what was made by hand first, then the migrations\n  \
        git show HEAD:schema.sql | pgwitness check -"
    )]
    Check(Check),
    /// Show what each role can do with each relation, and why
    #[command(after_long_help = "Examples:\n  \
        pgwitness matrix --role anon\n  \
        pgwitness matrix --relation 'public.*' --format json\n  \
        pgwitness matrix --why authenticated public.profiles update")]
    Matrix(Matrix),
    /// Try every command as everybody on rows made for it, and run the tests that the project declares
    #[command(after_long_help = "Migrations run on a throw-away server; every table gets rows of four users in two \
        tenants; each role and user tries to read and write all of them, and everything is rolled back. What comes of it \
        is held against the access rules, or else against the reading of columns, keys and policies.\n\n\
        Exit codes: 1 if a rule or a declared test does not hold, 3 if a table could not be tested, 4 if a proof does not \
        hold; else 0.\n\n\
        Examples:\n  \
        pgwitness test                                      supabase/migrations, here or above\n  \
        pgwitness test --emit pgtap supabase/tests          the same as a suite for `supabase test db`\n  \
        pgwitness test --log-sql trials.sql")]
    Test(Test),
    /// Write what was read of the database to a file, to audit it later or elsewhere
    #[command(after_long_help = "The file holds names, definitions and grants: no rows and no passwords.\n\n\
        Examples:\n  \
        pgwitness snapshot -o model.json\n  \
        pgwitness audit --snapshot model.json")]
    Snapshot(Snapshot),
    /// Write a configuration and the access rules that a database keeps to today, to review them
    #[command(
        after_long_help = "Asks nothing, and overwrites nothing without --force. Every rule says where it was read; \
        what lets every row through is marked with REVIEW. Migrations are read, not run.\n\n\
        Examples:\n  \
        pgwitness init                                      supabase/migrations, here or above\n  \
        pgwitness init --db-url postgres://auditor@db.example.com/app\n  \
        pgwitness check                                     holds the migrations against the rules"
    )]
    Init(Init),
    /// Tell which rows and rights each role gained or lost between two states
    #[command(
        after_long_help = "A state is a git ref, a folder of migrations, an SQL file, a snapshot, or the URL of a \
        running database. Conditions are compared by what they mean, with a session and rows that show a difference.\n\n\
        Exit codes: 1 if somebody gained something, or may have; 3 if not everything could be read; else 0.\n\n\
        Examples:\n  \
        pgwitness diff origin/main supabase/migrations\n  \
        pgwitness diff production.json supabase/migrations --format json"
    )]
    Diff(Diff),
    /// Explain a check, or show one finding of a report in full
    #[command(after_long_help = "Examples:\n  \
        pgwitness explain rls-off-exposed\n  \
        pgwitness explain 0123456789abcdef --report report.json")]
    Explain(Explain),
    /// List the checks
    Checks(Checks),
    /// Print a completion script for a shell
    #[command(after_long_help = "Examples:\n  \
        pgwitness completions bash > ~/.local/share/bash-completion/completions/pgwitness\n  \
        pgwitness completions zsh > \"${fpath[1]}/_pgwitness\"")]
    Completions(Completions),
    /// Print the manual page, or write all of them to a directory
    Man(Man),
    /// Print the JSON Schema of a file format
    #[command(hide = true)]
    Schema(SchemaOf),
}

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
    /// What decides the exit code.
    #[command(flatten)]
    pub verdict: Verdict,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Migrations: folders, files or - for stdin; several are one database, in this order
    ///
    /// Without a path supabase/migrations counts, here or above.
    #[arg(value_name = "PATH", help_heading = "What to check")]
    pub paths: Vec<PathBuf>,
    /// Report only what is worse than in another state: a git ref, a folder, an SQL file or a snapshot
    ///
    /// A git ref is read from the repository, and no checkout is touched; REF... with three dots is the last commit that
    /// REF and HEAD have in common.
    #[arg(long, value_name = "BASE", help_heading = "What to check")]
    pub base: Option<String>,
    /// Also run the migrations on a throw-away server, and confirm findings there
    #[arg(long, help_heading = "What to check")]
    pub shadow: bool,
    /// Also look for keys in the application's source in this folder
    #[arg(long = "source", value_name = "DIR", help_heading = "What to check")]
    pub source_dir: Option<PathBuf>,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
    /// What decides the exit code.
    #[command(flatten)]
    pub verdict: Verdict,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

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

/// Formats and files.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
    /// Write a format to a file as well; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub output: Vec<OutputFile>,
}

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For programs; `pgwitness schema report` describes it
    Json,
}

/// A format and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: PathBuf,
}

impl std::str::FromStr for OutputFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("expected FORMAT=FILE")?;
        let format = Format::from_str(format, false).map_err(|_| format!("`{format}` is none of human, json"))?;
        Ok(Self { format, file: file.into() })
    }
}

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
    /// Write every statement that was tried to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub log_sql: Option<PathBuf>,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

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
    pub format: Format,
}

/// `snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// The file; stdout by default
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// What to read.
    #[command(flatten)]
    pub source: Source,
    /// Write policies/access.toml anew if it is there already; pgwitness.toml is never changed
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    /// Also write policies/tests.toml: what everybody can read and delete today, as tests; runs the migrations
    #[arg(long, help_heading = "Output")]
    pub tests: bool,
}

/// `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// The earlier state: a git ref, a folder, an SQL file, a snapshot or a URL
    #[arg(value_name = "BEFORE", help_heading = "What to compare")]
    pub before: String,
    /// The later state, likewise
    #[arg(value_name = "AFTER", help_heading = "What to compare")]
    pub after: String,
    /// How to read them.
    #[command(flatten)]
    pub reading: Reading,
    /// Do not exit with 3 when something could not be read
    #[arg(long, help_heading = "What counts")]
    pub allow_partial: bool,
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human", help_heading = "Output")]
    pub format: Format,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The id of a check, or the fingerprint of a finding
    #[arg(value_name = "CHECK|FINGERPRINT")]
    pub subject: String,
    /// The JSON report that holds the finding
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// `checks`.
#[derive(Debug, Args)]
pub struct Checks {
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of all commands to this directory
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `schema`.
#[derive(Debug, Args)]
pub struct SchemaOf {
    /// The format
    pub of: SchemaKind,
}

/// The file formats that have a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaKind {
    /// pgwitness.toml
    Config,
    /// What `--format json` writes
    Report,
    /// What `pgwitness snapshot` writes
    Snapshot,
    /// Files of access rules
    Rules,
}
