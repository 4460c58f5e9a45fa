//! Where a model comes from: a running database, migrations on a throw-away server, a snapshot, the example.

mod choice;
mod demo;
pub(super) mod files;
mod given;
mod live;
pub(super) mod migrations;
pub(super) mod places;
mod platform;
pub(super) mod replayed;
mod settings;
mod signs;
pub(super) mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Run, similar};
use crate::Error;
use crate::access::Intent;
use crate::analyzer::effective::Exposure;
use crate::checks::Context;
use crate::cli;
use crate::connector::{Database, Environment};
use crate::finding::Finding;
use crate::impersonation::{self, Agreement, Options, Tested, Written};
use crate::migrations::origins;
use crate::migrations::replay::Replayed;
use crate::model::Schema;
use crate::parallel;
use crate::project::{self, Files, Mask, SourceTree};
use crate::report::{Source, SourceKind, VerdictEntry};
use crate::shadow::ShadowError;
use choice::Choice;
pub(super) use choice::must_be_path;

/// A model and what it was read from.
pub(super) struct Loaded {
    pub(super) schema: Schema,
    /// The texts of the files that were applied, for snippets.
    pub(super) texts: BTreeMap<String, String>,
    kind: SourceKind,
    description: String,
    applied: Vec<String>,
    pub(super) notes: Vec<String>,
    /// What the migrations do by themselves, where there are some.
    pub(super) replayed: Option<Replayed>,
    /// How many statements of migrations there were, and how many ran.
    pub(super) statements: Option<(usize, usize)>,
    /// The files of the project that say more than its schema.
    pub(super) files: Files,
    /// The database that the model was read from, where it can be asked more.
    database: Option<Database>,
    /// The server that holds it, if it is ours; last, so that it outlives the connections to it.
    shadow: Option<migrations::Place>,
}

/// As [`load`], but migrations are read and not run: no server is needed for them.
pub(super) async fn load_unapplied(args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let choice = Choice::of(args, &run.config, &Environment::from_process(), &run.here)?;
    let Choice::Migrations(path) = choice else { return load(args, run).await };
    let description = named(&path, &run.here);
    let found = files::find(&[from_here(path, &run.here)], &args.reading, run)?;
    let mut loaded = replayed::load(found, description, &args.reading, None);
    loaded.told(&args.reading, run)?;
    Ok(loaded)
}

/// Reads the model that the command line, the configuration or the environment names.
pub(super) async fn load(args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let env = Environment::from_process();
    let mut loaded = match Choice::of(args, &run.config, &env, &run.here)? {
        Choice::Snapshot(file) => snapshot::load(&file)?,
        Choice::Database { named_by } => live::load(args, run, &env, &named_by).await?,
        Choice::Migrations(path) => {
            let description = named(&path, &run.here);
            let path = from_here(path, &run.here);
            migrations::load(files::find(&[path], &args.reading, run)?, description, &args.reading, run).await?
        }
        Choice::Demo => {
            let dir = tempfile::tempdir().map_err(ShadowError::file("create a directory in", &std::env::temp_dir()))?;
            demo::write(dir.path())?;
            let found = files::find(&[dir.path().to_owned()], &args.reading, run)?;
            let description = "the example leaky-saas".to_owned();
            let mut loaded = migrations::load(found, description, &args.reading, run).await?;
            loaded.forget(dir.path());
            loaded
        }
    };
    if let Some(folder) = &args.source_dir {
        loaded.read_source(folder)?;
    }
    loaded.told(&args.reading, run)?;
    Ok(loaded)
}

/// A running database by its URL.
pub(super) async fn at_url(url: &str, reading: &cli::Reading, run: &Run) -> Result<Loaded, Error> {
    let args = cli::Source { db_url: Some(url.to_owned()), reading: reading.clone(), ..cli::Source::default() };
    live::load(&args, run, &Environment::from_process(), "the command line").await
}

/// Refuses a name that no schema has: nothing would be examined where the user meant all of it.
fn known(exposed: &[String], schema: &Schema) -> Result<(), Error> {
    let Some(name) = exposed.iter().find(|name| schema.namespace(name).is_none()) else { return Ok(()) };
    let all = || schema.namespaces.iter().map(|n| n.name.as_str());
    let help = similar::to(name, all());
    let help = help.unwrap_or_else(|| format!("there are {}", all().collect::<Vec<_>>().join(", ")));
    Err(Error::usage(format!("there is no schema `{name}` to be exposed"), help))
}

/// A path that was found, as it is reached from `here`; reports then name files as the user would.
pub(super) fn from_here(path: PathBuf, here: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(inside) if inside.as_os_str().is_empty() => PathBuf::from("."),
        Ok(inside) => inside.to_owned(),
        Err(_) => path,
    }
}

