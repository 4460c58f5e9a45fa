//! Postgres programs that the machine already has.

use super::{Binaries, BinariesRequest, SUPPORTED_MAJORS, on_path};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The newest supported version among the installed ones; on a tie the one that comes first on the search path.
pub(super) fn newest(request: &BinariesRequest) -> Option<Binaries> {
    let mut best: Option<Binaries> = None;
    let mut seen = BTreeSet::new();
    for dir in candidates(request) {
        let Ok(found) = Binaries::in_dir(&dir) else { continue };
        let wanted = request.major.map_or(SUPPORTED_MAJORS.contains(&found.major), |m| m == found.major);
        if seen.insert(found.bin.clone()) && wanted && best.as_ref().is_none_or(|b| b.major < found.major) {
            best = Some(found);
        }
    }
    best
}

fn candidates(request: &BinariesRequest) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let link = on_path(request, "postgres").and_then(|file| file.canonicalize().ok());
    dirs.extend(link.as_deref().and_then(Path::parent).map(Path::to_path_buf));
    dirs.extend(pg_config(request));
    for (parent, inner) in [
        ("/usr/lib/postgresql", "bin"),
        ("/usr/libexec", "."),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "bin"),
        ("/usr/local", "bin"),
        ("/usr", "bin"),
    ] {
        dirs.extend(versions_in(Path::new(parent)).into_iter().map(|dir| dir.join(inner)));
    }
    dirs
}

fn pg_config(request: &BinariesRequest) -> Option<PathBuf> {
    let out = Command::new(on_path(request, "pg_config")?).arg("--bindir").output().ok()?;
    let dir = String::from_utf8(out.stdout).ok()?;
    out.status.success().then(|| PathBuf::from(dir.trim()))
}

/// Folders named after a version, as packagers do: `17`, `pgsql-17`, `postgresql@17`, `postgresql17`.
fn versions_in(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut dirs: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| is_version(p)).collect();
    dirs.sort();
    dirs
}

fn is_version(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return false };
    let rest = ["postgresql@", "postgresql", "pgsql-"].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    rest.parse::<u32>().is_ok_and(|v| SUPPORTED_MAJORS.contains(&v))
}

#[cfg(test)]
mod tests {
    use super::is_version;
    use std::path::Path;

    #[test]
    fn version_folders() {
        for name in ["17", "postgresql@15", "postgresql14", "pgsql-16"] {
            assert!(is_version(Path::new(name)), "{name}");
        }
        for name in ["9.6", "13", "lib", "postgresql", "19"] {
            assert!(!is_version(Path::new(name)), "{name}");
        }
    }
}
