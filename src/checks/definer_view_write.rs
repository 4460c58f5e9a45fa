use super::compared::Compared;
use super::intent::Intent;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Column, Command, Relation, RelationKind, TriggerTiming, printable, quote_ident};

declare_check! {
    /// Rows of any owner can be added through a view that only shows the caller their own.
    ///
    /// A view of one table takes INSERT and UPDATE, and passes them on with the rights of its owner, whom row-level security
    /// does not bind. Its own WHERE filters what is read; what is written it checks only WITH CHECK OPTION. On Supabase
    /// clients hold INSERT on every new view.
    ///
    /// Reported are views that show nothing beyond what the caller may have (others are `definer-view`), that hold the
    /// column which says whose a row is, and through which a row with any value in it can be added, while the policies of
    /// the table itself refuse that. Not reported: views with INSTEAD OF triggers or rules, which do as they are written.
    pub(super) struct DefinerViewWrite {
        id: "definer-view-write",
        title: "view through which rows of any owner can be added",
        severity: High,
        bad: "
            create table public.logs (id bigint primary key, user_id uuid not null, body text);
            alter table public.logs enable row level security;
            grant select on public.logs to authenticated;
            create policy own on public.logs for select to authenticated using (user_id = (select auth.uid()));
            create view public.my_logs as select id, user_id, body from public.logs where user_id = (select auth.uid());
            revoke all on public.my_logs from anon;
            grant select, insert on public.my_logs to authenticated;
        ",
        good: "
            create table public.logs (id bigint primary key, user_id uuid not null, body text);
            alter table public.logs enable row level security;
            grant select on public.logs to authenticated;
            create policy own on public.logs for select to authenticated using (user_id = (select auth.uid()));
            create view public.my_logs as select id, user_id, body from public.logs where user_id = (select auth.uid())
                with check option;
            revoke all on public.my_logs from anon;
            grant select, insert on public.my_logs to authenticated;
        ",
    }
}

impl Check for DefinerViewWrite {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for view in cx.relations().filter(|r| r.kind == RelationKind::View) {
            out.examine(ObjectRef::relation(&view.name));
            let plain = view.view.as_ref().is_some_and(|v| !v.security_invoker && v.check_option.is_none());
            let rewritten =
                view.triggers.iter().any(|t| t.timing == TriggerTiming::InsteadOf) || !view.rules.is_empty();
            if plain && !rewritten {
                report(cx, view, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, view: &Relation, out: &mut Findings<'_>) {
    let found = cx.clients().find_map(|p| Some((p, adds(cx, view, p)?)));
    let Some((principal, (base, column))) = found else { return };
    let doors = cx.doors(view, |p, read| p.role == principal.role && read.path.len() == 1 && cx.leaks(p, read));
    // What shows too much is told by its own check, with what can be written.
    if doors.first().is_some_and(|door| cx.weigh_rows(view, door, Severity::High).is_some()) {
        return;
    }
    let severity = cx.severity(Severity::High, principal, cx.exposes(principal, &view.name.schema));
    let owner = quote_ident(&column.name);
    let message = format!(
        "{} can add rows with any {owner} to {}: the view {} writes as its owner {}, whom row-level security does not bind, \
         and without CHECK OPTION its own filter is for reading only.",
        subject(principal),
        base.name,
        view.name,
        printable(&view.owner)
    );
    let title = format!("{} takes rows with any {} from {}", view.name, column.name, principal.role);
    let mut reproduce = cx.reproduce(principal, view, Command::Insert);
    reproduce.sql = Some(cx.reproduce_through(principal, view, base));
    let holder = cx.effective.access(&principal.role, view, Command::Insert).holder().unwrap_or_default();
    let draft = Draft::new(ObjectRef::relation(&view.name), severity, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .reproduce(reproduce)
        .fix(format!("alter view {} set (check_option = cascaded);", view.name))
        .evidence("privilege", format!("{}: INSERT {holder}", printable(&principal.role)))
        .origin(view.origin);
    out.report(draft);
}

/// The table behind a view, with the column that says whose its rows are, if the view adds any row to it and the table's
/// own policies do not.
fn adds<'a>(cx: &'a Context<'_>, view: &'a Relation, principal: &'a Principal) -> Option<(&'a Relation, &'a Column)> {
    let exempt = cx.effective.inherits(&principal.role, &view.owner).is_some();
    if exempt || !cx.effective.access(&principal.role, view, Command::Insert).is_some() {
        return None;
    }
    let [name] = view.view.as_ref()?.reads.as_slice() else { return None };
    let base = cx.schema.relation(name).filter(|b| b.row_security && !cx.is_platform(b))?;
    let applies = cx.effective.row_security(&view.owner, base).applies();
    let column = *Intent::of(base).columns().first()?;
    let needed = |c: &&Column| !c.nullable && c.default.is_none() && c.generated.is_none() && c.identity.is_none();
    let shown = |c: &Column| view.column(&c.name).is_some();
    if applies || view.column(column).is_none() || !base.columns.iter().filter(needed).all(shown) {
        return None;
    }
    let mut direct = Compared::new(cx, principal, base);
    let free =
        |compared: &mut Compared<'_>, row| (vec![compared.asked.access(Command::Insert, Which::New, row)], Vec::new());
    let is_free = direct.of_several(By::Stranger, Which::New, free).is_some();
    (!is_free).then_some((base, base.column(column)?))
}
