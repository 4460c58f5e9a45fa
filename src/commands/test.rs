//! `test`: everything tried as everybody on rows of our own, and the tests that the project declares.

use std::path::{Path, PathBuf};

use super::examine::examine;
use super::written::Page;
use super::{Run, output, source};
use crate::cli::{Format, Test, Verdict};
use crate::config::FailOn;
use crate::report::Report;
use crate::report::human::Human;
use crate::{Error, ExitCode};

/// The name of the suite's file; pg_prove runs files in the order of their names.
const SUITE: &str = "pgwitness.test.sql";

pub(super) async fn run(args: Test, run: &Run) -> Result<ExitCode, Error> {
    let emit = emitted(&args)?;
    args.output
        .output
        .iter()
        .map(|out| &out.file)
        .chain(&args.log_sql)
        .try_for_each(|file| output::must_have_folder(file))?;
    let loaded = source::load(&args.source, run).await?;
    if loaded.own_database().is_none() {
        let help = "name the migrations that the database was made by: `pgwitness test supabase/migrations`";
        return Err(Error::usage("tests make rows and write, and so run only on a server of their own", help));
    }
    let cx = loaded.context(run, &args.source.reading);
    let verdict = Verdict {
        fail_on: Some(FailOn::Never),
        allow_partial: args.allow_partial,
        rules: args.rules.clone(),
        ..Verdict::default()
    };
    let mut examined = examine(&loaded, &cx, &verdict, run).await?;
    let mask = loaded.mask();
    if let (Some(folder), Some(suite)) = (&emit, &examined.suite) {
        std::fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
        output::to_file(&folder.join(SUITE), &mask.hide(suite))?;
        run.talk.say(format!("wrote {}", source::named(&folder.join(SUITE), &run.here)));
    }
    let untested = examined.untested;
    let code = exit_code(&examined.report, &examined.contradictions, untested, args.allow_partial);
    examined.report.summary.exit = code as u8;
    if code == ExitCode::Incomplete {
        run.talk.say("not everything could be tested, and the notes say what: `--allow-partial` accepts it");
    }
    let page = Page { report: &examined.report, texts: &loaded.texts, verbose: run.verbose };
    let written = |format, width| -> Result<String, Error> {
        Ok(match format {
            Format::Human => Human { width, verbose: run.verbose, texts: &loaded.texts }.trials(&examined.report),
            other => page.written(other, width)?,
        })
    };
    for out in &args.output.output {
        output::to_file(&out.file, &mask.hide(&written(out.format, 100)?))?;
    }
    output::to_stdout(&mask.hide(&written(args.output.format, output::width())?))?;
    match examined.contradictions.is_empty() {
        true => Ok(code),
        false => Err(Error::Internal(mask.hide(&examined.contradictions.join("; ")))),
    }
}

/// The folder of `--emit pgtap DIR`.
fn emitted(args: &Test) -> Result<Option<PathBuf>, Error> {
    match args.emit.as_deref() {
        None => Ok(None),
        Some([format, folder]) if format == "pgtap" => Ok(Some(Path::new(folder).to_owned())),
        Some(other) => {
            let format = other.first().map_or("", String::as_str);
            Err(Error::usage(
                format!("`{format}` is no format of tests"),
                "there is pgtap: `--emit pgtap supabase/tests`",
            ))
        }
    }
}

/// What is not as expected counts most, whether somebody declared it or it was read; then what could not be tested.
fn exit_code(report: &Report, contradictions: &[String], untested: usize, allow_partial: bool) -> ExitCode {
    let surprised = report.trials.iter().any(|trial| trial.surprise.is_some())
        || report.doors.iter().any(|trial| trial.surprise.is_some());
    let failed = report.tests.iter().any(|case| case.failed());
    let partial = untested > 0 || report.coverage.gaps.iter().any(|gap| gap.access_control);
    if !contradictions.is_empty() {
        ExitCode::Internal
    } else if surprised || failed {
        ExitCode::Findings
    } else if partial && !allow_partial {
        ExitCode::Incomplete
    } else {
        ExitCode::Clean
    }
}
