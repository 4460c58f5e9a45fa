//! `audit`: the model through all checks, confirmed where a server is at hand, as a report and an exit code.

use super::examine::examine;
use super::written::present;
use super::{Run, accepting, output, source};
use crate::cli::Audit;
use crate::{Error, ExitCode};

pub(super) async fn run(args: Audit, run: &Run) -> Result<ExitCode, Error> {
    let files = args.output.output.iter().map(|out| &out.file).chain(&args.write_baseline).chain(&args.verdict.log_sql);
    files.into_iter().try_for_each(|file| output::must_have_folder(file))?;
    let mut loaded = source::load(&args.source, run).await?;
    loaded.place(args.migrations.as_deref(), &args.source.reading, run)?;
    let cx = loaded.context(run, &args.source.reading);
    let examined = examine(&loaded, &cx, &args.verdict, run).await?;
    if let Some(file) = &args.write_baseline {
        accepting::write_baseline(file, &examined.report, run)?;
    }
    present(examined.report, &examined.contradictions, &loaded, (&args.output, &args.verdict), run)
}
