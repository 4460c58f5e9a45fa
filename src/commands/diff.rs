//! `diff`: which rows, columns and rights each role gained or lost between two states.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::base::Base;
use super::{Run, output, print, source};
use crate::cli::Diff;
use crate::config::nearest;
use crate::diff::Direction;
use crate::report::human::Human;
use crate::report::{Change, VERSION};
use crate::{Error, ExitCode};

/// What `--format json` gives.
#[derive(Debug, Serialize)]
struct Answer {
    version: u32,
    before: String,
    after: String,
    change: Change,
    /// What could not be read of either state.
    gaps: Vec<String>,
}

pub(super) async fn run(args: Diff, run: &Run) -> Result<ExitCode, Error> {
    let paths = paths(&args, run);
    let before = Base::of_any(&args.before, &paths, &args.reading, run).await?;
    let after = Base::of_any(&args.after, &paths, &args.reading, run).await?;
    let change = before.against(&after, &args.reading, run);
    let gaps: Vec<_> = [&before, &after].into_iter().flat_map(Base::unread).collect();
    let partial = !gaps.is_empty() && !args.allow_partial;
    let wider = change.access.iter().any(|one| one.direction != Direction::Narrowed);
    let answer =
        Answer { version: VERSION, before: before.name().to_owned(), after: after.name().to_owned(), change, gaps };
    let texts = after.texts();
    let human = Human { width: output::width(), verbose: run.verbose, texts };
    print(args.format, &answer, &after.mask(), || {
        let mut text = human.differences(&answer.change, &answer.after);
        answer.gaps.iter().for_each(|gap| text.push_str(&format!("not examined: {}\n", crate::model::printable(gap))));
        text
    })?;
    Ok(match (wider, partial) {
        (true, _) => ExitCode::Findings,
        (false, true) => ExitCode::Incomplete,
        (false, false) => ExitCode::Clean,
    })
}

/// Where a git ref is looked up: the other side if that is a path, or else the migrations of the project around.
fn paths(args: &Diff, run: &Run) -> Vec<PathBuf> {
    let named = [&args.before, &args.after].map(PathBuf::from).into_iter().find(|path| is_sql(path));
    let around = || nearest(&run.here, &["supabase/migrations"]).map(|path| source::from_here(path, &run.here));
    named.or_else(around).into_iter().collect()
}

fn is_sql(path: &Path) -> bool {
    path.is_dir() || (path.is_file() && path.extension().is_some_and(|e| e == "sql"))
}
