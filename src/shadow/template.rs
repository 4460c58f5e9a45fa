//! Initialised clusters, made once and then copied.
//!
//! initdb takes most of a second and the platform's SQL some more; a copy takes a twentieth of it. A template's name holds
//! everything that it depends on, so a changed bootstrap or another build never meets an old template.

use super::account::Account;
use super::binaries::Binaries;
use super::platform::Platform;
use super::server::{Server, ServerOptions};
use super::{ShadowError, cache, standin};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Raised when the way in which templates are made changes.
const FORMAT: u32 = 3;

/// The file beside a template's `data` that says how much there must be in it.
const EXTENT: &str = "extent";

/// The data directory of the template for `options.platform`; made if it does not exist yet.
pub(crate) async fn data_dir(
    binaries: &Binaries,
    options: &ServerOptions,
    account: Option<Account>,
) -> Result<PathBuf, ShadowError> {
    let store = cache::cache_dir(options.cache.as_deref())?.join("template");
    let key = key(binaries, options.platform, account);
    let place = store.join(&key);
    let data = place.join("data");
    if is_whole(&place) {
        return Ok(data);
    }
    let _lock = cache::lock(&store, &key)?;
    if is_whole(&place) {
        return Ok(data);
    }
    let staging = cache::staging(&store)?;
    if place.exists() {
        // Moved away first, so that nobody takes what is left of it for a template.
        let damaged = staging.path().join("damaged");
        std::fs::rename(&place, &damaged).map_err(ShadowError::file("replace", &place))?;
        std::fs::remove_dir_all(&damaged).map_err(ShadowError::file("delete", &damaged))?;
    }
    Account::give(account, staging.path())?;
    let fresh = staging.path().join("data");
    match options.platform.bootstrap(binaries.major()) {
        None => initdb(binaries, options.platform.superuser(), &fresh, account)?,
        Some(_) => Box::pin(bootstrapped(binaries, options, account, &fresh)).await?,
    }
    let extent = staging.path().join(EXTENT);
    let text = measured(&fresh).map_err(ShadowError::file("read", &fresh))?;
    std::fs::write(&extent, text).map_err(ShadowError::file("write", &extent))?;
    std::fs::rename(staging.path(), &place).map_err(ShadowError::file("create", &place))?;
    Ok(data)
}

/// Whether a template is there with everything that was put into it. A cache is for others to tidy up, and a server on
/// half of a template would fail, or worse, start without some of its rows.
fn is_whole(place: &Path) -> bool {
    let promised = std::fs::read_to_string(place.join(EXTENT));
    promised.is_ok_and(|text| measured(&place.join("data")).is_ok_and(|found| found == text))
}

/// The number of files and of their bytes.
fn measured(dir: &Path) -> std::io::Result<String> {
    let (mut files, mut bytes, mut dirs) = (0_u64, 0_u64, vec![dir.to_owned()]);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            files += 1;
            if meta.is_dir() { dirs.push(entry.path()) } else { bytes += meta.len() }
        }
    }
    Ok(format!("{files} files, {bytes} bytes\n"))
}

/// Starts a server on a bare cluster, runs the platform's SQL, stops it cleanly and copies its files to `fresh`.
async fn bootstrapped(
    binaries: &Binaries,
    options: &ServerOptions,
    account: Option<Account>,
    fresh: &Path,
) -> Result<(), ShadowError> {
    let bare = fresh.with_file_name("bare");
    initdb(binaries, options.platform.superuser(), &bare, account)?;
    let plain =
        ServerOptions { guard: options.guard.clone(), cache: options.cache.clone(), ..ServerOptions::default() };
    let server = Server::start_on(binaries, &plain, account, &bare, options.platform).await?;
    options.platform.run_bootstrap(&server).await?;
    server.stop_keeping(|data| copy(data, fresh, account)).await?;
    std::fs::remove_dir_all(&bare).map_err(ShadowError::file("delete", &bare))
}

fn key(binaries: &Binaries, platform: Platform, account: Option<Account>) -> String {
    let mut hash = Sha256::new();
    let program = binaries.bin().to_string_lossy();
    for part in [&program, binaries.version(), &FORMAT.to_string(), &Account::owner(account).to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(platform.superuser());
    let stand_ins = standin::all().filter(|_| platform != Platform::Postgres);
    for (name, sql) in platform.bootstrap(binaries.major()).unwrap_or_default().into_iter().chain(stand_ins) {
        hash.update(name.as_bytes());
        hash.update(sql.as_bytes());
    }
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("pg{}-{}-{digest}", binaries.version(), platform.name())
}

fn initdb(binaries: &Binaries, superuser: &str, data: &Path, account: Option<Account>) -> Result<(), ShadowError> {
    let mut command = Command::new(binaries.bin().join("initdb"));
    command.arg("-D").arg(data).args(["-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C"]);
    // Small segments, because the first one is copied with every server.
    command.args(["--wal-segsize=1", "--no-sync", "--no-instructions"]);
    command.current_dir(data.parent().unwrap_or(data)).env("TZ", "UTC").env_remove("PGDATA");
    Account::run(account, &mut command);
    let failed = |why: String| {
        let (place, bin) = (data.parent().unwrap_or(data).display(), binaries.bin().display());
        let help = match account {
            Some(a) => format!(
                "the server runs as user id {}, which must be able to enter `{place}` and `{bin}`; PGWITNESS_CACHE_DIR \
                 moves the former",
                a.uid
            ),
            None => format!(
                "run as a user that has an entry in the passwd database, as initdb demands, or as root; `{place}` must \
                 have room, and PGWITNESS_CACHE_DIR moves it"
            ),
        };
        let message =
            format!("cannot initialise a PostgreSQL {} cluster in `{}`: {why}", binaries.version(), data.display());
        ShadowError::Start { message, help: Some(help) }
    };
    let out = command.output().map_err(|e| failed(e.to_string()))?;
    if out.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&out.stderr).trim().replace('\n', "; ")))
}

/// Copies a stopped cluster, keeping modes and giving every file to the server's account.
pub(crate) fn copy(from: &Path, to: &Path, account: Option<Account>) -> Result<(), ShadowError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(to).map_err(ShadowError::file("create", to))?;
    Account::give(account, to)?;
    let entries = std::fs::read_dir(from).map_err(ShadowError::file("read", from))?;
    for entry in entries {
        let entry = entry.map_err(ShadowError::file("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(ShadowError::file("read", &source))?;
        if kind.is_dir() {
            copy(&source, &target, account)?;
        } else if entry.file_name() != "postmaster.pid" && kind.is_file() {
            std::fs::copy(&source, &target).map_err(ShadowError::file("copy", &source))?;
            Account::give(account, &target)?;
        }
    }
    Ok(())
}
