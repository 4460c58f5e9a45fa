//! What was tried and did not come out as it had to: failed tests of the project, and trials that break a rule.
//!
//! Formats of findings tell of both as remarks of their own. Alike trials are one remark: there are thousands of trials,
//! and one leak shows in many of them.

use std::collections::{BTreeMap, BTreeSet};

use super::stamp::hash_texts;
use super::{Report, Surprise, SurpriseKind, Trial};
use crate::finding::Severity;
use crate::model::{Command, QualifiedName};

/// A failed test, or trials that came out alike and not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unexpected {
    /// `failed-test`, or `unexpected-access`.
    pub(crate) kind: &'static str,
    /// One line.
    pub(crate) title: String,
    /// What happened, and what had to.
    pub(crate) text: String,
    /// The file and the line that declare it, for tests.
    pub(crate) place: Option<(String, u32)>,
    /// Whether somebody declared what was expected; else it was read from columns, keys and policies.
    pub(crate) declared: bool,
    /// A script that shows it.
    pub(crate) sql: Option<String>,
    /// The same in every run.
    pub(crate) fingerprint: String,
    /// The relation, the role and the command, for trials.
    of: Option<(QualifiedName, String, Command)>,
}

/// The kinds, and what they are.
pub(crate) const KINDS: [(&str, &str); 2] = [
    ("failed-test", "a test that the project declares did not come out as it says"),
    ("unexpected-access", "a statement that was tried as a client reached more or less than its rules say"),
];

impl Unexpected {
    /// Whether a trial is one of those that it tells of.
    pub(crate) fn covers(&self, trial: &Trial) -> bool {
        let of = (&trial.relation, &trial.role, trial.action.command());
        self.of.as_ref().is_some_and(|(relation, role, command)| (relation, role, *command) == of)
    }

    /// How bad it is, by who said what had to come of it.
    pub(crate) fn severity(&self) -> Severity {
        if self.declared { Severity::High } else { Severity::Medium }
    }

    /// All of it on one line, its place first.
    pub(crate) fn line(&self) -> String {
        let place = self.place.as_ref().map_or_else(String::new, |(file, line)| format!("{file}:{line}: "));
        format!("{place}{}: {} (fingerprint {})", self.title, self.text, self.fingerprint)
    }
}

impl Report {
    /// Everything that was tried and did not come out as it had to; failed tests first.
    pub(crate) fn unexpected(&self) -> Vec<Unexpected> {
        let failed = self.tests.iter().filter(|case| case.failed()).map(|case| Unexpected {
            kind: "failed-test",
            title: format!("test failed: {}", case.name),
            text: format!("As {}, expected {} and got {}.", case.persona, case.expected, case.actual),
            place: Some((case.file.clone(), u32::try_from(case.line).unwrap_or(u32::MAX))),
            declared: true,
            sql: Some(case.statement.clone()),
            fingerprint: short(&["failed-test", &case.file, &case.name, &case.persona]),
            of: None,
        });
        failed.chain(self.surprising()).chain(self.by_doors()).collect()
    }

    /// Of calls that are alike the first is told.
    fn by_doors(&self) -> Vec<Unexpected> {
        let mut met = BTreeSet::new();
        let all = self.doors.iter().filter_map(|door| Some((door, door.surprise.as_ref()?)));
        let first = all.filter(|(door, s)| met.insert((door.door, &door.object, &door.role, s.kind)));
        let told = first.map(|(door, surprise)| Unexpected {
            kind: "unexpected-access",
            title: format!("{} {} by {} did not come out as expected", door.door.words(), door.object, door.role),
            text: format!("{}.", surprise.text.trim_end_matches('.')),
            place: None,
            declared: surprise.declared,
            sql: surprise.reproduce.sql.clone(),
            fingerprint: short(&["unexpected-access", &format!("{:?}/{}/{}", door.door, door.object, door.role)]),
            of: None,
        });
        told.collect()
    }

