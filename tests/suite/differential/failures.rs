//! The cases of a run that fail, each with its own message: a run goes on after the first, so that its end tells how many
//! there are and how they differ.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many are told in full.
const TOLD: usize = 12;

#[derive(Default)]
pub(super) struct Failures(Vec<String>);

impl Failures {
    /// Runs one case.
    pub(super) fn case(&mut self, case: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(case)) {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
            self.0.push(text.unwrap_or_default());
        }
    }

    /// Fails if a case did.
    pub(super) fn finish(self) {
        let told: Vec<_> = self.0.iter().take(TOLD).map(String::as_str).collect();
        assert!(told.is_empty(), "{} cases fail; {} of them:\n\n{}", self.0.len(), told.len(), told.join("\n\n"));
    }
}
