//! A running server of our own.

use super::account::Account;
use super::binaries::Binaries;
use super::guard;
use super::platform::Platform;
use super::{ShadowError, stale, template};
use rustix::process::{Signal, kill_process};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to come up; a busy machine needs some seconds.
const START: Duration = Duration::from_secs(90);

/// The port that names the socket file; nothing listens on it unless a loopback port is asked for.
const PORT: u16 = 5432;

/// Durability is worthless in a server that is thrown away, and background work would only add noise.
const SETTINGS: [(&str, &str); 16] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("wal_level", "logical"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "1h"),
    ("shared_buffers", "64MB"),
    // In the data directory, so that even a killed server leaves nothing elsewhere.
    ("dynamic_shared_memory_type", "mmap"),
    ("max_connections", "200"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    ("logging_collector", "off"),
    ("unix_socket_permissions", "0700"),
];

/// A file to be placed in the data directory before the server starts, owned by the server's account.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// The name, relative to the data directory.
    pub name: String,
    /// What it holds.
    pub contents: Vec<u8>,
    /// The mode bits; a private key needs `0o600`.
    pub mode: u32,
}

/// How a server is to be started. The default is a plain one that only its Unix socket reaches.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// What stands in it.
    pub platform: Platform,
    /// Further settings, as `postgres -c name=value` takes them; they win over ours.
    pub settings: Vec<(String, String)>,
    /// Lines for the head of `pg_hba.conf`; by default the Unix socket is trusted and nothing else is let in.
    pub hba: Vec<String>,
    /// Files for the data directory, such as a server certificate and its key.
    pub files: Vec<DataFile>,
    /// Also listen on this TCP port of 127.0.0.1; 0 takes a free one.
    pub loopback_port: Option<u16>,
    /// The program that runs [`guard::run`] when called with [`guard::SUBCOMMAND`]; default: this very program.
    pub guard: Option<PathBuf>,
    /// The cache directory; default: see [`cache_dir`](super::cache_dir).
    pub cache: Option<PathBuf>,
}

/// A running server. Dropping it stops the server and deletes its files; so does the end of this process, however it ends.
#[derive(Debug)]
pub struct Server {
    guard: Child,
    /// Closing this ends the server.
    pipe: Option<ChildStdin>,
    /// Held as long as the directory is in use.
    _lock: File,
    dir: PathBuf,
    port: u16,
    major: u32,
    platform: Platform,
}

impl Server {
    /// Starts a server on a fresh copy of the platform's template, and first removes what crashed runs left behind.
    ///
    /// # Errors
    /// When the cluster cannot be initialised or copied, or the server does not come up; the message holds the end of its
    /// log.
    pub async fn start(binaries: &Binaries, options: ServerOptions) -> Result<Self, ShadowError> {
        let account = Account::for_server()?;
        let data = template::data_dir(binaries, &options, account).await?;
        Self::start_on(binaries, &options, account, &data, options.platform).await
    }

    /// Starts a server on a copy of the cluster in `template`.
    pub(crate) async fn start_on(
        binaries: &Binaries,
        options: &ServerOptions,
        account: Option<Account>,
        template: &Path,
        platform: Platform,
    ) -> Result<Self, ShadowError> {
        let base = run_base(account);
        stale::clean(&base, account);
        let dir = private_dir(&base);
        let dir = dir.map_err(ShadowError::file("create a directory in", &base))?;
        let lock = lock(dir.path())?;
        Account::give(account, dir.path())?;
        let data = dir.path().join("data");
        template::copy(template, &data, account)?;
        write_files(&data, options, account)?;
        let port = match options.loopback_port {
            None => PORT,
            Some(0) => free_port()?,
            Some(port) => port,
        };
        let mut guard = spawn_guard(binaries, options, account, dir.path(), port, &lock)?;
        let pipe = guard.stdin.take();
        // From here on the guard deletes the directory.
        let dir = dir.keep();
        let mut server = Self { guard, pipe, _lock: lock, dir, port, major: binaries.major(), platform };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Polls the state that the postmaster writes into its pid file, which is quicker than connecting on trial.
    async fn wait_until_ready(&mut self) -> Result<(), ShadowError> {
        let begun = Instant::now();
        let pid_file = self.data_dir().join("postmaster.pid");
        while begun.elapsed() < START {
            if std::fs::read_to_string(&pid_file).is_ok_and(|t| t.lines().nth(7).is_some_and(|s| s.trim() == "ready")) {
                return Ok(());
            }
            if let Ok(how) = std::fs::read_to_string(self.dir.join(guard::ENDED)) {
                return Err(self.failed(&format!("ended at once ({how})")));
            }
            if let Ok(Some(status)) = self.guard.try_wait() {
                return Err(self.failed(&format!("is not watched: the guard process ended ({status})")));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(self.failed(&format!("was not ready after {} s", START.as_secs())))
    }

    fn failed(&self, what: &str) -> ShadowError {
        let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("; ");
        let colon = if tail.is_empty() { "" } else { ": " };
        ShadowError::Start {
            message: format!("the throw-away PostgreSQL {} server {what}{colon}{tail}", self.major),
            help: Some(
                "its log says why; a full disk, too little memory or a limit on processes are the usual reasons, and \
                 TMPDIR moves its files"
                    .to_owned(),
            ),
        }
    }

    /// The directory of the Unix socket; only the account that runs the server, and root, can enter it.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.dir
    }

    /// The port, which is part of the socket's name, and the TCP port if there is one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// What stands in it.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The bootstrap superuser. Migrations and audits use `postgres`, which on Supabase is another role.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        self.platform.superuser()
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The server's log so far.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// A libpq connection string for the role `postgres`.
    #[must_use]
    pub fn conn_string(&self, database: &str) -> String {
        self.conn_string_as("postgres", database)
    }

    /// A libpq connection string for any role; the socket asks for no password.
    #[must_use]
    pub fn conn_string_as(&self, user: &str, database: &str) -> String {
        let quote = |s: &str| format!("'{}'", s.replace('\\', "\\\\").replace('\'', "\\'"));
        let dir = self.dir.to_string_lossy();
        format!("host={} port={} user={} dbname={}", quote(&dir), self.port, quote(user), quote(database))
    }

    /// The same as settings for `tokio_postgres`.
    #[must_use]
    pub fn config(&self, user: &str, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.dir).port(self.port).user(user).dbname(database).application_name("pgwitness");
        config
    }

    /// The process id of the postmaster while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        stale::postmaster(&self.data_dir()).map(|pid| pid.as_raw_nonzero().get())
    }

