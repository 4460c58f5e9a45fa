//! The state that `check --base` compares with, and what is left of a report next to it.

mod cause;
mod worse;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::judging;
use super::source::{self, Loaded, files, replayed, snapshot};
use super::{Run, accepting};
use crate::checks::run_all;
use crate::cli::{Accepted, Reading};
use crate::finding::{Finding, Findings};
use crate::migrations::git;
use crate::model::{Gap, Origin};
use crate::project::{Mask, SourceTree};
use crate::report::Change;
use crate::{Error, project};

/// Another state of the same database.
pub(super) struct Base {
    /// What reports call it.
    name: String,
    loaded: Loaded,
    findings: Vec<Finding>,
}

impl Base {
    /// Reads the state that `name` stands for: what is on disk, or else what git knows by that name at `paths`.
    /// `source` is the application's source that the other state is asked for too; `accepted` is what its findings are for,
    /// if they are for anything.
    pub(super) fn load(
        name: &str,
        paths: &[PathBuf],
        source: Option<&Path>,
        (reading, accepted): (&Reading, Option<&Accepted>),
        run: &Run,
    ) -> Result<Self, Error> {
        let path = Path::new(name);
        let is_there = path.exists();
        let says_path = name.starts_with(['.', '/']) || path.extension().is_some_and(|e| e == "sql" || e == "json");
        if is_there && !says_path && paths.first().is_some_and(|at| git::is_known(at, name)) {
            return Err(Error::usage(
                format!("`{name}` is a path and a git ref"),
                format!("say `./{name}` for the path, or `refs/heads/{name}` for the branch"),
            ));
        }
        let loaded =
            if is_there { at_path(path, reading, run)? } else { at_commit(name, paths, source, reading, run)? };
        let (name, mut loaded) = loaded;
        loaded.told(reading, run)?;
        let findings = accepted.map(|accepted| findings(&loaded, (reading, accepted), run)).transpose()?;
        let findings = findings.unwrap_or_default();
        Ok(Self { name, loaded, findings })
    }

    /// Refuses what no commit can have, before it is read.
    pub(super) fn must_have(name: &str, paths: &[PathBuf]) -> Result<(), Error> {
        if Path::new(name).exists() || paths.iter().all(|path| path != Path::new("-")) {
            return Ok(());
        }
        Err(Error::usage(
            format!("standard input is not in `{name}`"),
            "name the folder or file that is in the repository, or give `--base` a folder, a file or a snapshot",
        ))
    }

    /// The same of a running database too, by its URL.
    pub(super) async fn of_any(name: &str, paths: &[PathBuf], reading: &Reading, run: &Run) -> Result<Self, Error> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| name.starts_with(scheme)) {
            return Self::load(name, paths, None, (reading, None), run);
        }
        let mut loaded = source::at_url(name, reading, run).await?;
        loaded.told(reading, run)?;
        Ok(Self { name: loaded.description().to_owned(), loaded, findings: Vec::new() })
    }

    /// What reports call it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The texts of its files.
    pub(super) fn texts(&self) -> &BTreeMap<String, String> {
        &self.loaded.texts
    }

    /// Every secret that was met in it.
    pub(super) fn mask(&self) -> Mask {
        self.loaded.mask()
    }

    /// What access control may depend on and could not be read.
    pub(super) fn unread(&self) -> Vec<String> {
        let gaps = self.loaded.schema.gaps.iter().filter(|g| g.access_control);
        gaps.map(|gap| format!("{}: {}", self.name, gap.what)).collect()
    }

    /// What another state gives and takes.
    pub(super) fn against(&self, other: &Self, reading: &Reading, run: &Run) -> Change {
        let access = self.access(&other.loaded, reading, run);
        Change { base: self.name.clone(), access, ..Change::default() }
    }

    /// The version of the server that it was read from, if it was one.
    pub(super) fn major(&self) -> Option<u32> {
        self.loaded.replayed.is_none().then(|| self.loaded.schema.server.major())
    }
}

/// What the checks find there, whoever accepts it; nothing is read from a server.
fn findings(loaded: &Loaded, (reading, accepted): (&Reading, &Accepted), run: &Run) -> Result<Vec<Finding>, Error> {
    let cx = loaded.context(run, reading);
    let mut out = Findings::new(&loaded.schema.files);
    run_all(&cx, &mut out);
    let (mut all, mut examined) = out.finish();
    // What breaks a rule here too is no news; rules that name what only the later state has speak of news anyway.
    if let Ok(broken) = judging::broken(loaded, &cx, &all, run) {
        all.extend(broken.0);
        examined.extend(broken.1);
    }
    let of_files = project::run_all(&loaded.files);
    all.extend(of_files.0);
    examined.extend(of_files.1);
    let kept = accepting::bounds(accepted, loaded, run)?.sort(all, &mut examined);
    Ok(kept.open.into_iter().chain(kept.suppressed.into_iter().map(|one| one.finding)).collect())
}

fn at_path(path: &Path, reading: &Reading, run: &Run) -> Result<(String, Loaded), Error> {
    let name = source::named(path, &run.here);
    if path.extension().is_some_and(|e| e == "json") {
        return Ok((name, snapshot::load(path)?));
    }
    let found = files::find(&[path.to_owned()], reading, run)?;
    Ok((name.clone(), replayed::load(found, name, reading, None)))
}

fn at_commit(
    name: &str,
    paths: &[PathBuf],
    source: Option<&Path>,
    reading: &Reading,
    run: &Run,
) -> Result<(String, Loaded), Error> {
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let commit = git::commit(first, name).map_err(|e| from_git(&e, name))?;
    let inside: Option<Vec<_>> = paths.iter().map(|path| commit.inside(path)).collect();
    let inside = inside.ok_or_else(|| {
        Error::usage(format!("not every path is in the repository of `{}`", first.display()), "check them one by one")
    })?;
    let out = commit.check_out(&inside, name).map_err(|e| from_git(&e, name))?;
    let folder = out.folder.path();
    let there: Vec<_> = inside.iter().map(|path| folder.join(path)).collect();
    let found = files::find(&there, reading, run)?;
    let description = format!("{name} (commit {})", commit.short());
    let mut loaded = replayed::load(found, description.clone(), reading, None);
    loaded.forget(folder);
    let unread = |what| Gap { what, access_control: true, origin: Origin::Catalog };
    loaded.schema.gaps.extend(out.left_out.into_iter().map(unread));
    if let Some(inside) = source.and_then(|folder| commit.inside(folder)) {
        match commit.check_out_those(std::slice::from_ref(&inside), name, &SourceTree::reads) {
            Ok(source) => loaded.read_source(&source.folder.path().join(inside))?,
            // Where there was no source, whatever is found in it is new.
            Err(git::GitError::NoPath { .. }) => {}
            Err(e) => return Err(from_git(&e, name)),
        }
    }
    Ok((description, loaded))
}

fn from_git(error: &git::GitError, name: &str) -> Error {
    let help = error.help();
    let message = match error {
        git::GitError::NoRepository { .. } => format!("there is no file `{name}`, and {error}"),
        _ => error.to_string(),
    };
    Error::Usage { message, help }
}
