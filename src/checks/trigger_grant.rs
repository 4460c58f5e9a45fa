use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Privilege, Relation, printable};

declare_check! {
    /// A login role may create triggers on a table that it does not own: code of its own then runs with the rights of
    /// whoever writes to the table next, the owner and the back end included.
    ///
    /// A function of `pg_temp` is enough for that, so no CREATE on any schema is needed where sessions may make
    /// temporary objects. TRIGGER comes with GRANT ALL and is hardly ever meant.
    ///
    /// Not reported: roles of the Data API, which has no request that creates a trigger, owners of the table, and
    /// superusers.
    pub(super) struct TriggerGrant {
        id: "trigger-grant",
        title: "TRIGGER, which lets a role run code as whoever writes, is granted",
        severity: High,
        bad: "
            create role tagger login;
            create table public.parcels (id bigint primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            grant trigger on public.parcels to tagger;
        ",
        good: "
            create role tagger login;
            create table public.parcels (id bigint primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            create policy all_rows on public.parcels for select to tagger using (id > 0);
            grant select on public.parcels to tagger;
        ",
    }
}

impl Check for TriggerGrant {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables: Vec<_> = cx.relations().filter(|r| r.kind.carries_row_security()).collect();
        tables.iter().for_each(|table| out.examine(ObjectRef::relation(&table.name)));
        let counts = |p: &&Principal| matches!(p.who, Who::Login | Who::Group) && p.role != "authenticator";
        for principal in cx.effective.principals().iter().filter(counts) {
            let holds = |table: &&Relation| {
                cx.effective.inherits(&principal.role, &table.owner).is_none()
                    && cx.effective.holds_on_relation(&principal.role, table, Privilege::Trigger).is_some()
            };
            let held: Vec<_> = tables.iter().copied().filter(holds).collect();
            if !held.is_empty() && !cx.effective.is_superuser(&principal.role) {
                report(cx, principal, &held, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, principal: &Principal, held: &[&Relation], out: &mut Findings<'_>) {
    let names: Vec<_> = held.iter().map(|r| r.name.to_string()).collect();
    let message = format!(
        "{} has TRIGGER on {}: code that it attaches there runs with the rights of whoever writes next.",
        subject(principal),
        first_of(&names, 4)
    );
    let title = format!("{} holds TRIGGER on {}", principal.role, first_of(&names, 2));
    let fix: Vec<_> = held.iter().map(|r| cx.revoke_relation(&[Privilege::Trigger], r, &[principal])).collect();
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, &principal.role), Severity::High, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .detail("trigger")
        .fix(fix.join("\n"));
    for table in held {
        if let Some(holding) = cx.effective.holds_on_relation(&principal.role, table, Privilege::Trigger) {
            draft = draft
                .evidence("privilege", format!("{}: TRIGGER on {} {holding}", printable(&principal.role), table.name));
        }
    }
    out.report(draft);
}
