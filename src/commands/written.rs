//! What `audit`, `check` and `report` write: one report in every format that was asked for, without the secrets that were met.

use std::collections::BTreeMap;

use super::examine::exit_code;
use super::{Run, as_json, output, source};
use crate::cli::{Format, Output, Verdict};
use crate::compliance::{self, Assessment};
use crate::project::Mask;
use crate::report::human::Human;
use crate::report::stamp::{self, Hashes};
use crate::report::{self, Report};
use crate::{Error, ExitCode};

/// Writes the report to stdout and to the files that were asked for, and ends the run with its code.
///
/// # Errors
/// When something cannot be written, or when model and server contradict each other: an internal error, told last.
pub(super) fn present(
    mut report: Report,
    contradictions: &[String],
    loaded: &source::Loaded,
    (outputs, verdict): (&Output, &Verdict),
    run: &Run,
) -> Result<ExitCode, Error> {
    let mask = loaded.mask();
    let code = if contradictions.is_empty() { exit_code(&report, verdict, run) } else { ExitCode::Internal };
    report.summary.exit = code as u8;
    let formats = || outputs.output.iter().map(|out| out.format).chain([outputs.format]);
    if formats().any(|format| format != Format::Human) {
        stamp(&mut report, loaded, run)?;
        report = without_secrets(report, &mask)?;
    }
    let page = Page { report: &report, texts: &loaded.texts, verbose: run.verbose };
    for out in &outputs.output {
        output::to_file(&out.file, &mask.hide(&page.written(out.format, 100)?))?;
    }
    output::to_stdout(&mask.hide(&page.written(outputs.format, output::width())?))?;
    match contradictions.is_empty() {
        true => Ok(code),
        false => Err(Error::Internal(mask.hide(&contradictions.join("; ")))),
    }
}

/// Says when the report was made and of what; people's screens have no use for it, and it takes time.
pub(super) fn stamp(report: &mut Report, loaded: &source::Loaded, run: &Run) -> Result<(), Error> {
    report.time = Some(stamp::rfc3339(stamp::now()));
    let model = stamp::hash(&loaded.schema).map_err(|e| Error::Internal(e.to_string()))?;
    let rules = run.rules.as_ref().map(|rules| stamp::hash_texts(rules.sources()));
    report.hashes = Some(Hashes { model, rules });
    Ok(())
}

/// The report with stars for secrets, in every text of it: a format that escapes a character of a secret would otherwise
/// hide it from the mask.
pub(super) fn without_secrets(report: Report, mask: &Mask) -> Result<Report, Error> {
    if mask.is_empty() {
        return Ok(report);
    }
    let internal = |e: serde_json::Error| Error::Internal(e.to_string());
    let mut value = serde_json::to_value(&report).map_err(internal)?;
    mask.hide_in(&mut value);
    serde_json::from_value(value).map_err(internal)
}

/// A report, and what else writers have at hand.
pub(super) struct Page<'a> {
    pub(super) report: &'a Report,
    pub(super) texts: &'a BTreeMap<String, String>,
    pub(super) verbose: bool,
}

impl Page<'_> {
    /// The report in a format; `width` is that of people's screens.
    pub(super) fn written(&self, format: Format, width: usize) -> Result<String, Error> {
        let report = self.report;
        Ok(match format {
            Format::Human => Human { width, verbose: self.verbose, texts: self.texts }.report(report),
            Format::Json => as_json(report)?,
            Format::Sarif => as_json(&report::sarif(report, self.texts))?,
            Format::Github => report::github(report),
            Format::Gitlab => as_json(&report::gitlab(report))?,
            Format::Junit => report::junit(report),
            Format::Markdown => report::comment(report),
            Format::Csv => report::csv(report),
            Format::Html => report::html(report, &assessed(report)),
            Format::Oscal => as_json(&report::oscal(report, &of_nist(report)))?,
        })
    }
}

/// What the report says of every framework.
fn assessed(report: &Report) -> Vec<Assessment> {
    compliance::all().iter().map(|framework| compliance::assess(framework, report)).collect()
}

/// OSCAL wants controls; where nobody names a framework they are those that it was made for.
fn of_nist(report: &Report) -> Vec<Assessment> {
    compliance::find("nist-800-53").map(|framework| compliance::assess(framework, report)).into_iter().collect()
}
