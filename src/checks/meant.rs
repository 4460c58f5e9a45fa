//! Policies that give more than was meant: a row between the condition as it stands and as it was meant.

use super::Context;
use super::compared::Compared;
use super::reached::Reached;
use super::shown::Shown;
use super::trees::Condition;
use crate::analyzer::decide::{By, Which};
use crate::finding::Draft;

impl<'a> Context<'a> {
    /// Adds to a finding a session and a row that the policy gives it and that the condition as `meant` does not, if there
    /// are any.
    pub(super) fn beyond_meant(
        &'a self,
        draft: Draft,
        (condition, reached): (&Condition<'a, '_>, &Reached<'a>),
        meant: &str,
    ) -> Draft {
        let (principal, table, command) = (reached.principal, condition.table, reached.command);
        let which = condition.which(command);
        let mut compared = Compared::new(self, principal, table);
        let row = if which == Which::New { compared.asked.new_row() } else { compared.asked.row() };
        let given = if condition.policy.permissive {
            compared.alone(condition.policy, command, which, row)
        } else {
            compared.asked.access(command, which, row)
        };
        let fails = compared.asked.condition(meant, row);
        let Some(witness) = compared.asked.find(&[given], &[fails], By::Anyone) else { return draft };
        let shown = Shown { principal, table, command, which, rule: meant, blind: false };
        let draft = draft.evidence("witness", self.show(&witness, "written"));
        self.witnessed(draft, &shown, &witness, self.reproduce(principal, table, command))
    }
}
