//! Where a model comes from: which of the possible sources is meant, and the way from there to the model.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Run, secrets};
use crate::Error;
use crate::analyzer::effective::Exposure;
use crate::checks::Context;
use crate::cli;
use crate::config::nearest;
use crate::finding::Finding;
use crate::model::{FORMAT, Schema};
use crate::report::{Probe, Source, SourceKind};

/// A model and what it was read from.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) schema: Schema,
    /// The texts of the files that were applied, for snippets.
    pub(super) texts: BTreeMap<String, String>,
    kind: SourceKind,
    description: String,
    notes: Vec<String>,
}

/// Which source is meant.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    Snapshot(PathBuf),
    /// Connection settings; `None` leaves them to the environment.
    Database {
        settings: Option<String>,
        named_by: String,
    },
    Migrations(PathBuf),
    Demo,
}

/// Reads the model that the command line, the configuration or the environment names.
pub(super) async fn load(args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let mut loaded = match choose(args, run, |name| std::env::var(name).ok().filter(|v| !v.is_empty()))? {
        Choice::Snapshot(file) => snapshot(&file)?,
        other => return Err(Error::Internal(format!("{other:?} is not built yet"))),
    };
    if let Some(platform) = run.platform(&args.reading) {
        loaded.schema.server.platform = platform;
    }
    Ok(loaded)
}

fn choose(args: &cli::Source, run: &Run, variable: impl Fn(&str) -> Option<String>) -> Result<Choice, Error> {
    let database =
        |settings: Option<String>, named_by: &str| Ok(Choice::Database { settings, named_by: named_by.to_owned() });
    if let Some(file) = &args.snapshot {
        return Ok(Choice::Snapshot(file.clone()));
    }
    if args.demo {
        return Ok(Choice::Demo);
    }
    if let Some(url) = &args.db_url {
        return database(Some(url.clone()), "--db-url");
    }
    if let Some(path) = &args.path {
        return path_choice(path);
    }
    if let (Some(url), Some(file)) = (&run.config.config.database.url, &run.config.file) {
        return database(Some(url.clone()), &file.display().to_string());
    }
    let variables = ["DATABASE_URL", "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGUSER"];
    if let Some(name) = variables.into_iter().find(|name| variable(name).is_some()) {
        return database(None, name);
    }
    match nearest(&run.here, &["supabase/migrations"]) {
        Some(folder) => Ok(Choice::Migrations(folder)),
        None => Err(nothing_named()),
    }
}

fn path_choice(path: &Path) -> Result<Choice, Error> {
    if secrets::is_connection(&path.to_string_lossy()) {
        return Err(Error::usage(
            "a database URL is not a path",
            "say `--db-url URL`, or set DATABASE_URL, which does not show in the process list",
        ));
    }
    if !path.exists() {
        return Err(Error::usage(
            format!("there is no file or folder `{}`", path.display()),
            "PATH is a folder of migrations or one SQL file",
        ));
    }
    Ok(Choice::Migrations(path.to_owned()))
}

fn nothing_named() -> Error {
    Error::usage(
        "nothing to audit was named",
        "say `--db-url URL` or set DATABASE_URL (or PGHOST, PGSERVICE, ...) for a running database, name a folder of \
         migrations (supabase/migrations is found by itself), `--snapshot FILE` for a snapshot, or `--demo` for an example",
    )
}

fn snapshot(file: &Path) -> Result<Loaded, Error> {
    /// The part of a snapshot that every version has.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let text = std::fs::read_to_string(file).map_err(|e| Error::file("read", file, e))?;
    let broken = |e: &serde_json::Error| {
        let place = format!("{}:{}", file.display(), e.line().max(1));
        Error::usage(format!("{place}: not a snapshot: {e}"), "`pgwitness snapshot -o FILE` writes one")
    };
    let head: Head = serde_json::from_str(&text).map_err(|e| broken(&e))?;
    if head.format != FORMAT {
        return Err(Error::usage(
            format!("{}: snapshot of format {}, and this version reads format {FORMAT}", file.display(), head.format),
            "write it again with the version of pgwitness that reads it",
        ));
    }
    let mut schema: Schema = serde_json::from_str(&text).map_err(|e| broken(&e))?;
    // Look-ups are binary searches, and nobody promises that a file was left as it was written.
    schema.sort();
    let description = format!("database {} in {}", schema.database.name, file.display());
    Ok(Loaded { schema, texts: BTreeMap::new(), kind: SourceKind::Snapshot, description, notes: Vec::new() })
}

impl Loaded {
    /// What the report says about the source.
    pub(super) fn describe(&self, cx: &Context<'_>) -> Source {
        let exposed_schemas = match cx.effective.exposure() {
            Exposure::Known(list) | Exposure::Assumed(list) => Some(list.clone()),
            Exposure::Sql => None,
        };
        Source {
            kind: self.kind,
            description: self.description.clone(),
            server_version: self.schema.server.version.clone(),
            platform: self.schema.server.platform,
            exposed_schemas,
            files: self.schema.files.iter().map(|f| f.path.clone()).collect(),
            notes: self.notes.clone(),
        }
    }

    /// Reads as the roles that findings are about, where there is a server to read from.
    pub(super) async fn probe(
        &self,
        _cx: &Context<'_>,
        _findings: &mut [Finding],
        _run: &Run,
    ) -> Result<Vec<Probe>, Error> {
        Ok(Vec::new())
    }
}
