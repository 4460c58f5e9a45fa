//! The Supabase CLI.
//!
//! By its sources and documentation: the files of `supabase/migrations` whose names match `^([0-9]+)_(.*)\.sql$` run in
//! the order of their names; a first file `<14 digits>_init.sql` from before 2021-12-09 is skipped. `roles.sql` runs
//! before them, the seeds after them: `[db.seed] enabled` and `sql_paths` in config.toml, patterns relative to
//! the folder `supabase`, `seed.sql` by default. Declarative files (`[db.migrations] schema_paths`, `schemas/`) are what
//! migrations are made from: they run only where there is no migration.

use std::path::{Path, PathBuf};

use super::{Collected, FileRole, LayoutError, Place, Runs, Wanted, WarningKind, read};

/// Older first files held the platform itself.
const INIT_UNTIL: &str = "20211209000000";

pub(super) fn collect(place: &Place, wanted: Wanted, out: &mut Collected) -> Result<(), LayoutError> {
    let config = settings(place, out)?;
    let home = home(place);
    if !place.is_file() {
        if let Some(roles) = home.as_ref().map(|h| h.join("roles.sql")).filter(|f| f.is_file()) {
            add(place, &roles, FileRole::Roles, None, out)?;
        }
        let files = place.path.is_dir().then(|| place.sql_files()).transpose()?.unwrap_or_default();
        if files.is_empty() {
            schemas(place, home.as_deref(), &config, out)?;
        }
        for (at, entry) in files.into_iter().enumerate() {
            migration(place, at, &entry, wanted, out)?;
        }
    } else {
        add(place, &place.path, FileRole::Migration, version(&file_name(&place.path)).map(str::to_owned), out)?;
    }
    if wanted.seed && place.input.is_none() { seeds(place, home.as_deref(), &config, out) } else { Ok(()) }
}

fn file_name(path: &Path) -> String {
    read::Entry::of(path).name
}

fn migration(
    place: &Place,
    at: usize,
    entry: &read::Entry,
    wanted: Wanted,
    out: &mut Collected,
) -> Result<(), LayoutError> {
    let name = entry.name.as_str();
    if name == "seed.sql" {
        return Ok(());
    }
    let version = version(name);
    let is_init = |v: &str| v.len() == 14 && v < INIT_UNTIL && name.strip_prefix(v) == Some("_init.sql");
    if at == 0 && version.is_some_and(is_init) {
        let message = format!("`{name}` is skipped: the Supabase CLI takes it for the platform itself, as before 2021");
        out.warn(&entry.path, None, WarningKind::NeverApplied, message);
        return Ok(());
    }
    if version.is_none() && (wanted.supabase || wanted.layout.is_some()) {
        let message = format!("`{name}` is applied here, but its name is none that the Supabase CLI ever applies");
        out.warn(&entry.path, None, WarningKind::NeverApplied, message);
    }
    add(place, &entry.path, FileRole::Migration, version.map(str::to_owned), out)
}

fn add(
    place: &Place,
    path: &Path,
    role: FileRole,
    version: Option<String>,
    out: &mut Collected,
) -> Result<(), LayoutError> {
    let text = place.text(path)?;
    let runs = Runs::whole(&text);
    out.add(path, role, version, text, runs);
    Ok(())
}

/// The version of a file that the CLI applies.
pub(super) fn version(name: &str) -> Option<&str> {
    let (digits, _) = name.strip_suffix(".sql")?.split_once('_')?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The folder `supabase` of a project.
fn home(place: &Place) -> Option<PathBuf> {
    let folder = if place.is_file() { place.path.parent()? } else { &place.path };
    folder
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .map_or_else(|| Some(folder.join("..")), |p| Some(p.to_path_buf()))
}

/// The `config.toml` of the Supabase project that `path` is, holds or lies in.
#[must_use]
pub fn config_file(path: &Path) -> Option<PathBuf> {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    // A folder above is the project's if its name or that of the folder of migrations says so.
    let is_home =
        |dir: &&Path| dir.ends_with("supabase") || full.strip_prefix(dir).is_ok_and(|p| p.starts_with("migrations"));
    let above = full.ancestors().enumerate().skip(1).take(2).filter(|(_, dir)| is_home(dir));
    let above = above.map(|(levels, dir)| as_named(path, levels, dir));
    let near = [path.join("supabase"), path.to_path_buf()].into_iter().chain(above);
    near.map(|dir| dir.join("config.toml")).find(|file| is_of_supabase(file))
}

/// A folder above a path, told from where the user told the path, so that reports are the same on every machine.
fn as_named(path: &Path, levels: usize, dir: &Path) -> PathBuf {
    let named = path.ancestors().nth(levels).map(Path::to_path_buf);
    let is_same = |named: &PathBuf| named.join("config.toml").canonicalize().is_ok_and(|f| f.parent() == Some(dir));
    named.filter(is_same).unwrap_or_else(|| dir.to_path_buf())
}

/// Whether a `config.toml` is Supabase's: other tools have one too.
fn is_of_supabase(file: &Path) -> bool {
    let within = file.canonicalize().is_ok_and(|f| f.parent().is_some_and(|p| p.ends_with("supabase")));
    let says = |text: String| {
        let tables = ["[db", "[api]", "[auth]", "[functions.", "[storage]"];
        text.lines().any(|line| tables.iter().any(|table| line.trim_start().starts_with(table)))
    };
    file.is_file() && (within || std::fs::read_to_string(file).is_ok_and(says))
}

fn settings(place: &Place, out: &mut Collected) -> Result<toml::Table, LayoutError> {
    let Some(file) = config_file(&place.path).filter(|_| place.input.is_none()) else {
        return Ok(toml::Table::new());
    };
    let text = read::text(&file)?;
    text.parse().or_else(|error: toml::de::Error| {
        let line = error.span().and_then(|span| text.get(..span.start)).map_or(1, |t| t.matches('\n').count() + 1);
        let message = format!("line {line} is no TOML ({}), so that no setting was examined", error.message());
        let near = home(place).map(|home| home.join("config.toml")).filter(|near| near.is_file());
        out.warn(&near.unwrap_or(file), Some(line), WarningKind::NotRead, message);
        Ok(toml::Table::new())
    })
}

fn setting<'a>(config: &'a toml::Table, path: [&str; 3]) -> Option<&'a toml::Value> {
    let [a, b, c] = path;
    config.get(a)?.get(b)?.get(c)
}

