//! Whom a policy's condition decides for: the client that it binds first, with the command that it needs.

use super::Context;
use super::trees::Condition;
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Draft, ObjectRef, Severity};
use crate::model::{Command, Policy, PolicyCommand, Relation, printable, quote_ident};

/// A client that a policy decides for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached<'p> {
    /// The client.
    pub(super) principal: &'p Principal,
    /// What the policy lets it do.
    pub(super) command: Command,
    /// Whether it can name the table.
    pub(super) exposed: bool,
}

impl<'a> Context<'a> {
    /// The client for whom a condition decides, if it has any: the least trusted one that can name the table.
    pub(super) fn reached(&self, condition: &Condition<'a, '_>) -> Option<Reached<'_>> {
        self.reached_where(condition, |_| true)
    }

    /// As [`Self::reached`] among the clients who sign in.
    pub(super) fn reached_signed_in(&self, condition: &Condition<'a, '_>) -> Option<Reached<'_>> {
        self.reached_where(condition, |p| p.who != Who::Anyone)
    }

    fn reached_where(&self, condition: &Condition<'a, '_>, is: impl Fn(&Principal) -> bool) -> Option<Reached<'_>> {
        let Condition { table, policy, on_new, .. } = *condition;
        let found = self.clients().filter(|p| is(p)).filter_map(|principal| {
            let command = self.decided(principal, table, policy, on_new)?;
            Some(Reached { principal, command, exposed: self.exposes(principal, &table.name.schema) })
        });
        found.min_by_key(|r| (!r.exposed, r.principal.who, r.command != Command::Select))
    }

    /// The first command of `principal` that a clause of the policy decides on.
    fn decided(&self, principal: &Principal, table: &'a Relation, policy: &Policy, on_new: bool) -> Option<Command> {
        if !self.effective.binds(&principal.role, policy) {
            return None;
        }
        Command::ALL.into_iter().filter(|c| policy.command.covers(*c) && decides(policy, on_new, *c)).find(|c| {
            let access = self.effective.access(&principal.role, table, *c);
            access.is_some() && access.row_security.applies()
        })
    }

    /// How bad a hole in a policy is that gives `reached` rows.
    pub(super) fn hole(&self, worst: Severity, reached: &Reached<'_>) -> Severity {
        self.severity(worst, reached.principal, reached.exposed)
    }

    /// A finding on the policy of a condition, with the principal, how to see it and the condition as evidence.
    pub(super) fn policy_draft(
        &self,
        condition: &Condition<'a, '_>,
        reached: &Reached<'_>,
        severity: Severity,
        (title, message): (String, String),
    ) -> Draft {
        let Condition { table, policy, .. } = *condition;
        let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), severity, title, message)
            .principal(&reached.principal.role)
            .reproduce(self.reproduce(reached.principal, table, reached.command))
            .evidence(
                "policy",
                format!(
                    "FOR {} TO {}: {}",
                    policy.command,
                    super::policy_tautology::roles(policy),
                    printable(condition.text)
                ),
            )
            .origin(policy.origin);
        match self.effective.access(&reached.principal.role, table, reached.command).holder() {
            Some(holder) => draft
                .evidence("privilege", format!("{}: {} {holder}", printable(&reached.principal.role), reached.command)),
            None => draft,
        }
    }
}

/// Whether a clause decides on a row of a command: USING on old rows, WITH CHECK, or USING in its place, on new ones.
fn decides(policy: &Policy, on_new: bool, command: Command) -> bool {
    match command {
        Command::Select | Command::Delete => !on_new,
        Command::Update => true,
        Command::Insert => on_new || (policy.check.is_none() && policy.command == PolicyCommand::All),
    }
}

impl Condition<'_, '_> {
    /// The statement that gives the policy another condition in place of this one.
    pub(super) fn replaced_by(&self, text: &str) -> String {
        let clause = if self.on_new { "with check" } else { "using" };
        format!("alter policy {} on {} {clause} ({text});", quote_ident(&self.policy.name), self.table.name)
    }

    /// The condition with other text in the place of some of its bytes.
    pub(super) fn with(&self, range: std::ops::Range<usize>, text: &str) -> String {
        let (before, after) = (self.text.get(..range.start), self.text.get(range.end..));
        format!("{}{text}{}", before.unwrap_or_default(), after.unwrap_or_default())
    }
}
