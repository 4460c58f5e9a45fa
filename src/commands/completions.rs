//! `completions`: a script that teaches a shell our commands and options.

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::{Error, ExitCode};

pub(super) fn run(args: &Completions) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pgwitness", &mut script);
    super::output::to_stdout(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Clean)
}
