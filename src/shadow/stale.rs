//! Run directories of crashed runs: found, their servers stopped, deleted.
//!
//! A run directory is `pgwitness-*` in the temporary directory and holds a `lock` file that its guard keeps locked. The
//! lock file appears only after it is locked, so one that is free belongs to nobody.

use super::account::Account;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What the names of run directories begin with.
pub(crate) const PREFIX: &str = "pgwitness-";

/// The name of the lock file in a run directory.
pub(crate) const LOCK: &str = "lock";

/// A directory without a lock file may still be being set up; after this long it is not.
const SETUP: Duration = Duration::from_secs(600);

/// Removes what crashed runs left in `base`; gives the directories removed.
pub(crate) fn clean(base: &Path, account: Option<Account>) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(base) else { return Vec::new() };
    let mut removed: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| clean_one(p, account)).collect();
    removed.sort();
    removed
}

fn clean_one(dir: &Path, account: Option<Account>) -> bool {
    let ours = dir.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(PREFIX));
    let Ok(meta) = dir.symlink_metadata() else { return false };
    if !ours || !meta.is_dir() || meta.uid() != Account::owner(account) {
        return false;
    }
    let _held = match File::open(dir.join(LOCK)) {
        Ok(file) if file.try_lock().is_ok() => Some(file),
        Ok(_) => return false,
        Err(_) => {
            let age = meta.modified().ok().and_then(|t| SystemTime::now().duration_since(t).ok());
            if age.is_none_or(|age| age < SETUP) {
                return false;
            }
            None
        }
    };
    end_server(dir);
    delete(dir)
}

/// Deletes a run directory; a server that was just killed may still be closing files, so this tries for a while.
pub(crate) fn delete(dir: &Path) -> bool {
    for _ in 0..40 {
        match std::fs::remove_dir_all(dir) {
            Ok(()) => return true,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return true,
            Err(_) => std::thread::sleep(Duration::from_millis(25)),
        }
    }
    false
}

/// Stops the server of a run directory if it still runs.
pub(crate) fn end_server(dir: &Path) {
    let data = dir.join("data");
    let Some(pid) = postmaster(&data) else { return };
    let _ = kill_process(pid, Signal::QUIT);
    for _ in 0..300 {
        if test_kill_process(pid).is_err() || !is_server_of(pid, &data) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = kill_process(pid, Signal::KILL);
}

/// The running postmaster of a data directory; a process id alone may have been given to another program since.
pub(crate) fn postmaster(data: &Path) -> Option<Pid> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?)?;
    let same = Path::new(lines.next()?) == data;
    (same && is_server_of(pid, data)).then_some(pid)
}

/// A postmaster's working directory is its data directory; where that cannot be read its command line names it.
fn is_server_of(pid: Pid, data: &Path) -> bool {
    let id = pid.as_raw_nonzero();
    if let Ok(cwd) = std::fs::read_link(format!("/proc/{id}/cwd")) {
        return cwd == data;
    }
    let out = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &id.to_string()]).output();
    out.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&*data.to_string_lossy()))
}
