//! `matrix`: what each role can do with each relation, and `--why` it is so.

mod select;
mod table;
mod why;

use serde::Serialize;

use super::{Run, output, print, source};
use crate::cli::Matrix;
use crate::report::{MatrixEntry, Source, VERSION, entries};
use crate::{Error, ExitCode};

/// What `--format json` gives.
#[derive(Debug, Serialize)]
struct Answer {
    version: u32,
    source: Source,
    matrix: Vec<MatrixEntry>,
}

pub(super) async fn run(args: Matrix, run: &Run) -> Result<ExitCode, Error> {
    let loaded = source::load(&args.source, run).await?;
    let cx = loaded.context(run, &args.source.reading);
    if let Some([role, relation, command]) = args.why.as_deref() {
        let why = why::explain(&cx, role, relation, command)?;
        return print(args.format, &why, &loaded.mask(), || why.text(output::width()));
    }
    let roles = select::roles(&cx, &args.role)?;
    let relations = select::relations(&cx, &args.relation, args.all_schemas)?;
    let matrix = entries(&cx, &roles, &relations);
    let answer = Answer { version: VERSION, source: loaded.describe(&cx), matrix };
    print(args.format, &answer, &loaded.mask(), || table::text(&cx, &answer.matrix, run.verbose, output::width()))
}
