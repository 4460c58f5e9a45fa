//! The command line as clap types: what can be said, not what it does.

mod about;
mod audit;
mod check;
mod global;
mod matrix;
mod output;
mod reading;
mod report;
mod source;
mod states;
mod test;
mod verdict;

pub use about::{Checks, Completions, Explain, Man, SchemaKind, SchemaOf};
pub use audit::Audit;
pub use check::Check;
pub use global::{Color, Global};
pub use matrix::Matrix;
pub use output::{Format, Output, OutputFile, Shape};
pub use reading::{NewTables, Reading};
pub use report::Report;
pub use source::Source;
pub use states::{Diff, Init, Snapshot};
pub use test::Test;
pub use verdict::{Accepted, Verdict};

use clap::{Parser, Subcommand};

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
                  1  findings at or above --fail-on; of test, something that did not come out as expected\n  \
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
    /// Tell what an audit says of the controls of a compliance framework, with evidence for an auditor
    #[command(
        after_long_help = "The status of a control is fail (an open finding), accepted risk, not assessed (something was \
        not examined), pass (examined, and nothing was found) or manual (no tool can tell); what is left to a person is \
        written out.\n\n\
        Exit codes: 1 if a control fails; 3 if one could not be assessed; else 0.\n\n\
        Examples:\n  \
        pgwitness report --framework soc2 --output html=soc2.html\n  \
        pgwitness audit --output json=audit.json\n  \
        pgwitness report --from audit.json --framework iso27001 --format markdown"
    )]
    Report(Report),
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
        Exit codes: 1 if a trial or a declared test did not come out as expected, 3 if a table could not be tested, 4 if a \
        proof does not hold or the tester did not see access that it widened itself; else 0.\n\n\
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
