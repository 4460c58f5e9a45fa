//! What a run accepts and shows: the command line, the configuration, comments in the files and the baseline, put together.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::{self, Loaded};
use super::{Run, output, similar};
use crate::Error;
use crate::checks;
use crate::cli::Accepted;
use crate::config::Profile;
use crate::finding::{Confidence, Finding, Severity};
use crate::model::glob::matches;
use crate::report::stamp;
use crate::report::{Report, SuppressedBy};
use crate::suppression::{self, Baseline, Bounds, Day, Ignore};

/// The profile of a run.
pub(super) fn profile(accepted: &Accepted, run: &Run) -> Profile {
    accepted.profile.or(run.config.config.audit.profile).unwrap_or_default()
}

/// What a run over `loaded` accepts and shows.
pub(super) fn bounds(accepted: &Accepted, loaded: &Loaded, run: &Run) -> Result<Bounds, Error> {
    let config = &run.config.config.audit;
    let profile = profile(accepted, run);
    let all = profile == Profile::Auditor;
    let narrowed = accepted.min_severity.is_some() || accepted.confidence.is_some() || accepted.baseline.is_some();
    if all && narrowed {
        return Err(Error::usage(
            "the profile auditor shows everything, and cannot be told what not to show",
            "leave out --min-severity, --confidence and --baseline, or take --profile strict",
        ));
    }
    Ok(Bounds {
        ignores: ignores(loaded, run),
        baseline: baseline(accepted, run)?,
        skipped: skipped(accepted, run)?,
        severity: accepted.min_severity.or(config.min_severity).unwrap_or(Severity::Info),
        confidence: accepted.confidence.or(config.confidence).unwrap_or(Confidence::Possible),
        explained: profile == Profile::Strict,
        all,
        today: Day::of(stamp::now()),
    })
}

/// Comments of the SQL first, as they are nearest; then the configuration.
fn ignores(loaded: &Loaded, run: &Run) -> Vec<Ignore> {
    let applied: BTreeSet<_> = loaded.schema.files.iter().map(|file| file.path.as_str()).collect();
    let sql = loaded.texts.iter().filter(|(path, _)| applied.contains(path.as_str()) || path.ends_with(".sql"));
    let inline = sql.flat_map(|(path, text)| suppression::in_text(path, text));
    let configured = run.config.ignores.iter().cloned().map(|mut ignore| {
        ignore.place.file = source::named(Path::new(&ignore.place.file), &run.here);
        ignore
    });
    inline.chain(configured).collect()
}

/// The baseline that the command line or the configuration names.
fn baseline(accepted: &Accepted, run: &Run) -> Result<Option<(String, Baseline)>, Error> {
    let configured = || run.config.baseline().map(|file| source::from_here(file, &run.here));
    let Some(file) = accepted.baseline.clone().or_else(configured) else { return Ok(None) };
    let text = std::fs::read_to_string(&file).map_err(|e| Error::file("read", &file, e))?;
    let read = Baseline::read(&text, &file)
        .map_err(|e| Error::usage(e.to_string(), "write one with `pgwitness check --write-baseline FILE`"))?;
    Ok(Some((source::named(&file, &run.here), read)))
}

/// The checks that are not to run.
pub(super) fn skipped(accepted: &Accepted, run: &Run) -> Result<BTreeSet<&'static str>, Error> {
    let config = &run.config.config.audit;
    let chosen = |said: &[String], configured: &Option<Vec<String>>| -> Result<Option<BTreeSet<&'static str>>, Error> {
        match (said, configured) {
            ([], None) => Ok(None),
            ([], Some(list)) => of_globs(list).map(Some),
            (said, _) => of_globs(said).map(Some),
        }
    };
    let only = chosen(&accepted.only, &config.only)?;
    let skip = chosen(&accepted.skip, &config.skip)?.unwrap_or_default();
    let left_out = |id: &&'static str| only.as_ref().is_some_and(|only| !only.contains(id)) || skip.contains(id);
    let skipped: BTreeSet<_> = checks::all().into_iter().map(|meta| meta.id).filter(left_out).collect();
    if skipped.len() == checks::all().len() {
        return Err(Error::usage("no check is left to run", "`pgwitness checks` lists them"));
    }
    Ok(skipped)
}

/// The checks that names with wildcards cover; one that covers none is a mistake.
fn of_globs(globs: &[String]) -> Result<BTreeSet<&'static str>, Error> {
    let ids = || checks::all().into_iter().map(|meta| meta.id);
    let mut all = BTreeSet::new();
    for glob in globs {
        let found: Vec<_> = ids().filter(|id| matches(glob, id)).collect();
        if found.is_empty() {
            let help = similar::to(glob, ids()).unwrap_or_else(|| "`pgwitness checks` lists them".to_owned());
            return Err(Error::usage(format!("there is no check `{glob}`"), help));
        }
        all.extend(found);
    }
    Ok(all)
}

/// Writes the findings that a later run is to take for known: those that are open, and those that stand in the baseline
/// already. What is said about ignores themselves is to be mended, not kept.
pub(super) fn write_baseline(file: &Path, report: &Report, run: &Run) -> Result<(), Error> {
    let is_own = |finding: &&Finding| suppression::CHECKS.iter().any(|meta| meta.id == finding.check);
    let known = report.suppressed.iter().filter(|one| one.by == SuppressedBy::Baseline).map(|one| &one.finding);
    let all: Vec<_> = report.findings.iter().chain(known).filter(|finding| !is_own(finding)).collect();
    let text = super::as_json(&Baseline::of(all.iter().copied()))?;
    output::to_file(file, &text)?;
    let s = if all.len() == 1 { "" } else { "s" };
    run.talk.say(format!("wrote {} with {} finding{s}", source::named(file, &run.here), all.len()));
    Ok(())
}
