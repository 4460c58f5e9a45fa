//! `audit`: the model through all checks, confirmed where a server is at hand, as a report and an exit code.

use super::examine::examine;
use super::written::present;
use super::{Run, output, source};
use crate::cli::Audit;
use crate::{Error, ExitCode};

pub(super) async fn run(args: Audit, run: &Run) -> Result<ExitCode, Error> {
    args.output.output.iter().try_for_each(|out| output::must_have_folder(&out.file))?;
    let mut loaded = source::load(&args.source, run).await?;
    loaded.place(args.migrations.as_deref(), &args.source.reading, run)?;
    let cx = loaded.context(run, &args.source.reading);
    let examined = examine(&loaded, &cx, &args.verdict, run).await?;
    present(examined.report, &examined.contradictions, &loaded, (&args.output, &args.verdict), run)
}
