//! Which tool a folder is for, by what lies in it; the user's word counts more.

use std::path::{Path, PathBuf};

use super::{
    Collected, Layout, LayoutError, Place, Wanted, WarningKind, dbmate, dump, flyway, goose, node_pg_migrate, read,
    sections,
};

/// Folders of migrations below a project's, the more telling first.
const FOLDERS: [(&str, Option<Layout>); 12] = [
    ("supabase/migrations", Some(Layout::Supabase)),
    ("prisma/migrations", Some(Layout::Prisma)),
    ("migrations", None),
    ("db/migrations", None),
    ("db/migration", None),
    ("src/main/resources/db/migration", Some(Layout::Flyway)),
    ("sql", None),
    ("database/migrations", None),
    ("db/sql", None),
    ("hasura/migrations/default", None),
    ("drizzle", None),
    ("deploy", None),
];
/// Files of a folder whose text is looked at: all say the same, or the user was warned of it.
const LOOKED_AT: usize = 200;

/// Finds the folder or file of migrations and the tool that they are for.
pub(super) fn place(path: &Path, wanted: Wanted) -> Result<Place, LayoutError> {
    if path == Path::new("-") {
        let text = read::standard_input()?;
        if text.trim().is_empty() {
            let help = "the command before the pipe may have failed";
            return Err(LayoutError::project("standard input is empty".to_owned(), help));
        }
        let layout = wanted.layout.or_else(|| marked(&text)).unwrap_or(if is_dump(&text) {
            Layout::Dump
        } else {
            Layout::Plain
        });
        return Ok(Place { layout, path: path.to_path_buf(), input: Some(text), others: Vec::new() });
    }
    let meta = std::fs::metadata(path).map_err(LayoutError::file(path))?;
    if !meta.is_dir() {
        return file(path, wanted);
    }
    let (path, told) = folder(path, wanted)?;
    let told = wanted.layout.or(told);
    let looked = if path.is_dir() { look(&path)? } else { Looked::default() };
    let guessed = told.or(looked.layout).unwrap_or(if wanted.supabase { Layout::Supabase } else { Layout::Plain });
    // Comments such as "Down migration" are common prose where the tool is known.
    let others = looked.all.into_iter().filter(|l| *l != guessed && (told.is_none() || *l != Layout::NodePgMigrate));
    let others = others.collect();
    Ok(Place { layout: guessed, path, input: None, others })
}

fn is_dump(text: &str) -> bool {
    dump::is_dump(text)
}

fn file(path: &Path, wanted: Wanted) -> Result<Place, LayoutError> {
    let name = read::Entry::of(path).name;
    let layout = match (wanted.layout, name.as_str()) {
        (Some(layout), _) => layout,
        (None, "sqitch.plan") => Layout::Sqitch,
        (None, "config.toml") => {
            let parent = path.parent().unwrap_or(Path::new("")).to_path_buf();
            let path = parent.join("migrations");
            return Ok(Place { layout: Layout::Supabase, path, input: None, others: Vec::new() });
        }
        (None, "structure.sql") => Layout::Dump,
        (None, _) => {
            let text = read::text(path)?;
            let of_folder = if in_supabase(path) { Layout::Supabase } else { Layout::Plain };
            marked(&text).unwrap_or(if is_dump(&text) { Layout::Dump } else { of_folder })
        }
    };
    Ok(Place { layout, path: path.to_path_buf(), input: None, others: Vec::new() })
}

/// Whether the file lies in the folder of migrations of a Supabase project.
fn in_supabase(path: &Path) -> bool {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let folder = full.parent();
    folder.is_some_and(|f| f.ends_with("supabase/migrations"))
}

/// The folder of migrations that `path` is or holds, and the tool if the place tells it.
fn folder(path: &Path, wanted: Wanted) -> Result<(PathBuf, Option<Layout>), LayoutError> {
    if ["sqitch.plan", "sqitch.conf"].iter().any(|name| path.join(name).is_file()) {
        return Ok((path.to_path_buf(), Some(Layout::Sqitch)));
    }
    let full = path.canonicalize().map_err(LayoutError::file(path))?;
    if full.ends_with("supabase/migrations") || (full.ends_with("migrations") && super::config_file(path).is_some()) {
        return Ok((path.to_path_buf(), Some(Layout::Supabase)));
    }
    let has_sql = read::entries(path)?.iter().any(read::Entry::is_sql);
    let of_supabase = path.join("config.toml").is_file() || full.ends_with("supabase");
    if of_supabase && (path.join("migrations").is_dir() || !has_sql) {
        return Ok((path.join("migrations"), Some(Layout::Supabase)));
    }
    // A stray file beside the project is no migration.
    let is_project = wanted.layout.is_none() && path.join("supabase/migrations").is_dir();
    if has_sql && wanted.layout != Some(Layout::Dump) && !is_project {
        return Ok((path.to_path_buf(), None));
    }
    if is_project || path.join("supabase/config.toml").is_file() {
        return Ok((path.join("supabase/migrations"), Some(Layout::Supabase)));
    }
    let inner = FOLDERS.iter().map(|(name, layout)| (path.join(name), *layout));
    let (folders, rails) = (inner.filter(|(dir, _)| dir.is_dir()), path.join("db/structure.sql"));
    let mut folders = folders.filter(|(dir, _)| holds_migrations(dir));
    if let Some(found) = folders.next() {
        return Ok(found);
    }
    if rails.is_file() {
        return Ok((rails, Some(Layout::Dump)));
    }
    if path.join("db/migrate").is_dir() || has_extension(path, "rb")? {
        return Err(LayoutError::project(
            format!("`{}` holds migrations in Ruby, which are not read", path.display()),
            "set `config.active_record.schema_format = :sql` and name db/structure.sql, or audit the database itself",
        ));
    }
    Ok((path.to_path_buf(), None))
}

