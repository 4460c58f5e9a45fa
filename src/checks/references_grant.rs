use super::unfiltered::Unfiltered;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, Severity};
use crate::model::Privilege;

declare_check! {
    /// A login role may point foreign keys of its own at a table that it does not own: whether an insert into its table
    /// succeeds tells which keys exist there, past row-level security.
    ///
    /// Checks of foreign keys see all rows. The role also keeps others from deleting the rows that it refers to.
    /// REFERENCES comes with GRANT ALL and is hardly ever meant.
    ///
    /// Not reported: roles of the Data API, which has no request that creates a table, owners of the table, and
    /// superusers.
    pub(super) struct ReferencesGrant {
        id: "references-grant",
        title: "REFERENCES, which row-level security does not filter, is granted",
        severity: Medium,
        bad: "
            create role linker login;
            create schema links;
            grant usage, create on schema links to linker;
            create table public.patients (id bigint primary key, user_id uuid not null);
            alter table public.patients enable row level security;
            grant references on public.patients to linker;
        ",
        good: "
            create role linker login;
            create schema links;
            grant usage, create on schema links to linker;
            create table public.patients (id bigint primary key, user_id uuid not null);
            alter table public.patients enable row level security;
            create policy all_rows on public.patients for select to linker using (id > 0);
            grant select on public.patients to linker;
        ",
    }
}

impl Check for ReferencesGrant {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        Unfiltered {
            privilege: Privilege::References,
            severity: Severity::Medium,
            outcome: "a foreign key of its own tells it which keys exist, whatever the policies hide",
        }
        .run(cx, out);
    }
}
