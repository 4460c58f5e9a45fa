use super::own_writes::Gain;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Findings, ObjectRef};
use crate::model::{Command, quote_ident};

declare_check! {
    /// A user can add themselves to any group, because the insert only asks whether the row names them.
    ///
    /// Policies ask a table of members, `exists (select 1 from members m where m.team_id = t.team_id and m.user_id =
    /// auth.uid())`, and the table takes every row with `user_id = auth.uid()`: which team, and as what, is the caller's to
    /// choose. One request joins any team whose id is known, the next one reads all that it has.
    ///
    /// Decided by the analyzer over two states: a row that is out of reach, an insert that policies and column privileges
    /// allow, the same row within reach. The witness is that insert, by a user whom no other row mentions; what owners of a
    /// team can do, or those who were invited, is not reported. Where a trigger before the insert may refuse it, the
    /// finding is medium.
    pub(super) struct SelfInsertableMembership {
        id: "self-insertable-membership",
        title: "users can add themselves to a group",
        severity: Critical,
        bad: "
            create table public.crew (team_id uuid, user_id uuid, primary key (team_id, user_id));
            create table public.plans (id bigint primary key, team_id uuid not null, body text);
            alter table public.crew enable row level security;
            alter table public.plans enable row level security;
            grant select, insert on public.crew to authenticated;
            grant select on public.plans to authenticated;
            create policy self on public.crew for select to authenticated using (user_id = (select auth.uid()));
            create policy \"join\" on public.crew for insert to authenticated with check (user_id = (select auth.uid()));
            create policy \"of my teams\" on public.plans for select to authenticated
                using (exists (select from public.crew c where c.team_id = plans.team_id and c.user_id = (select auth.uid())));
        ",
        good: "
            create table public.crew (team_id uuid, user_id uuid, primary key (team_id, user_id));
            create table public.invited (team_id uuid, user_id uuid, primary key (team_id, user_id));
            create table public.plans (id bigint primary key, team_id uuid not null, body text);
            alter table public.crew enable row level security;
            alter table public.invited enable row level security;
            alter table public.plans enable row level security;
            revoke all on public.invited from anon, authenticated;
            grant select on public.invited to authenticated;
            grant select, insert on public.crew to authenticated;
            grant select on public.plans to authenticated;
            create policy self on public.crew for select to authenticated using (user_id = (select auth.uid()));
            create policy self on public.invited for select to authenticated using (user_id = (select auth.uid()));
            create policy \"join\" on public.crew for insert to authenticated
                with check (user_id = (select auth.uid()) and exists (select from public.invited i
                    where i.team_id = crew.team_id and i.user_id = (select auth.uid())));
            create policy \"of my teams\" on public.plans for select to authenticated
                using (exists (select from public.crew c where c.team_id = plans.team_id and c.user_id = (select auth.uid())));
        ",
    }
}

impl Check for SelfInsertableMembership {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            out.examine(ObjectRef::relation(&table.name));
        }
        for gain in cx.own_writes(Command::Insert) {
            out.report(cx.gain_draft(&gain, Command::Insert, fix(&gain)));
        }
    }
}

fn fix(gain: &Gain<'_>) -> String {
    let table = gain.written;
    let policies = table.policies.iter().filter(|p| p.permissive && p.command.covers(Command::Insert));
    let names: Vec<_> = policies.map(|p| quote_ident(&p.name)).collect();
    format!(
        "-- demand in WITH CHECK of {} on {} that somebody who may has invited the user, or add members with a function",
        names.join(", "),
        table.name
    )
}
