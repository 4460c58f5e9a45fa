use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation};

declare_check! {
    /// A table that clients can reach has no row-level security, so every grant on it is a grant on all of its rows.
    ///
    /// This is how most applications leak (CVE-2025-48757: 170 projects at once). On Supabase the Data API serves
    /// every table of an exposed schema that `anon` or `authenticated` have a privilege on, and the public key that
    /// it asks for is in every browser.
    ///
    /// Not reported: tables whose schema the clients cannot use, tables nobody but the owner or the back end has a
    /// privilege on, tables of extensions and of the platform; and, where no table of a database uses row security
    /// at all and clients log in with roles of their own, ordinary grants to them. Tables outside the exposed
    /// schemas are reported low. Tables that have dormant policies are `rls-off-with-policies`, partitions are
    /// `partition-child-direct`, and copies of tables under row-level security are `shadow-copy`.
    pub(super) struct RlsOffExposed {
        id: "rls-off-exposed",
        title: "table reachable by clients without row-level security",
        severity: Critical,
        bad: "
            create table public.notes (id bigint primary key, owner_id uuid, body text);
            grant select, insert on public.notes to anon, authenticated;
        ",
        good: "
            create table public.notes (id bigint primary key, owner_id uuid, body text);
            alter table public.notes enable row level security;
            grant select, insert on public.notes to anon, authenticated;
            create policy own on public.notes to authenticated
                using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
            create table public.internal (id bigint primary key);
            revoke all on public.internal from anon, authenticated, public;
        ",
    }
}

impl Check for RlsOffExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for table in cx.relations().filter(|r| r.kind.carries_row_security() && !r.is_partition) {
            out.examine(ObjectRef::relation(&table.name));
            let draft = if cx.copied_from(table).is_none() { open(cx, table, None) } else { None };
            draft.into_iter().for_each(|draft| out.report(draft));
        }
    }
}

/// What is told of a table that neither row-level security nor a policy speaks of, and that clients reach; `original` is the
/// table under row-level security that it is a copy of.
pub(super) fn open(cx: &Context<'_>, table: &Relation, original: Option<&Relation>) -> Option<Draft> {
    if table.row_security || !table.policies.is_empty() {
        return None;
    }
    let table = cx.schema.relation(&table.name)?;
    let reach = cx.reach(table);
    let first = reach.iter().find(|r| r.exposed).or(reach.first())?;
    let who = subject(first.principal);
    let verbs = first.verbs();
    let mut message = format!("{who} can {verbs} every row of {}: row-level security is off", table.name);
    if let Some(original) = original {
        message.push_str(&format!(", and its columns are those of {}, whose policies it lacks", original.name));
    }
    message.push_str(if first.exposed { "." } else { ", though its schema is not exposed by the Data API." });
    let shown = first.accesses.first().map_or(Command::Select, |a| a.command);
    let severity = cx.severity(Severity::Critical, first.principal, first.exposed);
    let title = match original {
        None => format!("{} is open to {}: no row-level security", table.name, first.principal.role),
        Some(original) => format!("{} is open to {}: a copy of {}", table.name, first.principal.role, original.name),
    };
    let mut draft = Draft::new(ObjectRef::relation(&table.name), severity, title, message)
        .principal(&first.principal.role)
        .reproduce(cx.reproduce(first.principal, table, shown))
        .fix(format!(
            "alter table {} enable row level security;\n-- then say who may reach which rows, with create policy",
            table.name
        ))
        .origin(table.origin);
    for r in &reach {
        draft = draft.evidence("privilege", r.privileges());
        if r.access(Command::Select).is_some() {
            draft = draft.confirm(&r.principal.role, &table.name);
        }
    }
    Some(draft)
}
