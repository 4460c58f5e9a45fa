use super::doors::{Door, DoorFinding, Weight};
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Privilege, QualifiedName, Relation, RelationKind};

declare_check! {
    /// A view reaches a table through another view, and somewhere on the way the reader becomes a role that row-level
    /// security does not bind.
    ///
    /// The reader changes hop by hop: a view with `security_invoker` over one without it reads the inner view's
    /// tables as the inner view's owner. `security_invoker` on the outer view alone protects nothing.
    ///
    /// The same exceptions hold as for `definer-view`.
    pub(super) struct DefinerViewChain {
        id: "definer-view-chain",
        title: "view over a view that shows rows which row-level security keeps from its readers",
        severity: High,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create schema internal;
            grant usage on schema internal to authenticated;
            create view internal.all_notes as select id, body from public.notes;
            create view public.recent_notes with (security_invoker = on) as select id, body from internal.all_notes;
            revoke all on public.notes, internal.all_notes, public.recent_notes from anon, authenticated, public;
            grant select on public.notes, internal.all_notes, public.recent_notes to authenticated;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create schema internal;
            grant usage on schema internal to authenticated;
            create view internal.all_notes with (security_invoker = on) as select id, body from public.notes;
            create view public.recent_notes with (security_invoker = on) as select id, body from internal.all_notes;
            revoke all on public.notes, internal.all_notes, public.recent_notes from anon, authenticated, public;
            grant select on public.notes, internal.all_notes, public.recent_notes to authenticated;
        ",
        min_major: 15,
    }
}

impl Check for DefinerViewChain {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for view in cx.relations().filter(|r| r.kind == RelationKind::View) {
            out.examine(ObjectRef::relation(&view.name));
            report(cx, view, out);
        }
    }
}

fn report(cx: &Context<'_>, view: &Relation, out: &mut Findings<'_>) {
    let doors = cx.doors(view, |principal, read| read.path.len() > 1 && cx.leaks(principal, read));
    let Some(first) = doors.first() else { return };
    let Some(weight) = cx.weigh_rows(view, first, Severity::High) else { return };
    let Weight { severity, confidence, witness } = weight;
    let way: Vec<_> = first.reads.first().map(|r| r.path.iter().map(ToString::to_string).collect()).unwrap_or_default();
    let reader = first.reads.first().map_or("", |r| r.reader);
    let mut message = format!(
        "{} can read rows of {} that row-level security keeps from them: on the way {} the reader becomes {}, whom it \
         does not bind.",
        subject(first.principal),
        first.behind(),
        way.join(" -> "),
        crate::model::printable(reader)
    );
    if confidence == Confidence::Possible {
        message = cx.doubtful(view, first);
    }
    let fix = fix(cx, view, &doors);
    let title = format!("{} shows {} rows that row-level security keeps back", view.name, first.principal.role);
    let draft = cx.door_draft(view, first, &doors, DoorFinding { severity, confidence, title, message, fix });
    out.report(match witness {
        Some(witness) => draft.evidence("witness", cx.show(&witness, "and")),
        None => draft,
    });
}

/// Makes every view on the way read as its caller; where that cannot be, closes the door.
fn fix(cx: &Context<'_>, view: &Relation, doors: &[Door<'_>]) -> String {
    let mut hops: Vec<&QualifiedName> = doors.iter().flat_map(|d| &d.reads).flat_map(|r| r.path.clone()).collect();
    hops.sort();
    hops.dedup();
    let hops: Vec<_> = hops.into_iter().filter_map(|name| cx.schema.relation(name)).collect();
    if cx.schema.server.major() < 15 || hops.iter().any(|r| r.kind != RelationKind::View) {
        let principals: Vec<_> = doors.iter().map(|d| d.principal).collect();
        return cx.revoke_relation(&[Privilege::Select], view, &principals);
    }
    let definers = hops.iter().filter(|r| r.view.as_ref().is_some_and(|v| !v.security_invoker));
    let each: Vec<_> = definers.map(|r| format!("alter view {} set (security_invoker = on);", r.name)).collect();
    each.join("\n")
}
