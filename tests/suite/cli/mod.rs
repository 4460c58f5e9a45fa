//! The program itself, from the outside: a scrubbed environment, whole outputs, exit codes.

mod accepted;
mod asking;
mod check;
mod errors;
mod files;
mod gate;
mod help;
mod hostile;
mod live;
mod places;
mod rules;
mod schema;
mod secrets;
mod shadow_url;
mod throw_away;
mod unread;
mod untouched;
mod verdicts;

pub(crate) use schema::errors as schema_errors;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::program;

/// What a run left behind.
#[derive(Debug)]
struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Outcome {
    /// Fails the test unless the run ended with `code`.
    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Its standard output as JSON.
    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in:\n{}", self.stdout))
    }
}

/// The program with nothing of this process' environment but where the Postgres programs and their cache are.
fn command(here: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(here).env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "XDG_CACHE_HOME", "PGWITNESS_CACHE_DIR", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("COLUMNS", "100").env("PGPASSFILE", "/nonexistent");
    command
}

fn run(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program in an empty folder.
fn pgwitness(arguments: &[impl AsRef<OsStr>]) -> Outcome {
    let here = tempfile::tempdir().unwrap();
    run(&mut command(here.path(), arguments))
}
