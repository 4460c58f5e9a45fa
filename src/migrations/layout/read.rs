//! Folders and files as they are on disk: sorted, checked, and read as text that Postgres would take.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::LayoutError;

/// The largest file that is read: positions are kept in 32 bits, and nobody writes more by hand.
const LARGEST: u64 = 1 << 30;
/// Folders within folders that are followed.
const DEEPEST: usize = 32;

/// An entry of a folder.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Its name; what is no UTF-8 in it is replaced, which no tool's pattern matches.
    pub(super) name: String,
}

impl Entry {
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { path: path.to_path_buf(), name }
    }

    /// Whether a tool would take it for an SQL file; a pipe or a link to nothing too, at which it would fail.
    pub(super) fn is_sql(&self) -> bool {
        self.has_extension("sql") && !self.path.is_dir()
    }

    pub(super) fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension))
    }
}

/// The name of a file in a path that was made a string.
pub(super) fn base(path: &str) -> &str {
    path.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(path)
}

/// What a folder holds, by name; dot files are left out, as nearly every tool does.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>, LayoutError> {
    let mut all = all_entries(folder)?;
    all.retain(|entry| !entry.name.starts_with('.'));
    Ok(all)
}

/// What a folder holds, by name.
pub(super) fn all_entries(folder: &Path) -> Result<Vec<Entry>, LayoutError> {
    let listed = std::fs::read_dir(folder).map_err(LayoutError::file(folder))?;
    let entry =
        |entry: std::io::Result<std::fs::DirEntry>| Ok(Entry::of(&entry.map_err(LayoutError::file(folder))?.path()));
    let mut all: Vec<_> = listed.map(entry).collect::<Result<_, LayoutError>>()?;
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

/// The .sql files of a folder and of the folders in it; a folder that links lead back to is entered once.
pub(super) fn below(folder: &Path) -> Result<Vec<Entry>, LayoutError> {
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    descend(folder, 0, &mut seen, &mut all)?;
    Ok(all)
}

fn descend(folder: &Path, depth: usize, seen: &mut BTreeSet<PathBuf>, all: &mut Vec<Entry>) -> Result<(), LayoutError> {
    let real = folder.canonicalize().map_err(LayoutError::file(folder))?;
    if depth > DEEPEST || !seen.insert(real) {
        return Ok(());
    }
    for entry in entries(folder)? {
        if entry.path.is_dir() {
            descend(&entry.path, depth + 1, seen, all)?;
        } else if entry.is_sql() {
            all.push(entry);
        }
    }
    Ok(())
}

/// The text of a file.
pub(super) fn text(path: &Path) -> Result<String, LayoutError> {
    // A pipe that nobody writes to would never open.
    let meta = std::fs::metadata(path).map_err(LayoutError::file(path))?;
    if meta.is_dir() {
        let message = format!("`{}` is a folder, and one file is wanted", path.display());
        return Err(LayoutError::project(message, "name the SQL file in it"));
    }
    if !meta.is_file() {
        let message = format!("`{}` is neither a file nor a folder", path.display());
        return Err(LayoutError::project(message, "`-` reads standard input"));
    }
    let file = std::fs::File::open(path).map_err(LayoutError::file(path))?;
    checked(file, &path.display().to_string(), path)
}

/// The text of standard input.
pub(super) fn standard_input() -> Result<String, LayoutError> {
    checked(std::io::stdin().lock(), "standard input", Path::new("-"))
}

fn checked(input: impl Read, name: &str, path: &Path) -> Result<String, LayoutError> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes).map_err(LayoutError::file(path))?;
    if bytes.len() as u64 > LARGEST {
        let message = format!("`{name}` has more than 1 GiB");
        return Err(LayoutError::project(message, "name the file that makes the schema, without the rows"));
    }
    decoded(bytes, name)
}

/// Text that Postgres would take: UTF-8 without a NUL.
pub(super) fn decoded(bytes: Vec<u8>, name: &str) -> Result<String, LayoutError> {
    let broken = |bytes: &[u8], at: usize, what: String| {
        let line = bytes.iter().take(at).filter(|b| **b == b'\n').count() + 1;
        LayoutError::Text { place: format!("{name}:{line}"), what }
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(broken(&bytes, 0, "UTF-16, and Postgres takes UTF-8".to_owned()));
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(broken(&bytes, at, format!("a NUL at byte {at}")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        broken(e.as_bytes(), at, format!("not UTF-8 at byte {at}"))
    })
}

/// The folders in a folder, at any depth.
pub(super) fn folders_below(folder: &Path) -> Result<Vec<PathBuf>, LayoutError> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let real = next.canonicalize().map_err(LayoutError::file(&next))?;
        if seen.insert(real) {
            open.extend(entries(&next)?.into_iter().map(|e| e.path).filter(|p| p.is_dir()));
            found.push(next);
        }
    }
    found.sort();
    found.retain(|path| path != folder);
    Ok(found)
}
