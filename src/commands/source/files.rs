//! The files of a project, and what they and the command line say of the server that they are for.

use std::path::{Path, PathBuf};

use super::platform;
use super::settings::ProjectConfig;
use crate::Error;
use crate::cli;
use crate::commands::Run;
use crate::migrations::layout::{self, FileRole, Layout, MigrationFile, Project, Wanted};
use crate::model::Platform;
use crate::project::{Files, SourceTree, Text};
use crate::shadow;

/// The files that one or more paths come to.
pub(in crate::commands) struct Found {
    /// All of them, in the order in which they run.
    pub(in crate::commands) project: Project,
    pub(super) config: ProjectConfig,
    pub(super) platform: shadow::Platform,
    /// Their texts, and those of files beside them.
    pub(super) texts: Files,
    pub(super) notes: Vec<String>,
}

/// Finds the files of `paths`: several are one database.
pub(in crate::commands) fn find(paths: &[PathBuf], reading: &cli::Reading, run: &Run) -> Result<Found, Error> {
    let mut texts = beside(paths);
    let config = ProjectConfig::of(texts.settings());
    let mut notes = Vec::new();
    let said = run.platform(reading).or_else(|| Some(platform::of_paths(paths)).filter(|p| *p == Platform::Supabase));
    let supabase = said == Some(Platform::Supabase);
    let mut project = joined(paths, Wanted { layout: reading.layout, seed: !reading.no_seed, supabase })?;
    let platform = match said.unwrap_or_else(|| platform::of_files(paths, &project.files, &mut notes)) {
        Platform::Supabase => platform::supabase(reading.new_tables, &config, &mut notes),
        Platform::Postgres => shadow::Platform::Postgres,
    };
    if let Some(dump) = &reading.initial_dump {
        project.begin_with_dump(dump)?;
    }
    // However it was named, a dump that comes first is of the database in which the project began.
    let first = project.files.first_mut().filter(|file| project.layout == Layout::Dump && is_dump(&file.text));
    if let Some(dump) = first.filter(|_| platform != shadow::Platform::Postgres) {
        dump.role = FileRole::Initial;
    }
    texts.sql = project.files.iter().map(|f| Text { path: f.path.clone(), text: f.text.clone() }).collect();
    let dumps = project.files.iter().filter(|f| platform == shadow::Platform::SUPABASE && is_dump(&f.text));
    notes.extend(dumps.map(dumped));
    Ok(Found { project, config, platform, texts, notes })
}

/// The files of all paths, one path after the other.
fn joined(paths: &[PathBuf], wanted: Wanted) -> Result<Project, Error> {
    let mut all: Option<Project> = None;
    for path in paths {
        let one = layout::find(path, wanted)?;
        if one.files.is_empty() {
            return Err(Error::usage(
                format!("there is no SQL file in `{}`", path.display()),
                "PATH is one, or a folder of them, or a project with supabase/migrations",
            ));
        }
        match &mut all {
            Some(all) => {
                let new: Vec<_> =
                    one.files.into_iter().filter(|f| !all.files.iter().any(|o| o.path == f.path)).collect();
                all.files.extend(new);
                all.warnings.extend(one.warnings);
            }
            None => all = Some(one),
        }
    }
    all.ok_or_else(|| {
        Error::usage("nothing to check was named", "PATH is a folder of migrations, one SQL file, or `-`")
    })
}

impl Found {
    /// What stands around the database.
    pub(in crate::commands) fn platform(&self) -> Platform {
        if self.is_supabase() { Platform::Supabase } else { Platform::Postgres }
    }

    /// Whether the Supabase platform stands around the database.
    pub(super) fn is_supabase(&self) -> bool {
        self.platform != shadow::Platform::Postgres
    }
}

/// What lies beside the files and is looked at too: the project's configuration, and its edge functions.
fn beside(paths: &[PathBuf]) -> Files {
    let config = paths.iter().find_map(|path| layout::config_file(path)).and_then(|file| {
        let text = std::fs::read_to_string(&file).ok()?;
        Some(Text { path: file.display().to_string(), text })
    });
    let functions = config.as_ref().map(|file| edge_functions(Path::new(&file.path))).unwrap_or_default();
    Files::new(Vec::new(), config, functions)
}

/// The source of the edge functions beside a `config.toml`; what cannot be read says nothing.
fn edge_functions(config: &Path) -> Vec<Text> {
    let folder = config.with_file_name("functions");
    if folder.is_dir() { SourceTree::read(&folder).map(|tree| tree.files).unwrap_or_default() } else { Vec::new() }
}

/// Whether `pg_dump` wrote it: it begins by emptying the search path, as nobody else does in these words.
fn is_dump(text: &str) -> bool {
    text.contains("SELECT pg_catalog.set_config('search_path', '', false);")
}

/// A dump names the privileges that an object has beyond Postgres' own defaults, and does not revoke what a platform's
/// default privileges add when it is run.
fn dumped(file: &MigrationFile) -> String {
    format!(
        "{} is a dump: where the platform grants new objects to clients, running it grants more than the database that \
         it was taken from did, so audit that one with `--db-url` or say `--new-tables private`",
        file.path
    )
}