    /// Kills the postmaster as a crash would; every session breaks.
    pub fn kill(&self) {
        if let Some(pid) = stale::postmaster(&self.data_dir()) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }

    /// Stops the server and deletes its files; returns when both are done.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }

    /// Shuts the server down cleanly and hands its data directory to `take` before it is deleted.
    pub(crate) async fn stop_keeping(
        mut self,
        take: impl FnOnce(&Path) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        if let Some(mut pipe) = self.pipe.take() {
            pipe.write_all(&[guard::KEEP]).map_err(ShadowError::file("write to", Path::new("the guard's pipe")))?;
            while matches!(self.guard.try_wait(), Ok(None)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        if !self.data_dir().is_dir() {
            return Err(self.failed("did not shut down cleanly"));
        }
        take(&self.data_dir())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        let _ = self.guard.wait();
        if self.dir.exists() {
            // The guard itself was killed, or left the files for us.
            stale::end_server(&self.dir);
            stale::delete(&self.dir);
        }
    }
}

/// Where run directories are made: the temporary directory, unless its name leaves no room for a socket's (108 bytes, 104
/// on macOS) or the server's account could not get there.
fn run_base(account: Option<Account>) -> PathBuf {
    let dir = std::env::temp_dir();
    let base = dir.canonicalize().unwrap_or(dir);
    let open = |dir: &Path| dir.metadata().is_ok_and(|meta| meta.mode() & 0o001 != 0);
    let reachable = account.is_none() || base.ancestors().all(open);
    let fits = base.is_absolute() && base.as_os_str().len() <= 60;
    if fits && reachable { base } else { Path::new("/tmp").canonicalize().unwrap_or_else(|_| PathBuf::from("/tmp")) }
}

/// A run directory that nobody else can enter from the first moment, because the server trusts whoever can.
fn private_dir(base: &Path) -> std::io::Result<tempfile::TempDir> {
    let private = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix(stale::PREFIX).rand_bytes(8).permissions(private).tempdir_in(base)
}

/// Makes the lock file under another name first, so that nobody ever sees it unlocked.
fn lock(dir: &Path) -> Result<File, ShadowError> {
    let path = dir.join(".lock");
    let file = File::create(&path).map_err(ShadowError::file("create", &path))?;
    file.lock().map_err(ShadowError::file("lock", &path))?;
    std::fs::rename(&path, dir.join(stale::LOCK)).map_err(ShadowError::file("rename", &path))?;
    Ok(file)
}

fn write_files(data: &Path, options: &ServerOptions, account: Option<Account>) -> Result<(), ShadowError> {
    let mut hba = options.hba.join("\n");
    hba.push_str("\nlocal all all trust\nlocal replication all trust\n");
    let hba = DataFile { name: "pg_hba.conf".to_owned(), contents: hba.into_bytes(), mode: 0o600 };
    for file in options.files.iter().chain([&hba]) {
        let path = data.join(&file.name);
        let open = OpenOptions::new().create(true).truncate(true).write(true).mode(file.mode).open(&path);
        open.and_then(|mut f| f.write_all(&file.contents)).map_err(ShadowError::file("write", &path))?;
        Account::give(account, &path)?;
    }
    Ok(())
}

fn free_port() -> Result<u16, ShadowError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr());
    listener.map(|a| a.port()).map_err(ShadowError::file("listen on", Path::new("127.0.0.1")))
}

fn spawn_guard(
    binaries: &Binaries,
    options: &ServerOptions,
    account: Option<Account>,
    dir: &Path,
    port: u16,
    lock: &File,
) -> Result<Child, ShadowError> {
    let own = || std::env::current_exe().map_err(ShadowError::file("find", Path::new("our own program")));
    let program = options.guard.clone().map_or_else(own, Ok)?;
    let id = |pick: fn(Account) -> u32| account.map_or_else(|| "-".to_owned(), |a| pick(a).to_string());
    let mut command = Command::new(&program);
    command.arg(guard::SUBCOMMAND).arg(dir).args([id(|a| a.uid), id(|a| a.gid)]);
    command.arg(binaries.bin().join("postgres")).arg("-D").arg(dir.join("data"));
    let listen = if options.loopback_port.is_some() { "127.0.0.1" } else { "" };
    let ours = SETTINGS.iter().map(|(name, value)| format!("{name}={value}"));
    let place = [
        format!("listen_addresses={listen}"),
        format!("port={port}"),
        format!("unix_socket_directories={}", dir.display()),
    ];
    let theirs = options.settings.iter().map(|(name, value)| format!("{name}={value}"));
    for setting in ours.chain(place).chain(theirs) {
        command.args(["-c", &setting]);
    }
    let held = lock.try_clone().map_err(ShadowError::file("hold the lock of", dir))?;
    command.stdin(Stdio::piped()).stdout(held).stderr(Stdio::null()).process_group(0);
    command.spawn().map_err(ShadowError::file("run", &program))
}