fn has_extension(path: &Path, extension: &str) -> Result<bool, LayoutError> {
    Ok(read::entries(path)?.iter().any(|e| e.has_extension(extension)))
}

/// Whether a folder has SQL files, or folders with `migration.sql` or `up.sql`, or is empty for lack of any.
fn holds_migrations(folder: &Path) -> bool {
    let Ok(entries) = read::entries(folder) else { return true };
    entries.is_empty()
        || entries.iter().any(|e| e.is_sql() || ["migration.sql", "up.sql"].iter().any(|f| e.path.join(f).is_file()))
        || folder.ends_with("db/migration") && read::below(folder).is_ok_and(|all| !all.is_empty())
}

/// What the files of a folder say.
#[derive(Default)]
struct Looked {
    /// The tool that most of them are for.
    layout: Option<Layout>,
    /// All that were met, each once.
    all: Vec<Layout>,
}

fn look(folder: &Path) -> Result<Looked, LayoutError> {
    let entries = read::entries(folder)?;
    let mut votes: std::collections::BTreeMap<Layout, usize> = std::collections::BTreeMap::new();
    let mut vote = |layout: Layout| *votes.entry(layout).or_default() += 1;
    let mut files = entries.iter().filter(|e| e.is_sql()).peekable();
    if files.peek().is_none() {
        entries.iter().filter(|e| e.path.join("migration.sql").is_file()).for_each(|_| vote(Layout::Prisma));
        let below = read::below(folder)?;
        below.iter().filter(|e| flyway::name(&e.name).is_some()).for_each(|_| vote(Layout::Flyway));
    }
    for (at, entry) in files.enumerate() {
        if flyway::name(&entry.name).is_some() {
            vote(Layout::Flyway);
        } else if at < LOOKED_AT
            && let Some(layout) = marked(&read::text(&entry.path)?)
        {
            vote(layout);
        }
    }
    let most = votes.iter().max_by_key(|(_, n)| **n).map(|(layout, _)| *layout);
    Ok(Looked { layout: most, all: votes.into_keys().collect() })
}

/// The tool whose marker a text has.
fn marked(text: &str) -> Option<Layout> {
    sections::lines(text).map(|(_, line)| line).filter(|line| line.contains("--")).find_map(|line| {
        let tools = [
            (Layout::Dbmate, dbmate::marker(line)),
            (Layout::Goose, goose::marker(line)),
            (Layout::NodePgMigrate, node_pg_migrate::marker(line)),
        ];
        tools.into_iter().find(|(_, marker)| marker.is_some()).map(|(layout, _)| layout)
    })
}

/// Warns when files of other tools lie there too.
pub(super) fn mixed(place: &Place, out: &mut Collected) {
    for other in &place.others {
        let message =
            format!("some files look like those of {}, and were read as {} does", other.tool(), place.layout.tool());
        out.warn(&place.path, None, WarningKind::MixedLayouts, message);
    }
}

/// Folders within folders where a project of several packages keeps its migrations.
const PACKAGES_DEEP: usize = 4;

/// That a folder holds no migration, and where below it there are some.
pub(super) fn nothing(path: &Path) -> LayoutError {
    let mut found = Vec::new();
    packages(path, 0, &mut found);
    let help = match found.as_slice() {
        [] => "name the folder of migrations, or one SQL file".to_owned(),
        all => {
            let names: Vec<_> = all.iter().take(3).map(|p| format!("`{}`", p.display())).collect();
            format!("there are migrations in {}: name one", names.join(", "))
        }
    };
    LayoutError::project(format!("`{}` holds no .sql file", path.display()), help)
}

fn packages(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if depth > PACKAGES_DEEP || found.len() > 3 {
        return;
    }
    for entry in read::entries(folder).unwrap_or_default() {
        let is_link = std::fs::symlink_metadata(&entry.path).map_or(true, |meta| meta.is_symlink());
        if is_link || !entry.path.is_dir() || ["node_modules", "target", "vendor"].contains(&entry.name.as_str()) {
            continue;
        }
        if ["migrations", "migration"].contains(&entry.name.as_str()) && holds_migrations(&entry.path) {
            found.push(entry.path);
        } else {
            packages(&entry.path, depth + 1, found);
        }
    }
}
