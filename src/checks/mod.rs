//! The checks. Every other file here is one check: its documentation, a bad and a good example, and the code.
//!
//! `explain`, the list, SARIF help and the tests all derive from that one file. A check is added by its file and a
//! line in [`CHECKS`]; a test fails if the line is forgotten.

mod context;
mod declare;
mod reproduce;
mod rls_off_exposed;
mod words;

pub use context::{Context, Reach};
pub(crate) use declare::declare_check;

use crate::finding::{Findings, Severity};

/// A check of the model.
pub trait Check: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Looks at the model, notes what it examined and reports what is wrong.
    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>);
}

/// What a check is, for people.
#[derive(Debug)]
pub struct Meta {
    /// Its id: kebab-case, naming the defect.
    pub id: &'static str,
    /// One line, without a full stop.
    pub title: &'static str,
    /// The worst severity it reports.
    pub severity: Severity,
    /// What it finds, why it matters, what is not reported; Markdown.
    pub doc: &'static str,
    /// SQL, run as `postgres` on the Supabase platform, on which it fires.
    pub bad: &'static str,
    /// The same done right, on which it is silent.
    pub good: &'static str,
}

/// Every check, by id.
pub const CHECKS: &[&dyn Check] = &[&rls_off_exposed::RlsOffExposed];

/// The check of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().copied().find(|c| c.meta().id == id)
}

/// Runs all checks.
pub fn run_all(cx: &Context<'_>, out: &mut Findings<'_>) {
    for check in CHECKS {
        out.enter(check.meta().id);
        check.run(cx, out);
    }
}
