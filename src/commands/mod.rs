//! The commands, one file each, and what several of them share.

mod accepting;
mod audit;
mod base;
mod check;
mod checks;
mod completions;
mod diff;
mod examine;
mod explain;
mod init;
mod judging;
mod man;
mod matrix;
mod output;
mod record;
mod report;
mod rules;
mod schema;
pub mod secrets;
pub(crate) mod similar;
mod snapshot;
mod source;
mod talk;
mod test;
mod trying;
mod written;

use std::path::PathBuf;

use crate::access;
use crate::cli::{Cli, Command, Reading, Shape};
use crate::config::{self, Timeout};
use crate::model::Platform;
use crate::project::Mask;
use crate::report::json;
use crate::{Error, ExitCode};
use record::Record;
use talk::Talk;

/// What every command has at hand.
#[derive(Debug)]
struct Run {
    talk: Talk,
    verbose: bool,
    here: PathBuf,
    config: config::Loaded,
    /// What the project declares, where it does.
    rules: Option<access::Rules>,
    /// Whether trials are what the run is for.
    testing: bool,
    /// Everything that is said to servers.
    record: Record,
    /// Whether writes may be tried on a running database.
    writes: bool,
}

/// Runs the command of `cli`.
///
/// # Errors
/// When the command fails; the error knows its exit code and help line.
pub async fn run(cli: Cli) -> Result<ExitCode, Error> {
    let Cli { command, global } = cli;
    output::choose_color(global.color);
    match command {
        Command::Checks(args) => return checks::run(&args),
        Command::Explain(args) => return explain::run(&args),
        Command::Completions(args) => return completions::run(&args),
        Command::Man(args) => return man::run(&args),
        Command::Schema(args) => return schema::run(&args),
        Command::Audit(_)
        | Command::Report(_)
        | Command::Check(_)
        | Command::Matrix(_)
        | Command::Test(_)
        | Command::Snapshot(_)
        | Command::Diff(_)
        | Command::Init(_) => {}
    }
    let here = std::env::current_dir().map_err(|e| Error::file("enter", ".".as_ref(), e))?;
    let config = config::load(global.config.as_deref(), &here)?;
    let rules = match &command {
        Command::Audit(args) if args.source.demo && args.verdict.rules.is_empty() => None,
        Command::Audit(args) => rules::load(&args.verdict.rules, args.source.path.as_deref(), &config, &here)?,
        Command::Report(args) if (args.source.demo || args.from.is_some()) && args.verdict.rules.is_empty() => None,
        Command::Report(args) => rules::load(&args.verdict.rules, args.source.path.as_deref(), &config, &here)?,
        Command::Check(args) => {
            rules::load(&args.verdict.rules, args.paths.first().map(PathBuf::as_path), &config, &here)?
        }
        Command::Test(args) => rules::load(&args.rules, args.source.path.as_deref(), &config, &here)?,
        _ => None,
    };
    let testing = matches!(command, Command::Test(_));
    let kept = match &command {
        Command::Audit(args) => args.verdict.log_sql.clone(),
        Command::Check(args) => args.verdict.log_sql.clone(),
        Command::Report(args) => args.verdict.log_sql.clone(),
        Command::Test(args) => args.log_sql.clone(),
        _ => None,
    };
    let writes = matches!(&command, Command::Audit(args) if args.allow_write_probes);
    let record = Record::new(kept);
    let talk = Talk::new(global.quiet);
    let run = Run { talk, verbose: global.verbose, here, config, rules, testing, record, writes };
    let ended = match command {
        Command::Audit(args) => audit::run(args, &run).await,
        Command::Report(args) => report::run(args, &run).await,
        Command::Check(args) => check::run(args, &run).await,
        Command::Matrix(args) => matrix::run(args, &run).await,
        Command::Snapshot(args) => snapshot::run(args, &run).await,
        Command::Init(args) => init::run(args, &run).await,
        Command::Test(args) => test::run(args, &run).await,
        Command::Diff(args) => diff::run(args, &run).await,
        _ => Ok(ExitCode::Clean),
    };
    match (ended, run.record.write()) {
        (Ok(_), Err(unwritten)) => Err(unwritten),
        (ended, _) => ended,
    }
}

impl Run {
    /// The schemas that the Data API serves, when somebody said so: the command line, then the configuration.
    fn exposed<'a>(&'a self, reading: &'a Reading) -> Option<&'a [String]> {
        reading.exposed_schemas.as_deref().or(self.config.config.audit.exposed_schemas.as_deref())
    }

    fn platform(&self, reading: &Reading) -> Option<Platform> {
        reading.platform.or(self.config.config.audit.platform)
    }

    fn statement_timeout(&self, reading: &Reading) -> Timeout {
        reading.statement_timeout.or(self.config.config.audit.statement_timeout).unwrap_or_default()
    }
}

/// `value` as JSON; that our own types cannot be written would be a bug.
fn as_json(value: &impl serde::Serialize) -> Result<String, Error> {
    json(value).map_err(|e| Error::Internal(e.to_string()))
}

/// Prints `value` as JSON, or what `human` makes of it, without the secrets that were met.
fn print(
    format: Shape,
    value: &impl serde::Serialize,
    mask: &Mask,
    human: impl FnOnce() -> String,
) -> Result<ExitCode, Error> {
    let text = match format {
        Shape::Json => as_json(value)?,
        Shape::Human => human(),
    };
    output::to_stdout(&mask.hide(&text))?;
    Ok(ExitCode::Clean)
}
