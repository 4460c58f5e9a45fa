//! Privileges that row-level security does not filter, held by roles that are no clients of the Data API.

use super::Context;
use super::words::{first_of, subject};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Privilege, Relation, printable};
use crate::report::DoorKind;

/// A privilege on a table and what it comes to.
pub(super) struct Unfiltered {
    pub(super) privilege: Privilege,
    pub(super) severity: Severity,
    /// To be read behind a colon.
    pub(super) outcome: &'static str,
}

impl Unfiltered {
    /// Reports each role that holds it on tables that it does not own.
    pub(super) fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables: Vec<_> = cx.relations().filter(|r| r.kind.carries_row_security()).collect();
        tables.iter().for_each(|table| out.examine(ObjectRef::relation(&table.name)));
        let counts = |p: &&Principal| matches!(p.who, Who::Login | Who::Group) && p.role != "authenticator";
        for principal in cx.effective.principals().iter().filter(counts) {
            let holds = |table: &&Relation| {
                cx.effective.inherits(&principal.role, &table.owner).is_none()
                    && cx.effective.holds_on_relation(&principal.role, table, self.privilege).is_some()
            };
            let held: Vec<_> = tables.iter().copied().filter(holds).collect();
            if !held.is_empty() && !cx.effective.is_superuser(&principal.role) {
                self.report(cx, principal, &held, out);
            }
        }
    }

    fn report(&self, cx: &Context<'_>, principal: &Principal, held: &[&Relation], out: &mut Findings<'_>) {
        let (role, privilege) = (&principal.role, self.privilege);
        let names: Vec<_> = held.iter().map(|r| r.name.to_string()).collect();
        let message = format!("{} has {privilege} on {}: {}.", subject(principal), first_of(&names, 4), self.outcome);
        let title = format!("{role} holds {privilege} on {}", first_of(&names, 2));
        let fix: Vec<_> = held.iter().map(|r| cx.revoke_relation(&[privilege], r, &[principal])).collect();
        let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, role), self.severity, title, message)
            .confidence(Confidence::Proved)
            .principal(role)
            .detail(privilege.to_string().to_lowercase())
            .fix(fix.join("\n"));
        for table in held {
            if privilege == Privilege::References {
                draft = draft.door(DoorKind::Reference, role, table.name.to_string());
            }
            if let Some(holding) = cx.effective.holds_on_relation(role, table, privilege) {
                let text = format!("{}: {privilege} on {} {holding}", printable(role), table.name);
                draft = draft.evidence("privilege", text);
            }
        }
        out.report(draft);
    }
}
