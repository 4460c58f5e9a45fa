//! The guard: a process of our own that outlives us just long enough to end the server.
//!
//! A destructor does not run on SIGKILL, and a Ctrl-C reaches the whole foreground process group. So the server is not our
//! child but the guard's, which sits in a process group of its own and reads a pipe that only we hold open. However we
//! end, the kernel closes that pipe, and the guard stops the server and deletes its directory.
//!
//! The guard inherits the open lock file of the run directory as its standard output and never writes to it: the lock
//! lives as long as the guard does, which is how a later run knows a directory of a crashed one.

use super::account::Account;
use super::{scratch, stale};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::signal::unix::{SignalKind, signal};

/// The hidden subcommand under which the binary runs [`run`].
pub const SUBCOMMAND: &str = "__guard";

/// Sent through the pipe to end the server with a checkpoint and keep its files.
pub(crate) const KEEP: u8 = b'k';

/// The file in the run directory that tells that the server has ended, and how.
pub(crate) const ENDED: &str = "ended";

/// How long an immediate shutdown may take before the server is killed. Postgres itself gives its children 5 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// The command line of a guard: `DIRECTORY UID GID POSTGRES [ARGUMENT...]`, where the ids may be `-`.
struct Job {
    dir: PathBuf,
    account: Option<Account>,
    postgres: OsString,
    arguments: Vec<OsString>,
}

impl Job {
    fn parse(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let dir = PathBuf::from(arguments.next()?);
        let mut id = || arguments.next().map(|a| a.to_str().and_then(|s| s.parse().ok()));
        let account = match (id()?, id()?) {
            (Some(uid), Some(gid)) => Some(Account { uid, gid }),
            _ => None,
        };
        Some(Self { dir, account, postgres: arguments.next()?, arguments: arguments.collect() })
    }

    fn command(&self) -> std::io::Result<Command> {
        let log = File::options().create(true).append(true).open(self.dir.join("log"))?;
        let mut command = Command::new(&self.postgres);
        command.args(&self.arguments).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        Account::run(self.account, &mut command);
        Ok(command)
    }
}

/// Runs the guard until the pipe on standard input closes; `arguments` are those after [`SUBCOMMAND`].
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter().peekable();
    if arguments.peek().is_some_and(|first| first == scratch::guard::SCRATCH) {
        return scratch::guard::run();
    }
    let Some(job) = Job::parse(arguments) else { return ExitCode::from(2) };
    let keep = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(watch(&job)),
        Err(e) => ended(&job.dir, &format!("cannot start the guard: {e}")),
    };
    if !keep {
        stale::delete(&job.dir);
    }
    ExitCode::SUCCESS
}

/// Starts the server and waits for its or our parent's end; true if the files are to be kept.
async fn watch(job: &Job) -> bool {
    let spawned = job.command().and_then(|c| {
        let mut command = tokio::process::Command::from(c);
        command.kill_on_drop(true).spawn()
    });
    let mut server = match spawned {
        Ok(server) => server,
        Err(e) => {
            ended(&job.dir, &format!("cannot run `{}`: {e}", job.postgres.display()));
            return parent_gone().await == Some(KEEP);
        }
    };
    tokio::select! {
        last = parent_gone() => stop(job, &mut server, last == Some(KEEP)).await,
        () = told_to_end() => stop(job, &mut server, false).await,
        status = server.wait() => {
            ended(&job.dir, &describe(status));
            parent_gone().await;
            false
        }
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|e| e.to_string(), |s| s.to_string())
}

/// Leaves the reason for the parent to read; without a reader it does not matter whether this works.
fn ended(dir: &Path, why: &str) -> bool {
    let _ = std::fs::write(dir.join(ENDED), why);
    false
}

/// Waits until the pipe closes; gives the last byte that came through it.
pub(super) async fn parent_gone() -> Option<u8> {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned();
    let mut pipe = stdin.and_then(Receiver::from_owned_fd).ok()?;
    let mut last = None;
    let mut byte = [0_u8; 1];
    while let Ok(1) = pipe.read(&mut byte).await {
        last = byte.first().copied();
        if last == Some(KEEP) {
            break;
        }
    }
    last
}

/// Waits for a signal that would otherwise end the guard before its work is done.
pub(super) async fn told_to_end() {
    let (Ok(mut term), Ok(mut int), Ok(mut hup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => (),
        _ = int.recv() => (),
        _ = hup.recv() => (),
    }
}

/// Ends the server: fast with a checkpoint if its files are to be kept, else at once. True if they may be kept.
async fn stop(job: &Job, server: &mut Child, keep: bool) -> bool {
    let Some(pid) = server.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return keep };
    let _ = kill_process(pid, if keep { Signal::INT } else { Signal::QUIT });
    let patience = if keep { PATIENCE * 8 } else { PATIENCE };
    let done = tokio::time::timeout(patience, server.wait()).await;
    match done {
        Ok(status) => {
            let clean = status.as_ref().is_ok_and(ExitStatus::success);
            ended(&job.dir, &describe(status));
            keep && clean
        }
        Err(_) => {
            let _ = server.kill().await;
            ended(&job.dir, "killed, because it did not stop in time")
        }
    }
}
