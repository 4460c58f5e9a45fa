//! The SQL files of a project, in the order in which its own tool would run them, and the parts of each that it runs.
//!
//! A folder of files means something only together with the tool that applies it: the tool skips names, sorts by
//! numbers, and runs half of a file. Every other file here is one tool, with the rules of its documentation. Positions
//! stay those of the original files, so that a finding can point into them.

mod dbmate;
mod detect;
mod dump;
mod error;
mod flyway;
mod goose;
mod nested;
mod node_pg_migrate;
mod plain;
mod prisma;
mod psql;
mod read;
mod sections;
mod sqitch;
mod supabase;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use error::LayoutError;
pub use supabase::config_file;

use crate::model::{Gap, Origin, Statement};

/// What some editors put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The tools whose folders are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Layout {
    /// The Supabase CLI: `supabase/migrations/<digits>_<name>.sql`, `roles.sql`, `schemas/`, seeds
    Supabase,
    /// SQL files by name, or one file
    Plain,
    /// Flyway: `V1.2__name.sql`, `R__name.sql`
    Flyway,
    /// Prisma Migrate: `<time>_<name>/migration.sql`
    Prisma,
    /// dbmate: sections `-- migrate:up` and `-- migrate:down`
    Dbmate,
    /// goose: annotations `-- +goose Up` and `-- +goose Down`
    Goose,
    /// Sqitch: `sqitch.plan` and `deploy/`
    Sqitch,
    /// node-pg-migrate: `-- Up Migration` and `-- Down Migration`
    NodePgMigrate,
    /// A schema dump: `structure.sql` of Rails, or what pg_dump wrote
    Dump,
}

impl Layout {
    /// The name of the tool.
    #[must_use]
    pub fn tool(self) -> &'static str {
        match self {
            Self::Supabase => "the Supabase CLI",
            Self::Plain => "psql",
            Self::Flyway => "Flyway",
            Self::Prisma => "Prisma Migrate",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Sqitch => "Sqitch",
            Self::NodePgMigrate => "node-pg-migrate",
            Self::Dump => "pg_dump",
        }
    }
}

/// The SQL files of a project.
#[derive(Debug, Clone)]
pub struct Project {
    /// The tool that they are for.
    pub layout: Layout,
    /// The folder that holds them; for standard input the current one.
    pub root: PathBuf,
    /// The files in the order in which they run.
    pub files: Vec<MigrationFile>,
    /// What a user should know about them.
    pub warnings: Vec<Warning>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationFile {
    /// The path as the user named it.
    pub path: String,
    /// What it is for.
    pub role: FileRole,
    /// The version that the tool reads from its name.
    pub version: Option<String>,
    /// Its whole text, a byte order mark included.
    pub text: String,
    /// The bytes of `text` that the tool runs, in order and without overlap.
    pub parts: Vec<Range<usize>>,
    /// Whether the tool runs it in a transaction.
    pub transaction: bool,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileRole {
    /// A dump of the database in which the project began, before its first migration. What the platform has made already
    /// stands in it again.
    Initial,
    /// Roles that exist before everything else.
    Roles,
    /// A step of the schema.
    Migration,
    /// A statement of the wanted schema, run anew whenever it changes.
    Repeatable,
    /// Rows.
    Seed,
}

impl Project {
    /// Puts a plain dump of pg_dump, rows and all, before the migrations: the database in which the project began. Roles are
    /// in no dump of a database, so the files that make them stay before it.
    ///
    /// # Errors
    /// [`LayoutError`] when it cannot be read or is no text.
    pub fn begin_with_dump(&mut self, path: &Path) -> Result<(), LayoutError> {
        let mut out = Collected::default();
        let text = read::text(path)?;
        let runs = Runs { no_transaction: true, ..psql::runs_with_rows(&text) };
        out.add(path, FileRole::Initial, None, text, runs);
        let at = self.files.iter().take_while(|file| file.role == FileRole::Roles).count();
        self.files.splice(at..at, out.files);
        self.warnings.extend(out.warnings);
        Ok(())
    }

    /// What the tool runs and was not read, each a gap where it stands.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        self.warnings.iter().filter(|w| w.kind.is_gap()).map(|w| self.gap(w)).collect()
    }

    fn gap(&self, warning: &Warning) -> Gap {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let place = self.files.iter().position(|f| f.path == warning.file).map(|file| Statement {
            file: number(file),
            start: 0,
            end: 0,
            line: number(warning.line.unwrap_or(1)),
            column: 1,
        });
        let what = match place {
            Some(_) => warning.message.clone(),
            None => format!("{}: {}", warning.file, warning.message),
        };
        Gap { what, access_control: true, origin: place.map_or(Origin::Catalog, Origin::Statement) }
    }
}

impl MigrationFile {
    /// The text that runs, with blanks in place of everything that does not, so that every byte keeps its place.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = String::with_capacity(self.text.len());
        let mut at = 0;
        // It has no width, and no blank would.
        if let Some(mark) = self.text.get(..BYTE_ORDER_MARK.len_utf8()).filter(|t| t.starts_with(BYTE_ORDER_MARK)) {
            sql.push_str(mark);
            at = mark.len();
        }
        for part in &self.parts {
            blank(self.text.get(at..part.start).unwrap_or_default(), &mut sql);
            sql.push_str(self.text.get(part.clone()).unwrap_or_default());
            at = part.end;
        }
        blank(self.text.get(at..).unwrap_or_default(), &mut sql);
        sql
    }
}

