//! The access rules of a run: which files hold them, and what they say of a database.

use std::path::{Path, PathBuf};

use super::{Run, source};
use crate::Error;
use crate::access::{self, Intent, RuleError, Rules};
use crate::checks::Context;
use crate::config::{Loaded, nearest};
use crate::model::glob::matches;

/// Where rules are looked for when nobody says where they are.
const FOLDER: &str = "policies";

/// The rules that the command line or the configuration names, or else those of the project around what is examined.
pub(super) fn load(
    named: &[PathBuf],
    examined: Option<&Path>,
    config: &Loaded,
    here: &Path,
) -> Result<Option<Rules>, Error> {
    let (files, found) = match (named, configured(config)?) {
        ([], Some(files)) => (files, false),
        ([], None) => (discovered(examined, config, here), true),
        (named, _) => (named.to_vec(), false),
    };
    if files.is_empty() {
        return Ok(None);
    }
    let files: Vec<_> = files.into_iter().map(|file| source::from_here(file, here)).collect();
    let help = "if a file holds no access rules, say which do: `[access] files = [..]` in pgwitness.toml";
    let rules = access::load(&files).map_err(|errors| mistakes(&errors, found.then_some(help)))?;
    Ok(Some(rules).filter(|rules| !rules.is_empty() || !rules.tests().is_empty()))
}

/// What is declared of the database, or else the default reading of it.
pub(super) fn intent(run: &Run, cx: &Context<'_>) -> Result<Intent, Error> {
    match &run.rules {
        // A file of tests alone says nothing of who may do what.
        Some(rules) if !rules.is_empty() => rules.resolve(&cx.effective).map_err(|errors| mistakes(&errors, None)),
        _ => Ok(access::reading(&cx.effective)),
    }
}

/// All mistakes as one error.
fn mistakes(errors: &[RuleError], help: Option<&str>) -> Error {
    let lines: Vec<_> = errors
        .iter()
        .map(|e| match &e.help {
            Some(help) => format!("{e}\n  help: {help}"),
            None => e.to_string(),
        })
        .collect();
    Error::Usage { message: lines.join("\n"), help: help.map(str::to_owned) }
}

/// The files that `[access] files` names, relative to the configuration.
fn configured(config: &Loaded) -> Result<Option<Vec<PathBuf>>, Error> {
    let Some(patterns) = &config.config.access.files else { return Ok(None) };
    let folder = config.file.as_ref().and_then(|f| f.parent()).unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for pattern in patterns {
        let found = of_pattern(&folder.join(pattern));
        if found.is_empty() {
            let file = config.file.as_deref().unwrap_or(Path::new("pgwitness.toml"));
            return Err(Error::usage(
                format!("{}: no file matches `{pattern}` of `[access] files`", file.display()),
                "`*` and `?` stand for parts of a file's name, not of its folders",
            ));
        }
        files.extend(found);
    }
    Ok(Some(files))
}

/// The files that a path with wildcards in its last part covers, by name.
fn of_pattern(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?']) {
        return path.is_file().then(|| path.to_owned()).into_iter().collect();
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<_> = entries
        .filter(|entry| matches(&name, &entry.file_name().to_string_lossy()))
        .map(|entry| path.with_file_name(entry.file_name()))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    files
}

/// `policies/*.toml` at or above what is examined, or else beside the configuration.
fn discovered(examined: Option<&Path>, config: &Loaded, here: &Path) -> Vec<PathBuf> {
    let from = examined.filter(|path| *path != Path::new("-")).map_or_else(|| here.to_owned(), |path| here.join(path));
    let from = from.canonicalize().unwrap_or(from);
    let beside = config.file.as_ref().and_then(|f| f.parent()).map(|folder| folder.join(FOLDER));
    // Outside of a repository nothing above is looked at, but for the folder that the command is run in.
    let here = here.canonicalize().unwrap_or_else(|_| here.to_owned());
    let around = || from.starts_with(&here).then(|| nearest(&here, &[FOLDER])).flatten();
    let folder = nearest(&from, &[FOLDER]).or_else(around).or(beside).filter(|folder| folder.is_dir());
    folder.map(|folder| of_pattern(&folder.join("*.toml"))).unwrap_or_default()
}
