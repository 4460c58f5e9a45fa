use super::unfiltered::Unfiltered;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, Severity};
use crate::model::Privilege;

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
        Unfiltered {
            privilege: Privilege::Trigger,
            severity: Severity::High,
            outcome: "code that it attaches there runs with the rights of whoever writes next",
        }
        .run(cx, out);
    }
}