fn patterns(value: Option<&toml::Value>) -> Option<Vec<String>> {
    let list = value?.as_array()?;
    Some(list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
}

fn schemas(place: &Place, home: Option<&Path>, config: &toml::Table, out: &mut Collected) -> Result<(), LayoutError> {
    let Some(home) = home else { return Ok(()) };
    let files = match patterns(setting(config, ["db", "migrations", "schema_paths"])).filter(|p| !p.is_empty()) {
        Some(paths) => matching(home, &paths, out)?,
        None if home.join("schemas").is_dir() => {
            read::below(&home.join("schemas"))?.into_iter().map(|e| e.path).collect()
        }
        None => Vec::new(),
    };
    for file in files {
        add(place, &file, FileRole::Migration, None, out)?;
    }
    Ok(())
}

fn seeds(place: &Place, home: Option<&Path>, config: &toml::Table, out: &mut Collected) -> Result<(), LayoutError> {
    if setting(config, ["db", "seed", "enabled"]).and_then(toml::Value::as_bool) == Some(false) {
        return Ok(());
    }
    match (patterns(setting(config, ["db", "seed", "sql_paths"])), home) {
        (Some(paths), Some(home)) => {
            for file in matching(home, &paths, out)? {
                add(place, &file, FileRole::Seed, None, out)?;
            }
            Ok(())
        }
        _ => default_seed(place, out),
    }
}

/// Adds the `seed.sql` beside or in the folder of migrations.
pub(super) fn default_seed(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let folder = place.root();
    let places = [home(place).map(|p| p.join("seed.sql")), Some(folder.join("seed.sql"))];
    let found = places.into_iter().flatten().find(|file| file.is_file());
    match found {
        Some(file) if place.is_file() && file.file_name() == place.path.file_name() => Ok(()),
        Some(file) => add(place, &file, FileRole::Seed, None, out),
        None => {
            let beside = if place.is_file() { &place.path } else { folder };
            let message = format!("there is no seed.sql beside `{}`", beside.display());
            out.warn(folder, None, WarningKind::Missing, message);
            Ok(())
        }
    }
}

/// The files that patterns match, each once: pattern by pattern, by name within one. `**` stands for any folders.
fn matching(home: &Path, patterns: &[String], out: &mut Collected) -> Result<Vec<PathBuf>, LayoutError> {
    let mut all: Vec<PathBuf> = Vec::new();
    for pattern in patterns {
        let mut found = vec![home.to_path_buf()];
        for segment in pattern.split('/').filter(|s| !s.is_empty() && *s != ".") {
            found = step(&found, segment)?;
        }
        found.retain(|path| path.is_file());
        if found.is_empty() {
            let message = format!("no file matches `{pattern}` of config.toml");
            out.warn(&home.join("config.toml"), None, WarningKind::Missing, message);
        }
        for path in found {
            if !all.contains(&path) {
                all.push(path);
            }
        }
    }
    Ok(all)
}

fn step(folders: &[PathBuf], segment: &str) -> Result<Vec<PathBuf>, LayoutError> {
    let mut next = Vec::new();
    for folder in folders.iter().filter(|f| f.is_dir()) {
        if segment == "**" {
            next.push(folder.clone());
            next.extend(read::folders_below(folder)?);
        } else if segment == ".." || !segment.contains(['*', '?']) {
            next.push(folder.join(segment));
        } else {
            next.extend(read::entries(folder)?.into_iter().filter(|e| fits(segment, &e.name)).map(|e| e.path));
        }
    }
    Ok(next)
}

/// Whether a name fits a pattern of `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for c in pattern {
        let mut next = vec![false; name.len() + 1];
        for (at, slot) in next.iter_mut().enumerate() {
            let here = |n: usize| reached.get(n).copied().unwrap_or(false);
            *slot = match c {
                '*' => reached.iter().take(at + 1).any(|r| *r),
                '?' => at > 0 && here(at - 1),
                c => at > 0 && here(at - 1) && name.get(at - 1) == Some(&c),
            };
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_the_cli_reads_them() {
        assert_eq!(version("20240101000000_init.sql"), Some("20240101000000"));
        assert_eq!(version("1_.sql"), Some("1"));
        for name in ["20240101-uuid.sql", "init.sql", "_x.sql", "12_x.txt", "1a_x.sql"] {
            assert_eq!(version(name), None, "{name}");
        }
    }

    #[test]
    fn patterns_of_paths() {
        assert!(fits("*.sql", "a.sql") && fits("?_*.sql", "1_x.sql") && fits("*", "") && fits("seed.sql", "seed.sql"));
        assert!(!fits("*.sql", "a.sq") && !fits("?", "") && !fits("a", "ab"));
    }
}
