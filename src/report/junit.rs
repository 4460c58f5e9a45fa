//! The JUnit writer: a suite of checks, in which a check without a finding passes and one that examined nothing is skipped.

use super::markup::{escaped, escaped_lines};
use super::{Report, place};
use crate::finding::Finding;

/// The report as JUnit XML.
#[must_use]
pub fn junit(report: &Report) -> String {
    let suites = [checks(report), coverage(report)];
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    out.push_str(&format!(
        "<testsuites name=\"pgwitness\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\">\n",
        sum(|s| s.cases.len()),
        sum(|s| s.failures),
        sum(|s| s.errors)
    ));
    suites.iter().for_each(|suite| out.push_str(&suite.xml()));
    out.push_str("</testsuites>\n");
    out
}

#[derive(Debug, Default)]
struct Suite {
    name: &'static str,
    cases: Vec<String>,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Suite {
    fn xml(&self) -> String {
        format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n{}  </testsuite>\n",
            self.name,
            self.cases.len(),
            self.failures,
            self.errors,
            self.skipped,
            self.cases.concat()
        )
    }

    fn push(&mut self, class: &str, name: &str, inner: &str) {
        self.cases.push(format!(
            "    <testcase classname=\"{}\" name=\"{}\" time=\"0\">{inner}</testcase>\n",
            escaped(class),
            escaped(name)
        ));
    }
}

/// A case for each finding, and one for each check without any.
fn checks(report: &Report) -> Suite {
    let mut suite = Suite { name: "checks", ..Suite::default() };
    for finding in &report.findings {
        suite.failures += 1;
        suite.push(&finding.check, &format!("{} {}", finding.object, finding.fingerprint), &failure(finding));
    }
    for one in &report.suppressed {
        suite.skipped += 1;
        let why = format!("{}: {}", one.by.words(), one.reason.as_deref().unwrap_or("no reason given"));
        let name = format!("{} {}", one.finding.object, one.finding.fingerprint);
        suite.push(&one.finding.check, &name, &format!("<skipped message=\"{}\"/>", escaped(&why)));
    }
    for (check, examined) in &report.coverage.checks {
        if report.all_findings().any(|finding| finding.check == *check) {
            continue;
        }
        if *examined == 0 {
            suite.skipped += 1;
            suite.push(check, "nothing to examine", "<skipped message=\"there was nothing to examine\"/>");
        } else {
            suite.push(check, &format!("{examined} examined"), "");
        }
    }
    for check in &report.coverage.skipped {
        suite.skipped += 1;
        suite.push(check, "not run", "<skipped message=\"the run left it out\"/>");
    }
    suite
}

fn failure(finding: &Finding) -> String {
    let place = place::first(finding).map_or_else(String::new, |at| format!("{}:{}\n", at.file, at.span.line));
    let mut text = format!("{}{}", escaped_lines(&place), escaped_lines(&finding.message));
    for fact in &finding.evidence {
        text.push_str(&format!("\n{}", escaped(&format!("{}: {}", fact.kind, fact.text))));
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("\nfix:\n{}", escaped_lines(fix)));
    }
    format!(
        "<failure message=\"{}\" type=\"{}\">{text}</failure>",
        escaped(&finding.title),
        escaped(finding.severity.word())
    )
}

/// What could not be examined is an error, as it is of the run.
fn coverage(report: &Report) -> Suite {
    let mut suite = Suite { name: "coverage", ..Suite::default() };
    for gap in report.coverage.gaps.iter().filter(|gap| gap.access_control) {
        suite.errors += 1;
        let text = escaped(&place::gap(gap));
        suite.push("not examined", &place::gap(gap), &format!("<error message=\"{text}\" type=\"not examined\"/>"));
    }
    suite
}