fn blank(text: &str, out: &mut String) {
    out.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' }));
}

/// Something to know about a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The file or folder, as the user named it.
    pub file: String,
    /// The line in it, from 1.
    pub line: Option<usize>,
    /// What kind of thing.
    pub kind: WarningKind,
    /// A sentence without a full stop.
    pub message: String,
}

/// Kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningKind {
    /// The tool would never run this file.
    NeverApplied,
    /// Several files claim one version.
    DuplicateVersion,
    /// Files of several tools lie together.
    MixedLayouts,
    /// The tool runs something here that is no SQL file of ours to read, so that the result is not complete.
    NotRead,
    /// Rows that are left out: they don't touch access.
    RowsLeftOut,
    /// No statement at all.
    Empty,
    /// A byte order mark, or line ends of Windows.
    Encoding,
    /// A part of the project that was expected and is not there.
    Missing,
}

impl WarningKind {
    /// Whether a user should be told unasked.
    #[must_use]
    pub fn is_telling(self) -> bool {
        !matches!(self, Self::Empty | Self::Encoding)
    }

    /// Whether access control may depend on what was not read.
    #[must_use]
    pub fn is_gap(self) -> bool {
        self == Self::NotRead
    }
}

/// What to look for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// The tool, when the user said it.
    pub layout: Option<Layout>,
    /// The seed files too.
    pub seed: bool,
    /// The project is one of Supabase, so that files that no other tool claims are its.
    pub supabase: bool,
}

/// The files of `path`: a folder of migrations, a project that holds one, a single file, or `-` for standard input.
///
/// # Errors
/// [`LayoutError`] when something cannot be read, or is no text, or when the folder holds only what we cannot read.
pub fn find(path: &Path, wanted: Wanted) -> Result<Project, LayoutError> {
    let place = detect::place(path, wanted)?;
    let mut out = Collected::default();
    match place.layout {
        Layout::Supabase => supabase::collect(&place, wanted, &mut out)?,
        Layout::Plain => plain::collect(&place, wanted, &mut out)?,
        Layout::Flyway => flyway::collect(&place, &mut out)?,
        Layout::Prisma => prisma::collect(&place, &mut out)?,
        Layout::Dbmate => dbmate::collect(&place, &mut out)?,
        Layout::Goose => goose::collect(&place, &mut out)?,
        Layout::Sqitch => sqitch::collect(&place, &mut out)?,
        Layout::NodePgMigrate => node_pg_migrate::collect(&place, &mut out)?,
        Layout::Dump => dump::collect(&place, &mut out)?,
    }
    out.duplicates();
    detect::mixed(&place, &mut out);
    nested::unread(&place, wanted, &mut out)?;
    if out.files.is_empty() && place.path.is_dir() && config_file(path).is_none() {
        let ignored = out.warnings.iter().find(|w| matches!(w.kind, WarningKind::NeverApplied | WarningKind::NotRead));
        let ignored = ignored.filter(|_| place.layout != Layout::Plain);
        return Err(ignored.map_or_else(|| detect::nothing(path), |why| place.nothing_for_the_tool(why)));
    }
    if out.files.is_empty() {
        out.warn(&place.path, None, WarningKind::Missing, format!("`{}` holds no .sql file", place.path.display()));
    }
    Ok(Project { layout: place.layout, root: place.root().to_path_buf(), files: out.files, warnings: out.warnings })
}

