//! `check`: migration files through all checks without a server; with `--base` only what a change makes worse.

use std::path::{Path, PathBuf};

use super::base::Base;
use super::examine::examine;
use super::source::files::{self, Found};
use super::source::{self, Loaded, migrations, replayed};
use super::written::present;
use super::{Run, accepting, output};
use crate::cli::{Check, Reading};
use crate::config::nearest;
use crate::model::Platform;
use crate::{Error, ExitCode, diff};

pub(super) async fn run(args: Check, run: &Run) -> Result<ExitCode, Error> {
    let files = args.output.output.iter().map(|out| &out.file).chain(&args.write_baseline).chain(&args.verdict.log_sql);
    files.into_iter().try_for_each(|file| output::must_have_folder(file))?;
    let paths = paths(&args.paths, &run.here)?;
    args.base.as_deref().map_or(Ok(()), |name| Base::must_have(name, &paths))?;
    let found = files::find(&paths, &args.reading, run)?;
    let base = args
        .base
        .as_deref()
        .map(|name| {
            let reading = alike(&args.reading, &found);
            Base::load(name, &paths, args.source_dir.as_deref(), (&reading, Some(&args.verdict.accepted)), run)
        })
        .transpose()?;
    let loaded = load(found, &paths, &args, base.as_ref().and_then(Base::major), run).await?;
    let cx = loaded.context(run, &args.reading);
    let mut examined = examine(&loaded, &cx, &args.verdict, run).await?;
    if let Some(file) = &args.write_baseline {
        accepting::write_baseline(file, &examined.report, run)?;
    }
    if let Some(base) = &base {
        base.keep_what_is_worse(&mut examined.report, &loaded, &args.reading, run);
    }
    let ended = present(examined.report, &examined.contradictions, &loaded, (&args.output, &args.verdict), run);
    // The process ends here: to take apart all that was worked out would take longer than it is worth.
    std::mem::forget(cx);
    ended
}

/// The paths that were named, or the migrations of the project around.
fn paths(named: &[PathBuf], here: &Path) -> Result<Vec<PathBuf>, Error> {
    if named.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(Error::usage("standard input can be read once", "name `-` once"));
    }
    for path in named {
        source::must_be_path(path)?;
    }
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let found = nearest(here, &["supabase/migrations"]).map(|path| source::from_here(path, here));
    found.map(|path| vec![path]).ok_or_else(|| {
        Error::usage(
            "there is no supabase/migrations here or above",
            "name a folder of migrations, an SQL file, or `-` for standard input",
        )
    })
}

/// How to read the other state: what only these files show of the platform holds there too.
fn alike(reading: &Reading, found: &Found) -> Reading {
    let supabase = Some(found.platform()).filter(|p| *p == Platform::Supabase);
    Reading { platform: reading.platform.or(supabase), ..reading.clone() }
}

/// `major` is the version that the other state is of, where it is a server's.
async fn load(found: Found, paths: &[PathBuf], args: &Check, major: Option<u32>, run: &Run) -> Result<Loaded, Error> {
    let names: Vec<_> = paths.iter().map(|path| source::named(path, &run.here)).collect();
    let description = names.join(", ");
    let mut loaded = if args.shadow {
        let mut loaded = migrations::load(found, description, &args.reading, run).await?;
        loaded.hold_against_replay(&args.reading, run);
        loaded
    } else {
        let mut loaded = replayed::load(found, description, &args.reading, major);
        loaded.notes.extend(unused(&args.reading));
        loaded
    };
    if let Some(folder) = &args.source_dir {
        loaded.read_source(folder)?;
    }
    loaded.told(&args.reading, run)?;
    Ok(loaded)
}

/// What was said of a server that no file ran on.
fn unused(reading: &Reading) -> Option<String> {
    let given = [
        ("--shadow-url", reading.shadow_url.is_some()),
        ("--pg-bin", reading.pg_bin.is_some()),
        ("--strict", reading.strict),
    ];
    let names: Vec<_> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| format!("nothing ran on a server, as {} asks for: add --shadow", names.join(", ")))
}

impl Loaded {
    /// Says where the server made something else of the files than we read in them, which is a bug of ours.
    fn hold_against_replay(&mut self, reading: &Reading, run: &Run) {
        let Some(replayed) = &self.replayed else { return };
        let exposed = run.exposed(reading);
        let mut schema = replayed.schema.clone();
        let untold = self.given_roles(&mut schema);
        let read = crate::checks::Context::new(&schema, exposed);
        let ran = crate::checks::Context::new(&self.schema, exposed);
        let found = diff::compare(&read, &ran);
        // What did not run there, or was not understood here, accounts for a difference; nothing else does.
        let partial = self.statements.is_some_and(|(total, ran)| ran < total)
            || replayed.schema.gaps.iter().any(|gap| gap.access_control);
        let why = if partial {
            "statements that failed or were not understood may account for it"
        } else {
            "this is a bug of pgwitness"
        };
        let certain = found.iter().filter(|d| d.direction != diff::Direction::MayWiden);
        let notes = certain.map(|d| {
            let who = d.principals.join(", ");
            let blank = if who.is_empty() { "" } else { " " };
            format!(
                "on the server, {who}{blank}{}, and the files were read otherwise: {why}; the server's word counts",
                d.text
            )
        });
        let notes: Vec<_> = notes.chain(untold).collect();
        self.notes.extend(notes);
    }
}
