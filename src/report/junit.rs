//! The JUnit writer: a suite of checks, in which a check without a finding passes and one that examined nothing is skipped;
//! suites of declared tests and of trials, and one of what could not be examined.
//!
//! It keeps to what the schemas of Ant and of Jenkins have in common, as there is no other definition of the format.

use super::markup::{escaped, escaped_lines};
use super::{ProbeOutcome, Report, Unexpected, place};
use crate::finding::Finding;

/// The report as JUnit XML.
#[must_use]
pub fn junit(report: &Report) -> String {
    let suites = [checks(report), tests(report), trials(report), coverage(report)];
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    suites.iter().enumerate().for_each(|(id, suite)| out.push_str(&suite.xml(id, report)));
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
    fn xml(&self, id: usize, report: &Report) -> String {
        // Ant's schema takes no time zone; ours is UTC.
        let time = report.time.as_deref().map_or("1970-01-01T00:00:00", |time| time.trim_end_matches('Z'));
        format!(
            "  <testsuite id=\"{id}\" package=\"pgwitness\" name=\"{}\" hostname=\"localhost\" timestamp=\"{}\" tests=\"{}\" \
             failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\">\n    <properties/>\n{}    \
             <system-out>{}\n{}</system-out>\n    <system-err/>\n  </testsuite>\n",
            self.name,
            escaped(time),
            self.cases.len(),
            self.failures,
            self.errors,
            self.skipped,
            self.cases.concat(),
            escaped(&report.summary.verdict),
            escaped(&super::counts(report))
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
    let place = place::first(finding).map(|at| escaped(&format!("{}:{}", at.file, at.span.line)));
    let place = place.map_or_else(String::new, |place| format!("{place}\n"));
    let mut text = format!("{place}{}", escaped_lines(&finding.message));
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

/// The tests that the project declares.
fn tests(report: &Report) -> Suite {
    let mut suite = Suite { name: "tests", ..Suite::default() };
    let failed: Vec<_> = report.unexpected().into_iter().filter(|one| one.kind == "failed-test").collect();
    let mut failed = failed.iter();
    for case in &report.tests {
        // Those that failed are told in the order of the tests.
        let told = case.failed().then(|| failed.next()).flatten();
        suite.failures += usize::from(told.is_some());
        let inner = match told {
            Some(told) => unexpected(told),
            None if case.unanswered => {
                suite.skipped += 1;
                format!("<skipped message=\"{}\"/>", escaped(&case.actual))
            }
            None => String::new(),
        };
        suite.push(&case.persona, &case.name, &inner);
    }
    suite
}

/// What was tried and is bounded by a rule: a case for each statement, of which there are thousands.
fn trials(report: &Report) -> Suite {
    let mut suite = Suite { name: "trials", ..Suite::default() };
    let all = report.unexpected();
    for trial in report.trials.iter().filter(|trial| trial.expected.is_some()) {
        let name =
            format!("{} {} {}", trial.relation, trial.action.words(), trial.column.as_deref().unwrap_or_default());
        let inner = match (&trial.surprise, &trial.outcome) {
            (Some(surprise), _) => {
                suite.failures += 1;
                let (told, rule) = (escaped(&surprise.text), surprise.rule.as_deref().unwrap_or_default());
                let group = all.iter().find(|one| one.covers(trial)).map_or("", |one| one.fingerprint.as_str());
                let text = format!("rule: {rule}\n{}\nfingerprint {group}", trial.statement);
                format!("<failure message=\"{told}\" type=\"unexpected-access\">{}</failure>", escaped_lines(&text))
            }
            (None, ProbeOutcome::NotTested { reason }) => {
                suite.skipped += 1;
                format!("<skipped message=\"{}\"/>", escaped(reason))
            }
            _ => String::new(),
        };
        suite.push(&trial.persona, name.trim(), &inner);
    }
    suite
}

fn unexpected(one: &Unexpected) -> String {
    format!(
        "<failure message=\"{}\" type=\"{}\">{}</failure>",
        escaped(&one.title),
        one.kind,
        escaped_lines(&format!("{}\n{}", one.line(), one.sql.as_deref().unwrap_or_default()))
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
