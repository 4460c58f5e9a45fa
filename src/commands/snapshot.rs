//! `snapshot`: the model as a file.

use super::{Run, as_json, output, source};
use crate::cli::Snapshot;
use crate::{Error, ExitCode};

pub(super) async fn run(args: Snapshot, run: &Run) -> Result<ExitCode, Error> {
    args.output.as_deref().map_or(Ok(()), output::must_have_folder)?;
    let loaded = source::load(&args.source, run).await?;
    let text = loaded.mask().hide(&as_json(&loaded.schema)?);
    match &args.output {
        Some(file) => {
            output::to_file(file, &text)?;
            run.talk.say(format!("wrote {}", file.display()));
        }
        None => output::to_stdout(&text)?,
    }
    Ok(ExitCode::Clean)
}
