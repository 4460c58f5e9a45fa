//! The process that drops a scratch database, however we end: as the guard of a server, it waits until its pipe closes.

use super::stale;
use crate::connector::{self, ConnInfo, Environment};
use crate::shadow::ShadowError;
use crate::shadow::guard::{SUBCOMMAND, parent_gone, told_to_end};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

/// The first argument of such a guard.
pub(crate) const SCRATCH: &str = "--scratch";

/// How often the server is asked again, when it does not answer.
const TRIES: u32 = 5;

/// What is to be dropped. It goes through the pipe, because a URL may hold a password.
#[derive(Serialize, Deserialize)]
struct Job {
    url: String,
    database: String,
}

/// A running guard; dropping it has the database dropped, and waits for that.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    pub(super) fn start(program: Option<&Path>, url: &str, database: &str) -> Result<Self, ShadowError> {
        let own = || std::env::current_exe().map_err(ShadowError::file("find", Path::new("our own program")));
        let program = program.map_or_else(own, |p| Ok(PathBuf::from(p)))?;
        let mut command = Command::new(&program);
        command.args([SUBCOMMAND, SCRATCH]).stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
        let mut child = command.spawn().map_err(ShadowError::file("run", &program))?;
        let job = Job { url: url.to_owned(), database: database.to_owned() };
        let mut line = serde_json::to_string(&job).unwrap_or_default();
        line.push('\n');
        let wrote = child.stdin.as_mut().map_or(Ok(()), |pipe| pipe.write_all(line.as_bytes()));
        wrote.map_err(ShadowError::file("write to", Path::new("the guard's pipe")))?;
        Ok(Self(child))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs such a guard: waits for the end of its parent, or to be told to end, and drops the database.
pub(crate) fn run() -> ExitCode {
    let mut line = Vec::new();
    // Byte by byte, so that nothing of the pipe is taken that the waiting needs.
    let mut input = std::io::BufReader::with_capacity(1, std::io::stdin());
    let read = input.read_until(b'\n', &mut line);
    let Some(job) = read.ok().and_then(|_| serde_json::from_slice::<Job>(&line).ok()) else { return ExitCode::from(2) };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::from(2);
    };
    let left = runtime.block_on(async {
        tokio::select! {
            _ = parent_gone() => (),
            () = told_to_end() => (),
        }
        clean(&job).await
    });
    let mut err = anstream::stderr();
    left.iter().for_each(|what| drop(writeln!(err, "warning: {what}")));
    ExitCode::SUCCESS
}

/// Drops the database and the roles; gives what is left.
async fn clean(job: &Job) -> Vec<String> {
    let mut why = String::new();
    for attempt in 0..TRIES {
        tokio::time::sleep(Duration::from_millis(200) * attempt).await;
        let info = match ConnInfo::resolve(Some(&job.url), None, &Environment::from_process()) {
            Ok(info) => info,
            Err(error) => return vec![format!("the scratch database {} is left: {error}", job.database)],
        };
        match connector::session(&info).await {
            Err(error) => why = error.to_string(),
            Ok(client) => {
                let drop = format!("drop database if exists \"{}\" with (force)", job.database);
                match client.batch_execute(&drop).await {
                    Ok(()) => return stale::drop_roles(&client).await,
                    Err(error) => why = ShadowError::connection("it could not be dropped", &error).to_string(),
                }
            }
        }
    }
    vec![format!("the scratch database {} is left on the given server: {why}", job.database)]
}
