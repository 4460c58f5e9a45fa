use super::doors::DoorFinding;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, ObjectRef, Severity};
use crate::model::{Privilege, Relation, RelationKind};

declare_check! {
    /// Clients may select from a materialized view whose query reads tables under row-level security.
    ///
    /// A materialized view holds the rows that its owner saw at the last refresh and cannot carry policies: whoever
    /// may select from it sees all of them.
    ///
    /// Not reported: materialized views over tables without row security or that the client can read in full, those
    /// that only roles of the back office may read, and those over the platform's `auth` schema (`auth-users-view`).
    /// A single aggregated row is reported medium.
    pub(super) struct MatviewExposed {
        id: "matview-exposed",
        title: "materialized view with rows that row-level security keeps from its readers",
        severity: High,
        bad: "
            create table public.orders (id bigint primary key, user_id uuid not null, total numeric);
            alter table public.orders enable row level security;
            create policy own on public.orders to authenticated using (user_id = (select auth.uid()));
            create materialized view public.totals as select user_id, sum(total) from public.orders group by user_id;
            revoke all on public.orders, public.totals from anon, authenticated, public;
            grant select on public.orders, public.totals to authenticated;
        ",
        good: "
            create table public.orders (id bigint primary key, user_id uuid not null, total numeric);
            alter table public.orders enable row level security;
            create policy own on public.orders to authenticated using (user_id = (select auth.uid()));
            create materialized view public.totals as select user_id, sum(total) from public.orders group by user_id;
            revoke all on public.orders, public.totals from anon, authenticated, public;
            grant select on public.orders to authenticated;
            grant select on public.totals to service_role;
        ",
    }
}

impl Check for MatviewExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for view in cx.relations().filter(|r| r.kind == RelationKind::MaterializedView) {
            out.examine(ObjectRef::relation(&view.name));
            report(cx, view, out);
        }
    }
}

fn report(cx: &Context<'_>, view: &Relation, out: &mut Findings<'_>) {
    let doors = cx.doors(view, |principal, read| cx.leaks(principal, read));
    let Some(first) = doors.first() else { return };
    let (severity, confidence) = cx.weigh(view, first, Severity::High);
    let message = format!(
        "{} can read every row of the materialized view {}, filled from {} as its owner {} sees it; row-level security \
         keeps such rows from them.",
        subject(first.principal),
        view.name,
        first.behind(),
        crate::model::printable(&view.owner)
    );
    let principals: Vec<_> = doors.iter().map(|d| d.principal).collect();
    let fix = cx.revoke_relation(&[Privilege::Select], view, &principals);
    let title = format!("{} shows {} rows that row-level security keeps back", view.name, first.principal.role);
    out.report(cx.door_draft(view, first, &doors, DoorFinding { severity, confidence, title, message, fix }));
}
