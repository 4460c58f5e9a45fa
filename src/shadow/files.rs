//! The migration files of a folder, in the order in which the platform applies them.

use super::ShadowError;
use super::platform::Platform;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One file.
#[derive(Debug)]
pub(crate) struct SqlFile {
    /// The path as errors show it.
    pub(crate) name: String,
    /// Its text without a byte order mark.
    pub(crate) text: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: Vec<SqlFile>,
    pub(crate) notes: Vec<String>,
}

/// Reads the files of `path`, which is one file, a folder of files, or a project with `migrations` or `supabase/migrations`.
pub(crate) fn find(path: &Path, seed: bool, platform: Platform) -> Result<Found, ShadowError> {
    let mut found = Found::default();
    let meta = std::fs::metadata(path).map_err(ShadowError::file("read", path))?;
    let folder = if meta.is_file() {
        found.files.push(read(path)?);
        path.parent().unwrap_or(path).to_path_buf()
    } else {
        let folder = migrations_folder(path)?;
        let names = listed(&folder)?;
        if platform != Platform::Postgres {
            remark(&names, &mut found.notes);
        }
        if names.is_empty() {
            found.notes.push(format!("`{}` holds no .sql file", folder.display()));
        }
        for file in names {
            found.files.push(read(&file)?);
        }
        folder
    };
    if seed {
        let places = [folder.parent().map(|p| p.join("seed.sql")), Some(folder.join("seed.sql"))];
        match places.into_iter().flatten().find(|file| file.is_file()) {
            Some(file) if found.files.iter().any(|f| Path::new(&f.name) == file) => (),
            Some(file) => found.files.push(read(&file)?),
            None => found.notes.push(format!("there is no seed.sql beside `{}`", folder.display())),
        }
    }
    Ok(found)
}

fn migrations_folder(path: &Path) -> Result<PathBuf, ShadowError> {
    if !listed(path)?.is_empty() {
        return Ok(path.to_path_buf());
    }
    let inner = ["supabase/migrations", "migrations"].map(|name| path.join(name));
    Ok(inner.into_iter().find(|dir| dir.is_dir()).unwrap_or_else(|| path.to_path_buf()))
}

/// The .sql files of a folder by name; if there is none, the `migration.sql` or `up.sql` of each sub-folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, ShadowError> {
    let entries = std::fs::read_dir(folder).map_err(ShadowError::file("read", folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_sql = |p: &PathBuf| p.is_file() && p.extension().is_some_and(|e| e.eq_ignore_ascii_case("sql"));
    let flat: Vec<PathBuf> = paths.iter().filter(|p| is_sql(p)).cloned().collect();
    if !flat.is_empty() {
        return Ok(flat);
    }
    let nested =
        |dir: PathBuf| ["migration.sql", "up.sql"].map(|name| dir.join(name)).into_iter().find(|f| f.is_file());
    Ok(paths.into_iter().filter_map(nested).collect())
}

fn read(path: &Path) -> Result<SqlFile, ShadowError> {
    let bytes = std::fs::read(path).map_err(ShadowError::file("read", path))?;
    let invalid = |why: &str| ShadowError::file("read", path)(std::io::Error::other(why.to_owned()));
    let text = String::from_utf8(bytes)
        .map_err(|e| invalid(&format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to())))?;
    if let Some(at) = text.find('\0') {
        return Err(invalid(&format!("a NUL at byte {at}")));
    }
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(SqlFile { name: path.display().to_string(), text })
}

/// The version of a file that the Supabase CLI applies: `<digits>_<name>.sql`.
fn version(path: &Path) -> Option<&str> {
    let (digits, _) = path.file_name()?.to_str()?.strip_suffix(".sql")?.split_once('_')?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

fn remark(files: &[PathBuf], notes: &mut Vec<String>) {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        match version(file) {
            Some(version) => versions.entry(version).or_default().push(name),
            None => {
                notes.push(format!("`{name}` is applied here, but its name is none that the Supabase CLI ever applies"))
            }
        }
    }
    for (version, names) in versions.iter().filter(|(_, names)| names.len() > 1) {
        notes.push(format!("version {version} is used by several files: `{}`", names.join("`, `")));
    }
}

#[cfg(test)]
mod tests {
    use super::version;
    use std::path::Path;

    #[test]
    fn versions_as_the_supabase_cli_reads_them() {
        assert_eq!(version(Path::new("m/20240101000000_init.sql")), Some("20240101000000"));
        assert_eq!(version(Path::new("m/1_.sql")), Some("1"));
        for name in ["20240101-uuid.sql", "init.sql", "_x.sql", "12_x.txt", "1a_x.sql"] {
            assert_eq!(version(Path::new(name)), None, "{name}");
        }
    }
}
