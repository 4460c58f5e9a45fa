//! `explain`: the documentation of a check, or one finding of a report in full.

use std::collections::BTreeMap;
use std::path::Path;

use super::{output, similar};
use crate::checks::{Meta, all, find};
use crate::cli::Explain;
use crate::report::human::Human;
use crate::report::human::text::{BOLD, block, capitalized, severity, styled, wrapped};
use crate::{Error, ExitCode};

pub(super) fn run(args: &Explain) -> Result<ExitCode, Error> {
    let subject = args.subject.as_str();
    let text = match (find(subject), &args.report) {
        (Some(check), _) => check_text(check),
        (None, Some(report)) => finding_text(subject, report)?,
        (None, None) if is_fingerprint(subject) => {
            return Err(Error::usage(
                format!("`{subject}` is the fingerprint of a finding, and no report was given"),
                "write one with `pgwitness audit --output json=report.json`, then add `--report report.json`",
            ));
        }
        (None, None) => return Err(unknown(subject)),
    };
    output::to_stdout(&text)?;
    Ok(ExitCode::Clean)
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn unknown(subject: &str) -> Error {
    let help = similar::to(subject, all().into_iter().map(|meta| meta.id));
    let help = help.unwrap_or_else(|| "`pgwitness checks` lists them".to_owned());
    Error::usage(format!("there is no check `{subject}`"), help)
}

fn check_text(meta: &Meta) -> String {
    let width = output::width().min(100);
    let mut out = format!("{} ({})\n", styled(BOLD, meta.id), styled(severity(meta.severity), meta.severity.word()));
    out.push_str(&format!("{}\n", wrapped(&capitalized(meta.title), width, 0)));
    for paragraph in paragraphs(meta.doc) {
        out.push_str(&format!("\n{}\n", wrapped(&paragraph, width, 0)));
    }
    for (heading, sql) in [("It fires on", meta.bad), ("It is silent on", meta.good)] {
        out.push_str(&format!("\n{}\n\n    {}\n", styled(BOLD, heading), block(&dedented(sql), 4)));
    }
    out
}

/// The paragraphs of a Markdown text, each on one line; lines of lists stay apart.
fn paragraphs(doc: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for line in doc.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("- ") {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut() {
            *last = format!("{last} {line}").trim().to_owned();
        }
    }
    out.retain(|p| !p.is_empty());
    out
}

/// SQL without the indentation that it has in the source.
fn dedented(sql: &str) -> String {
    let margin = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<_> = sql.lines().skip_while(|l| l.trim().is_empty()).collect();
    let least = lines.iter().filter(|l| !l.trim().is_empty()).map(|l| margin(l)).min().unwrap_or_default();
    let lines: Vec<_> = lines.iter().map(|l| l.get(least..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim_end().to_owned()
}

fn finding_text(fingerprint: &str, file: &Path) -> Result<String, Error> {
    let report = super::report::read(file)?;
    let found: Vec<_> = report.all_findings().filter(|f| f.fingerprint == fingerprint).collect();
    if found.is_empty() {
        let known = report.all_findings().map(|f| f.fingerprint.as_str());
        let help = similar::to(fingerprint, known).unwrap_or_else(|| unknown(fingerprint).help().unwrap_or_default());
        return Err(Error::usage(format!("{} has no finding `{fingerprint}`", file.display()), help));
    }
    let texts = BTreeMap::new();
    let human = Human { width: output::width(), verbose: true, texts: &texts };
    Ok(found.into_iter().map(|f| human.finding(f)).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_lose_their_margin() {
        assert_eq!(dedented("\n    a\n      b\n\n    c\n  "), "a\n  b\n\nc");
        assert_eq!(paragraphs("a\nb\n\nc\n- d\n  e\n"), ["a b", "c", "- d e"]);
    }

    #[test]
    fn every_check_can_be_explained() {
        for meta in all() {
            let text = check_text(meta);
            assert!(text.contains(meta.id) && text.contains("It fires on"));
        }
    }
}
