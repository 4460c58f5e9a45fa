//! Findings that are not reported as open, and why: accepted risks, a baseline, a threshold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::finding::Finding;

/// A finding that was taken out of the open ones. It is still there: accepted risk is no pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// What took it out.
    pub by: SuppressedBy,
    /// Why, in the words of whoever accepted it.
    pub reason: Option<String>,
    /// The last day on which that holds, such as `2027-01-31`.
    pub expires: Option<String>,
    /// Where it is said, such as `pgwitness.toml:12`.
    pub place: Option<String>,
}

/// What takes findings out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedBy {
    /// A comment beside the statement.
    Inline,
    /// `[[ignore]]` of the configuration.
    Config,
    /// The baseline file: it was there before.
    Baseline,
    /// `--min-severity` or `--confidence`: nobody accepted it.
    Threshold,
}

impl SuppressedBy {
    /// What reports call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Inline => "ignored in the SQL",
            Self::Config => "ignored by the configuration",
            Self::Baseline => "in the baseline",
            Self::Threshold => "below the threshold",
        }
    }

    /// Whether somebody accepted it.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        self != Self::Threshold
    }
}

impl Report {
    /// The open findings, then those that are not reported as such.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.suppressed.iter().map(|one| &one.finding))
    }

    /// The findings that nobody accepted: the open ones, and those that only a threshold hides.
    pub fn unaccepted(&self) -> impl Iterator<Item = &Finding> {
        let hidden = self.suppressed.iter().filter(|one| !one.by.is_accepted()).map(|one| &one.finding);
        self.findings.iter().chain(hidden)
    }

    /// `2 ignored in the SQL, 3 in the baseline`: never without a word, where there is one.
    #[must_use]
    pub fn suppressed_in_words(&self) -> Option<String> {
        let all = [SuppressedBy::Inline, SuppressedBy::Config, SuppressedBy::Baseline, SuppressedBy::Threshold];
        let count = |by: SuppressedBy| self.suppressed.iter().filter(|one| one.by == by).count();
        let parts: Vec<_> =
            all.into_iter().filter(|by| count(*by) > 0).map(|by| format!("{} {}", count(by), by.words())).collect();
        let skipped = self.coverage.skipped.len();
        let skipped = (skipped > 0)
            .then(|| format!("{} not run (--only, --skip)", super::human::text::counted(skipped as u64, "check")));
        let parts: Vec<_> = parts.into_iter().chain(skipped).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

impl Suppressed {
    /// What took it out, where and why: `ignored in the SQL (a.sql:3): the same for everybody, until 2027-01-31`.
    #[must_use]
    pub fn why(&self) -> String {
        let place = self.place.as_deref().map_or_else(String::new, |place| format!(" ({place})"));
        let until = self.expires.as_deref().map_or_else(String::new, |day| format!(", until {day}"));
        let reason = match (&self.reason, self.by) {
            (Some(reason), _) => format!(": {reason}"),
            (None, SuppressedBy::Inline | SuppressedBy::Config) => ": no reason given".to_owned(),
            (None, _) => String::new(),
        };
        format!("{}{place}{reason}{until}", self.by.words())
    }
}

/// `3 findings: 1 critical, 2 low; 1 confirmed on the server; 2 in the baseline`
#[must_use]
pub fn counts(report: &Report) -> String {
    let count = |(word, n): (&'static str, Option<&u64>)| n.filter(|n| **n > 0).map(|n| format!("{n} {word}"));
    let words = ["critical", "high", "medium", "low", "info"];
    let each: Vec<_> = words.into_iter().filter_map(|w| count((w, report.summary.findings.get(w)))).collect();
    let mut text = if each.is_empty() {
        "no findings".to_owned()
    } else {
        let total = super::human::text::counted(report.findings.len() as u64, "finding");
        format!("{total}: {}", each.join(", "))
    };
    if report.summary.confirmed > 0 {
        text.push_str(&format!("; {} confirmed on the server", report.summary.confirmed));
    }
    if let Some(words) = report.suppressed_in_words() {
        text.push_str(&format!("; {words}"));
    }
    text
}
