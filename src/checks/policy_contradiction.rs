use super::policy_tautology::roles;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::analyzer::truth::Truth;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A permissive policy's condition is true for no row and no session, so the policy lets nothing through.
    ///
    /// Two demands that exclude each other (`status = 'draft' and status = 'published'`), a comparison with NULL, a
    /// label that the column's enum does not have: the policy reads as if it gave access, and gives none. Where it was
    /// meant to, users are locked out; where a second, wider policy was added because "it did not work", that one is the
    /// leak to look for.
    ///
    /// Proved for all rows and sessions, by SQL's three-valued logic. Not reported: a plain `false`, which says on
    /// purpose that nobody may, restrictive policies, and policies for roles that no client acts as.
    pub(super) struct PolicyContradiction {
        id: "policy-contradiction",
        title: "policy that is true for no row",
        severity: Medium,
        bad: "
            create table public.articles (id bigint primary key, author uuid not null, status text not null);
            alter table public.articles enable row level security;
            grant select on public.articles to authenticated;
            create policy \"read articles\" on public.articles for select to authenticated
                using (status = 'published' and author = (select auth.uid()) and status = 'archived');
        ",
        good: "
            create table public.articles (id bigint primary key, author uuid not null, status text not null);
            alter table public.articles enable row level security;
            grant select on public.articles to authenticated;
            create policy \"read articles\" on public.articles for select to authenticated
                using (author = (select auth.uid()) and (status = 'published' or status = 'archived'));
            create policy \"nobody else\" on public.articles for select to authenticated using (false);
        ",
    }
}

impl Check for PolicyContradiction {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| p.permissive) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                report(cx, table, policy, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let covered = Command::ALL.into_iter().filter(|c| policy.command.covers(*c));
    let dead: Vec<_> = covered.filter(|c| cx.effective.command_truth(policy, *c) == Truth::Never).collect();
    if dead.is_empty() || is_on_purpose(policy) {
        return;
    }
    let Some(principal) = bound(cx, table, policy) else { return };
    let verbs: Vec<_> = dead.iter().map(|c| verb(*c)).collect();
    let condition = policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("false");
    let title = format!("policy {:?} of {} lets nothing through", policy.name, table.name);
    let message = format!(
        "{} cannot {} any row of {} by policy {:?}: its condition, {}, is true for no row.",
        subject(principal),
        and_list(&verbs),
        table.name,
        policy.name,
        printable(condition)
    );
    let shown = dead.first().copied().unwrap_or(Command::Select);
    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Medium, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .reproduce(cx.reproduce(principal, table, shown))
        .fix(format!(
            "drop policy {} on {};\n-- then say which rows were meant, with create policy",
            quote_ident(&policy.name),
            table.name
        ))
        .evidence("policy", format!("FOR {} TO {}: {}", policy.command, roles(policy), printable(condition)))
        .origin(policy.origin);
    out.report(draft);
}

/// Whether somebody wrote just `false`, or nothing.
fn is_on_purpose(policy: &Policy) -> bool {
    let plain = |e: &String| e.trim_matches(['(', ')']) == "false";
    let given: Vec<_> = policy.using.iter().chain(&policy.check).collect();
    given.is_empty() || given.into_iter().any(plain)
}

/// The least trusted of the clients that the policy binds.
fn bound<'p>(cx: &'p Context<'_>, table: &Relation, policy: &Policy) -> Option<&'p Principal> {
    cx.clients().find(|p| cx.effective.binds(&p.role, policy) && cx.exposes(p, &table.name.schema))
}
