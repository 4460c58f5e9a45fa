use super::doors::{DoorFinding, Weight};
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Privilege, Relation, RelationKind};

declare_check! {
    /// A view reads tables with the rights of its owner, whom row-level security does not bind, and clients may select
    /// from it: they see the rows that the tables' policies keep from them.
    ///
    /// Views are like this unless they are created with `security_invoker` (PostgreSQL 15). Whether rows leak depends
    /// on the owner: a superuser, a role with BYPASSRLS (`postgres` on Supabase) and the owner of the table are
    /// exempt. A view over tables of the platform's `auth` schema is `auth-users-view`; one that reaches the table
    /// through another view is `definer-view-chain`.
    ///
    /// A view whose query asks who the session is (`auth.uid()` and the like) may well filter right: low. Not
    /// reported: views over tables without row security, views that no client may select from, and tables that the
    /// client can read in full anyway.
    pub(super) struct DefinerView {
        id: "definer-view",
        title: "view that shows rows which row-level security keeps from its readers",
        severity: High,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create view public.recent_notes as select id, body from public.notes order by id desc;
            revoke all on public.notes, public.recent_notes from anon, authenticated, public;
            grant select on public.notes, public.recent_notes to authenticated;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create view public.recent_notes with (security_invoker = on) as
                select id, body from public.notes order by id desc;
            revoke all on public.notes, public.recent_notes from anon, authenticated, public;
            grant select on public.notes, public.recent_notes to authenticated;
        ",
        min_major: 15,
    }
}

impl Check for DefinerView {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for view in cx.relations().filter(|r| r.kind == RelationKind::View) {
            out.examine(ObjectRef::relation(&view.name));
            if view.view.as_ref().is_some_and(|v| !v.security_invoker) {
                report(cx, view, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, view: &Relation, out: &mut Findings<'_>) {
    let doors = cx.doors(view, |principal, read| read.path.len() == 1 && cx.leaks(principal, read));
    let Some(first) = doors.first() else { return };
    let Some(weight) = cx.weigh_rows(view, first, Severity::High) else { return };
    let Weight { severity, confidence, witness } = weight;
    let mut message = format!(
        "{} can read rows of {} that row-level security keeps from them: the view {} reads as its owner {}, whom it \
         does not bind.{}",
        subject(first.principal),
        first.behind(),
        view.name,
        crate::model::printable(&view.owner),
        first.writes()
    );
    if confidence == Confidence::Possible {
        message = cx.doubtful(view, first);
    }
    let principals: Vec<_> = doors.iter().map(|d| d.principal).collect();
    let fix = if cx.schema.server.major() >= 15 {
        format!("alter view {} set (security_invoker = on);", view.name)
    } else {
        cx.revoke_relation(&[Privilege::Select], view, &principals)
    };
    let title = format!("{} shows {} rows that row-level security keeps back", view.name, first.principal.role);
    let draft = cx.door_draft(view, first, &doors, DoorFinding { severity, confidence, title, message, fix });
    out.report(match witness {
        Some(witness) => draft.evidence("witness", cx.show(&witness, "and")),
        None => draft,
    });
}