/// A path as the user would name it from here.
pub(super) fn named(path: &Path, here: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

impl Loaded {
    fn new(schema: Schema, kind: SourceKind, description: String) -> Self {
        let applied = schema.files.iter().map(|f| f.path.clone()).collect();
        Self {
            schema,
            texts: BTreeMap::new(),
            kind,
            description,
            applied,
            notes: Vec::new(),
            replayed: None,
            statements: None,
            files: Files::default(),
            database: None,
            shadow: None,
        }
    }

    /// What reports call it.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// Follows what the user says of the database.
    pub(super) fn told(&mut self, reading: &cli::Reading, run: &Run) -> Result<(), Error> {
        if let Some(platform) = run.platform(reading) {
            self.schema.server.platform = platform;
        }
        known(run.exposed(reading).unwrap_or_default(), &self.schema)
    }

    /// Gives a running database the positions of the migrations that it was made by, where they are at hand.
    pub(super) fn place(&mut self, named: Option<&Path>, reading: &cli::Reading, run: &Run) -> Result<(), Error> {
        if self.kind != SourceKind::Live {
            return Ok(());
        }
        match replayed::behind(named, reading, run, self.schema.server.major()) {
            Ok(None) => {}
            Ok(Some((replay, found))) => {
                origins::copy(&replay.schema, &mut self.schema);
                let mask = found.texts.mask();
                self.texts.extend(found.texts.sql.iter().map(|file| (file.path.clone(), mask.hide(&file.text))));
                self.replayed = Some(replay);
            }
            Err(error) if named.is_some() || run.config.migrations().is_some() => return Err(error),
            Err(error) => self.notes.push(format!("findings point at no migration: {error}")),
        }
        Ok(())
    }

    /// Takes the files of a project, and their texts for snippets.
    fn show(&mut self, files: Files) {
        let mask = files.mask();
        let all: Vec<_> = files.all().collect();
        self.texts = parallel::each(&all, 4, |f| (f.path.clone(), mask.hide(&f.text))).into_iter().collect();
        self.files = files;
    }

    /// Whether what is examined are files, and not what a server or a snapshot holds.
    pub(super) fn reads_files(&self) -> bool {
        matches!(self.kind, SourceKind::Migrations | SourceKind::Shadow)
    }

    /// Every secret that was met, to be kept out of what is printed.
    pub(super) fn mask(&self) -> Mask {
        self.files.mask().and(project::secrets(&self.schema))
    }

    /// Reads the source of the application beside what was loaded.
    pub(super) fn read_source(&mut self, folder: &Path) -> Result<(), Error> {
        let tree = SourceTree::read(folder).map_err(|e| Error::file("read", folder, e))?;
        self.notes.extend(tree.notes);
        self.files = std::mem::take(&mut self.files).with_source(tree.files);
        let mask = self.files.mask();
        self.texts.extend(self.files.source.iter().map(|file| (file.path.clone(), mask.hide(&file.text))));
        Ok(())
    }

    /// The model with effective access worked out; the user's word on exposed schemas counts most.
    pub(super) fn context<'a>(&'a self, run: &Run, reading: &cli::Reading) -> Context<'a> {
        Context::new(&self.schema, run.exposed(reading)).with_sign_in(self.files.sign_in())
    }

    /// Takes the name of a temporary folder out of what reports show.
    pub(super) fn forget(&mut self, folder: &Path) {
        let prefix = format!("{}/", folder.display());
        let shorter = |text: &String| text.replace(&prefix, "");
        self.applied = self.applied.iter().map(shorter).collect();
        self.notes = self.notes.iter().map(shorter).collect();
        for file in &mut self.schema.files {
            file.path = shorter(&file.path);
        }
        for file in self.files.sql.iter_mut().chain(&mut self.files.config).chain(&mut self.files.functions) {
            file.path = shorter(&file.path);
        }
        self.texts = std::mem::take(&mut self.texts).into_iter().map(|(name, t)| (shorter(&name), t)).collect();
    }

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
            files: self.applied.clone(),
            notes: self.notes.clone(),
        }
    }

    /// The database, where the server that holds it is ours or only lent for the run: there rows may be written for a moment.
    pub(super) fn own_database(&self) -> Option<&Database> {
        self.database.as_ref().filter(|_| self.shadow.is_some())
    }

    /// Tries writes on a running database, where they were asked for; `None` where they were not, or it is no such.
    pub(super) async fn write(
        &self,
        cx: &Context<'_>,
        expected: (&Intent, &[VerdictEntry]),
        run: &Run,
    ) -> Result<Option<Written>, Error> {
        let Some(database) = self.database.as_ref().filter(|_| run.writes && self.shadow.is_none()) else {
            return Ok(None);
        };
        let _working = run.talk.working_on("writing as the roles that clients act as");
        Ok(Some(impersonation::write(database, &cx.effective, expected, &Options::default()).await?))
    }

    /// Reads as the roles that clients act as, where there is a server to read from; `None` where there is none.
    pub(super) async fn probe(
        &self,
        cx: &Context<'_>,
        findings: &mut [Finding],
        run: &Run,
    ) -> Result<Option<(Tested, Agreement)>, Error> {
        match &self.database {
            Some(database) => live::probe(database, &cx.effective, findings, run).await.map(Some),
            None => Ok(None),
        }
    }
}
