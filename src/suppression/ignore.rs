//! One ignore: which findings it accepts, why, and until when.

use std::ops::Range;

use super::Day;
use crate::finding::{Finding, Location, Severity};
use crate::model::glob::matches;
use crate::report::SuppressedBy;

/// Something that accepts findings of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// Whether it stands in the SQL or in the configuration.
    pub by: SuppressedBy,
    /// The check.
    pub check: String,
    /// Where its findings must be.
    pub scope: Scope,
    /// The one finding that it is about, if it names it.
    pub fingerprint: Option<String>,
    /// The worst severity that it accepts, if it says so.
    pub most: Option<Severity>,
    /// Why.
    pub reason: Option<String>,
    /// The last day on which it holds.
    pub expires: Option<Day>,
    /// Where it is written.
    pub place: Location,
    /// Why it cannot accept anything, where it is not written right.
    pub mistake: Option<String>,
}

/// Where the findings of an ignore must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// At a statement of a file; `None` where no statement follows the comment.
    Statement(Option<Range<u32>>),
    /// On objects of which the name matches.
    Object(String),
}

impl Ignore {
    /// Whether a finding is what it is about, however grave.
    #[must_use]
    pub fn is_about(&self, finding: &Finding) -> bool {
        self.mistake.is_none()
            && self.check == finding.check
            && self.fingerprint.as_ref().is_none_or(|own| *own == finding.fingerprint)
            && match &self.scope {
                Scope::Object(glob) => names(finding).iter().any(|name| matches(glob, name)),
                Scope::Statement(range) => self.is_at(finding, range.as_ref()),
            }
    }

    /// Whether it accepts a finding that it is about.
    #[must_use]
    pub fn accepts(&self, finding: &Finding) -> bool {
        self.most.is_none_or(|most| finding.severity <= most)
    }

    /// Only the first place counts: the others are where rights come from.
    fn is_at(&self, finding: &Finding, range: Option<&Range<u32>>) -> bool {
        let (Some(range), Some(at)) = (range, finding.locations.first()) else { return false };
        at.file == self.place.file && at.span.start < range.end && range.start < at.span.end.max(at.span.start + 1)
    }

    /// `pgwitness.toml:12`
    #[must_use]
    pub fn place_in_words(&self) -> String {
        format!("{}:{}", self.place.file, self.place.span.line)
    }
}

/// What the object of a finding is called: `public.notes`, also with its policy or column, and as reports write it.
fn names(finding: &Finding) -> Vec<String> {
    let object = &finding.object;
    let whole = match &object.schema {
        Some(schema) => format!("{schema}.{}", object.name),
        None => object.name.clone(),
    };
    let part = object.part.as_ref().map(|part| format!("{whole}.{part}"));
    let mut all = vec![object.to_string(), whole];
    all.extend(part);
    all
}
