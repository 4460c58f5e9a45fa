//! The directory where builds and initialised clusters are kept between runs.

use super::ShadowError;
use etcetera::BaseStrategy;
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The cache directory: `explicit`, else `PGWITNESS_CACHE_DIR`, else the user's cache folder by XDG; for root
/// `/var/cache/pgwitness`, because the account that runs Postgres cannot enter `/root`.
///
/// # Errors
/// When no home directory is known.
pub fn cache_dir(explicit: Option<&Path>) -> Result<PathBuf, ShadowError> {
    if let Some(dir) = explicit {
        return absolute(dir);
    }
    if let Some(dir) = std::env::var_os("PGWITNESS_CACHE_DIR").filter(|d| !d.is_empty()) {
        return absolute(Path::new(&dir));
    }
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/cache/pgwitness"));
    }
    etcetera::base_strategy::choose_base_strategy().map(|s| s.cache_dir().join("pgwitness")).map_err(|e| {
        ShadowError::Binaries {
            message: format!("cannot tell where to keep files: {e}"),
            help: Some("set PGWITNESS_CACHE_DIR to a writable directory".to_owned()),
        }
    })
}

fn absolute(dir: &Path) -> Result<PathBuf, ShadowError> {
    std::path::absolute(dir).map_err(ShadowError::file("resolve", dir))
}

/// Creates `dir` and its parents, readable by the account that runs the server.
pub(crate) fn create(dir: &Path) -> Result<(), ShadowError> {
    DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(ShadowError::file("create", dir))
}

/// Waits for the exclusive lock `dir/name.lock`; dropping the file releases it.
pub(crate) fn lock(dir: &Path, name: &str) -> Result<File, ShadowError> {
    create(dir)?;
    let path = dir.join(format!("{name}.lock"));
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(ShadowError::file("open", &path))?;
    file.lock().map_err(ShadowError::file("lock", &path))?;
    Ok(file)
}

/// A fresh directory beside the final place of something, so that it can be moved there in one step.
pub(crate) fn staging(dir: &Path) -> Result<tempfile::TempDir, ShadowError> {
    create(dir)?;
    tempfile::Builder::new().prefix(".new-").tempdir_in(dir).map_err(ShadowError::file("create a directory in", dir))
}
