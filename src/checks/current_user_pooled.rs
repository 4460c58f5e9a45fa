use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Policy, Relation, printable};
use crate::sql::lex::Kind;
use crate::sql::parse;

declare_check! {
    /// A policy tells users apart by `current_user`, and they all come as the same database role.
    ///
    /// The Data API and most connection pools log every user in as one role. `owner = current_user` then is true of
    /// everybody's rows alike, or of nobody's: a row that one user adds under that name is every other user's row too.
    ///
    /// Reported where a column is held against `current_user`, `session_user` or `user` in a policy that binds roles
    /// of the Data API. Not reported: tests of the role against a constant (`current_user = 'authenticated'`), which
    /// tell roles and not users apart, and databases without a Data API.
    pub(super) struct CurrentUserPooled {
        id: "current-user-pooled",
        title: "policy that tells users apart by a role that they share",
        severity: High,
        bad: "
            create table public.logbook (id bigint primary key, author text not null default current_user, entry text);
            alter table public.logbook enable row level security;
            create policy own on public.logbook to authenticated using (author = current_user);
            grant select, insert on public.logbook to authenticated;
        ",
        good: "
            create table public.logbook (id bigint primary key, author uuid not null default auth.uid(), entry text);
            alter table public.logbook enable row level security;
            create policy own on public.logbook to authenticated using (author = (select auth.uid()));
            create policy staff on public.logbook for select to service_role using (current_user = 'service_role');
            grant select, insert on public.logbook to authenticated;
        ",
    }
}

impl Check for CurrentUserPooled {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (table, policy) in cx.policies(out) {
            report(cx, table, policy, out);
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let binds = |p: &&Principal| p.is_api() && cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(binds) else { return };
    let texts = || policy.using.iter().chain(&policy.check);
    let Some(column) = texts().find_map(|text| compared(table, text)) else { return };
    let (name, role) = (printable(&policy.name), printable(&principal.role));
    let message = format!(
        "The policy {name} on {} tells users apart by holding {} against the database role, which is {role} for all of \
         them: what is one user's is everybody's.",
        table.name,
        printable(column)
    );
    let title = format!("policy {name} tells users apart by the role {role} that they share");
    let severity = cx.severity(Severity::High, principal, cx.exposes(principal, &table.name.schema));
    let fix = format!(
        "-- hold a column with the user's id against the user's claim\n-- alter policy {} on {} using (user_id = (select auth.uid()));",
        crate::model::quote_ident(&policy.name),
        table.name
    );
    out.report(
        Draft::new(ObjectRef::policy(&table.name, &policy.name), severity, title, message)
            .confidence(Confidence::Likely)
            .principal(&principal.role)
            .fix(fix)
            .origin(policy.origin),
    );
}

/// The column that stands beside the session's role, casts and parentheses left out.
fn compared<'r>(table: &'r Relation, text: &str) -> Option<&'r str> {
    let tokens = parse::tokens(text).ok()?;
    let words: Vec<&str> = tokens
        .iter()
        .filter(|t| matches!(t.kind, Kind::Word) || text.get(t.range()) == Some("="))
        .filter_map(|t| text.get(t.range()))
        .collect();
    let is_role =
        |w: &str| ["current_user", "session_user", "user", "current_role"].iter().any(|r| w.eq_ignore_ascii_case(r));
    let column = |w: &str| table.columns.iter().find(|c| c.name == w).map(|c| c.name.as_str());
    let beside = words.iter().enumerate().filter(|(_, w)| **w == "=");
    for (at, _) in beside {
        let around = |from: usize, to: usize| words.get(from..to.min(words.len())).unwrap_or_default();
        let (before, after) = (around(at.saturating_sub(2), at), around(at + 1, at + 3));
        let found =
            |a: &[&str], b: &[&str]| a.iter().any(|w| is_role(w)).then(|| b.iter().find_map(|w| column(w))).flatten();
        if let Some(column) = found(before, after).or_else(|| found(after, before)) {
            return Some(column);
        }
    }
    None
}