    fn surprising(&self) -> Vec<Unexpected> {
        let mut groups: BTreeMap<(&QualifiedName, &String, Command, SurpriseKind), Vec<&Surprise>> = BTreeMap::new();
        for trial in &self.trials {
            if let Some(surprise) = &trial.surprise {
                let key = (&trial.relation, &trial.role, trial.action.command(), surprise.kind);
                groups.entry(key).or_default().push(surprise);
            }
        }
        type Group<'a> = ((&'a QualifiedName, &'a String, Command, SurpriseKind), Vec<&'a Surprise>);
        let told = |((relation, role, command, kind), all): Group<'_>| {
            let first = all.first()?;
            let more = match all.len() - 1 {
                0 => String::new(),
                n => format!(" {n} more statements came out alike."),
            };
            let rule = first.rule.as_deref().map_or_else(String::new, |rule| format!(" The rule is `{rule}`."));
            let likely = if first.declared { "" } else { " (nobody declared that rule: it was read)" };
            Some(Unexpected {
                kind: "unexpected-access",
                title: format!("{command} on {relation} by {role} did not come out as expected{likely}"),
                text: format!("{}.{rule}{more}", first.text.trim_end_matches('.')),
                place: None,
                declared: first.declared,
                sql: first.reproduce.sql.clone(),
                fingerprint: short(&["unexpected-access", &format!("{relation}/{role}/{command}/{kind:?}")]),
                of: Some((relation.clone(), role.clone(), command)),
            })
        };
        groups.into_iter().filter_map(told).collect()
    }
}

fn short(parts: &[&str]) -> String {
    hash_texts(parts.iter().copied()).chars().take(16).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A report with a failed test and two alike surprises, with hostile names.
    pub(in crate::report) fn tried() -> Report {
        let trial = |persona: &str| {
            json!({
                "persona": persona, "role": "anon", "relation": { "schema": "public", "name": "<i>::|" },
                "action": "select", "statement": "select * from t", "outcome": { "result": "seen", "rows": 2, "at_least": false },
                "expected": "false",
                "surprise": { "kind": "beyond", "text": "anon saw 2 rows\n::error::x", "rule": "false", "declared": true,
                              "reproduce": { "sql": "select 1;", "curl": null, "supabase_js": null } },
            })
        };
        serde_json::from_value(json!({
            "version": 1, "tool": { "name": "pgwitness", "version": "0" },
            "source": { "kind": "shadow", "description": "d", "server_version": "17", "platform": "supabase",
                        "exposed_schemas": null, "files": [], "notes": [] },
            "summary": { "verdict": "v", "findings": {}, "confirmed": 0, "exit": 1 },
            "coverage": { "examined": {}, "checks": {}, "gaps": [] },
            "findings": [], "verdicts": [], "matrix": [], "probes": [],
            "trials": [trial("anon"), trial("anon 2")],
            "tests": [{ "name": "<b>own", "persona": "user 1", "statement": "select 1", "expected": "1 row",
                        "actual": "0 rows", "passed": false, "file": "policies/t.toml", "line": 7 },
                      { "name": "fine", "persona": "user 1", "statement": "select 1", "expected": "1 row",
                        "actual": "1 row", "passed": true, "file": "policies/t.toml", "line": 9 }],
        }))
        .unwrap()
    }

    #[test]
    fn alike_trials_are_one_remark_and_passed_tests_none() {
        let all = tried().unexpected();
        let kinds: Vec<_> = all.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, ["failed-test", "unexpected-access"]);
        assert_eq!(all[0].place, Some(("policies/t.toml".into(), 7)));
        assert!(all[1].text.contains("1 more statements came out alike"), "{}", all[1].text);
        assert!(all[0].fingerprint.len() == 16 && all[0].fingerprint != all[1].fingerprint);
    }

    /// Every format that tells of findings tells of what was tried, each in its own way.
    #[test]
    fn every_format_tells_of_them() {
        let report = tried();
        let texts = BTreeMap::new();
        let human = crate::report::human::Human { width: 100, verbose: false, texts: &texts }.report(&report);
        let all = [
            ("human", human),
            ("sarif", crate::report::sarif(&report, &texts).to_string()),
            ("github", crate::report::github(&report)),
            ("gitlab", crate::report::gitlab(&report).to_string()),
            ("junit", crate::report::junit(&report)),
            ("markdown", crate::report::comment(&report)),
            ("csv", crate::report::csv(&report)),
            ("html", crate::report::html(&report, &[])),
        ];
        for (format, text) in &all {
            for one in report.unexpected() {
                assert!(text.contains(&one.fingerprint), "{format} does not tell of {}:\n{text}", one.title);
            }
            assert!(!text.lines().any(|line| line == "::error::x"), "{format}");
        }
        let html = &all[7].1;
        assert!(!html.contains("<b>own") && html.contains("&lt;b&gt;own") && html.contains("Tried"), "{html}");
        let junit = roxmltree::Document::parse(&all[4].1).unwrap();
        let suites: Vec<_> = junit.root_element().children().filter(|n| n.is_element()).collect();
        let of = |name: &str| suites.iter().find(|s| s.attribute("name") == Some(name)).unwrap();
        assert_eq!((of("tests").attribute("tests"), of("tests").attribute("failures")), (Some("2"), Some("1")));
        assert_eq!((of("trials").attribute("tests"), of("trials").attribute("failures")), (Some("2"), Some("2")));
    }
}
