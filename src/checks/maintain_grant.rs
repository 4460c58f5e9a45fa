use super::unfiltered::Unfiltered;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, Severity};
use crate::model::Privilege;

declare_check! {
    /// A login role may run VACUUM, REINDEX, CLUSTER, REFRESH and LOCK on a table that it does not own (MAINTAIN, from
    /// PostgreSQL 17 on).
    ///
    /// It reads no row by that, but it can hold the table against everybody else for as long as it likes, and runs the
    /// functions of its indexes at times of its choosing. MAINTAIN comes with GRANT ALL and is hardly ever meant.
    ///
    /// Not reported: roles of the Data API, which has no request for it, owners of the table, superusers, and members of
    /// `pg_maintain`, which is what that role is for.
    pub(super) struct MaintainGrant {
        id: "maintain-grant",
        title: "MAINTAIN, which lets a role lock a table for everybody, is granted",
        severity: Low,
        bad: "
            create role keeper login;
            create table public.parcels (id bigint primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            grant maintain on public.parcels to keeper;
        ",
        good: "
            create role keeper login;
            create table public.parcels (id bigint primary key, user_id uuid not null);
            alter table public.parcels enable row level security;
            create policy all_rows on public.parcels for select to keeper using (id > 0);
            grant select on public.parcels to keeper;
        ",
        min_major: 17,
    }
}

impl Check for MaintainGrant {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        Unfiltered {
            privilege: Privilege::Maintain,
            severity: Severity::Low,
            outcome: "it can lock them for everybody, and run the functions of their indexes",
        }
        .run(cx, out);
    }
}