/// Where the files of one tool are.
#[derive(Debug)]
struct Place {
    layout: Layout,
    /// The folder of migrations, the file, or `-`.
    path: PathBuf,
    /// The text of standard input.
    input: Option<String>,
    /// Markers of other tools that were met.
    others: Vec<Layout>,
}

impl Place {
    /// The folder that `path` is or lies in.
    fn root(&self) -> &Path {
        if self.is_file() { self.path.parent().unwrap_or(Path::new("")) } else { &self.path }
    }

    fn is_file(&self) -> bool {
        self.input.is_some() || self.path.is_file()
    }

    /// The .sql files to look at: the one named, or those of the folder by name.
    fn sql_files(&self) -> Result<Vec<read::Entry>, LayoutError> {
        if self.is_file() {
            return Ok(vec![read::Entry::of(&self.path)]);
        }
        Ok(read::entries(&self.path)?.into_iter().filter(read::Entry::is_sql).collect())
    }

    /// That the tool would run none of the files that are there.
    fn nothing_for_the_tool(&self, first: &Warning) -> LayoutError {
        let message = format!("`{}` holds no file that {} would run", self.path.display(), self.layout.tool());
        LayoutError::project(message, first.message.clone())
    }

    fn text(&self, path: &Path) -> Result<String, LayoutError> {
        match &self.input {
            Some(text) => Ok(text.clone()),
            None => read::text(path),
        }
    }
}

/// What a tool's rules made of a folder.
#[derive(Debug, Default)]
struct Collected {
    files: Vec<MigrationFile>,
    warnings: Vec<Warning>,
}

/// What of a file runs.
#[derive(Debug, Default)]
struct Runs {
    parts: Vec<Range<usize>>,
    no_transaction: bool,
    /// Line, kind and words.
    remarks: Vec<(usize, WarningKind, String)>,
}

impl Runs {
    fn whole(text: &str) -> Self {
        Self { parts: std::iter::once(0..text.len()).collect(), ..Self::default() }
    }
}

impl Collected {
    fn warn(&mut self, file: &Path, line: Option<usize>, kind: WarningKind, message: String) {
        self.warnings.push(Warning { file: file.display().to_string(), line, kind, message });
    }

    /// Adds a file, without its byte order mark.
    fn add(&mut self, path: &Path, role: FileRole, version: Option<String>, text: String, runs: Runs) {
        let start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        let clip = |part: Range<usize>| part.start.max(start)..part.end;
        let parts: Vec<_> = runs.parts.into_iter().map(clip).filter(|part| part.start < part.end).collect();
        for (line, kind, message) in runs.remarks {
            self.warn(path, Some(line), kind, message);
        }
        if parts.iter().all(|part| text.get(part.clone()).unwrap_or_default().trim().is_empty()) {
            self.warn(path, None, WarningKind::Empty, format!("`{}` is empty", path.display()));
        }
        let mark = (start > 0).then_some("a byte order mark");
        let ends = text.contains("\r\n").then_some("line ends of Windows");
        for what in [mark, ends].into_iter().flatten() {
            self.warn(path, None, WarningKind::Encoding, format!("`{}` has {what}", path.display()));
        }
        let path = path.display().to_string();
        self.files.push(MigrationFile { path, role, version, text, parts, transaction: !runs.no_transaction });
    }

    /// Warns of versions that several migrations claim.
    fn duplicates(&mut self) {
        let mut versions: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
        for file in self.files.iter().filter(|f| f.role == FileRole::Migration) {
            if let Some(version) = &file.version {
                versions.entry(version).or_default().push(read::base(&file.path));
            }
        }
        let several = versions.into_iter().filter(|(_, names)| names.len() > 1);
        let warnings: Vec<_> = several
            .map(|(version, names)| Warning {
                file: names.last().map(|n| (*n).to_owned()).unwrap_or_default(),
                line: None,
                kind: WarningKind::DuplicateVersion,
                message: format!("version {version} is used by several files: `{}`", names.join("`, `")),
            })
            .collect();
        self.warnings.extend(warnings);
    }
}

#[cfg(test)]
mod tests;
