//! `report`: what an audit says of compliance frameworks, from a new audit or a stored one.

use std::path::Path;

use serde::Serialize;

use super::examine::examine;
use super::{Run, as_json, output, source, written};
use crate::cli;
use crate::cli::Format;
use crate::compliance::{self, Assessment, Status};
use crate::project::Mask;
use crate::report::stamp::Hashes;
use crate::report::{self, Report, Source, Tool, VERSION};
use crate::{Error, ExitCode};

/// What `--format json` gives.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    version: u32,
    tool: &'a Tool,
    time: &'a Option<String>,
    source: &'a Source,
    hashes: &'a Option<Hashes>,
    assessments: &'a [Assessment],
}

pub(super) async fn run(args: cli::Report, run: &Run) -> Result<ExitCode, Error> {
    let files = args.output.output.iter().map(|out| &out.file).chain(&args.verdict.log_sql);
    files.into_iter().try_for_each(|file| output::must_have_folder(file))?;
    let formats = args.output.output.iter().map(|out| out.format).chain([args.output.format]);
    formats.into_iter().try_for_each(must_be_one_of_ours)?;
    let (report, mask) = match &args.from {
        Some(_) if args.verdict.accepted.is_said() => {
            let message = "a stored audit has been told already what to show and to accept";
            return Err(Error::usage(message, "give `audit` those options, and leave them out here"));
        }
        Some(file) => (read(file)?, Mask::default()),
        None => audit(&args, run).await?,
    };
    let assessments = assessed(&args.framework, &report);
    for out in &args.output.output {
        let width = 100;
        output::to_file(&out.file, &mask.hide(&text(&report, &assessments, (out.format, width), run)?))?;
    }
    let shape = (args.output.format, output::width());
    output::to_stdout(&mask.hide(&text(&report, &assessments, shape, run)?))?;
    let partial = args.verdict.allow_partial || run.config.config.audit.allow_partial.unwrap_or(false);
    let any = |status| assessments.iter().any(|one| one.count(status) > 0);
    Ok(match (any(Status::Fail), any(Status::NotAssessed) && !partial) {
        (true, _) => ExitCode::Findings,
        (false, true) => ExitCode::Incomplete,
        (false, false) => ExitCode::Clean,
    })
}

async fn audit(args: &cli::Report, run: &Run) -> Result<(Report, Mask), Error> {
    let loaded = source::load(&args.source, run).await?;
    let cx = loaded.context(run, &args.source.reading);
    let examined = examine(&loaded, &cx, &args.verdict, run).await?;
    let (mut report, contradictions) = (examined.report, examined.contradictions);
    let mask = loaded.mask();
    if !contradictions.is_empty() {
        return Err(Error::Internal(mask.hide(&contradictions.join("; "))));
    }
    report.summary.exit = super::examine::exit_code(&report, &args.verdict, run) as u8;
    written::stamp(&mut report, &loaded, run)?;
    Ok((written::without_secrets(report, &mask)?, mask))
}

/// A JSON report that `audit` or `check` wrote.
pub(super) fn read(file: &Path) -> Result<Report, Error> {
    let text = std::fs::read_to_string(file).map_err(|e| Error::file("read", file, e))?;
    serde_json::from_str(&text).map_err(|e| {
        Error::usage(
            format!("{} is not a JSON report of this version: {e}", file.display()),
            "write one with `pgwitness audit --output json=FILE`",
        )
    })
}

fn assessed(names: &[String], report: &Report) -> Vec<Assessment> {
    let wanted = |id: &str| names.iter().any(|name| name == id || name == "all");
    compliance::all().iter().filter(|f| wanted(&f.id)).map(|f| compliance::assess(f, report)).collect()
}

fn text(
    report: &Report,
    assessments: &[Assessment],
    (format, width): (Format, usize),
    run: &Run,
) -> Result<String, Error> {
    Ok(match format {
        Format::Human => compliance::human(report, assessments, width, run.verbose),
        Format::Json => as_json(&Answer {
            version: VERSION,
            tool: &report.tool,
            time: &report.time,
            source: &report.source,
            hashes: &report.hashes,
            assessments,
        })?,
        Format::Csv => compliance::csv(assessments),
        Format::Html => report::html(report, assessments),
        Format::Oscal => as_json(&report::oscal(report, assessments))?,
        _ => compliance::markdown(report, assessments),
    })
}

fn must_be_one_of_ours(format: Format) -> Result<(), Error> {
    match format {
        Format::Sarif | Format::Github | Format::Gitlab | Format::Junit => Err(Error::usage(
            "that format has no place for controls",
            "`report` writes human, json, markdown, csv, html and oscal; `audit` and `check` write the others",
        )),
        _ => Ok(()),
    }
}
