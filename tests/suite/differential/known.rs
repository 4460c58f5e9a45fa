//! Verdicts that are known beforehand, on the Supabase platform: the defects that the engine is for, and their repair.

use pgwitness::analyzer::decide::{Asker, Caller, Decider, Which};
use pgwitness::analyzer::effective::Effective;
use pgwitness::analyzer::verdict::Verdict;
use pgwitness::model::{Command, QualifiedName};
use pgwitness::shadow::Platform;

use super::policies::schema_of;
use crate::support;

const APP: &str = "
    create table members (team_id int not null, user_id uuid not null, role text not null, primary key (team_id, user_id));
    alter table members enable row level security;
    create policy own on members for select to authenticated using (user_id = auth.uid());

    create function is_member(team int) returns boolean language sql stable security definer set search_path = '' as $$
        select exists (select 1 from public.members where team_id = team and user_id = (select auth.uid())) $$;
    create function is_owner(team int) returns boolean language plpgsql stable security definer set search_path = '' as $$
        begin return exists (select 1 from public.members m where m.team_id = team and m.user_id = auth.uid() and m.role = 'owner'); end $$;
    create function my_teams() returns setof int language sql stable security definer set search_path = '' as $$
        select team_id from public.members where user_id = auth.uid() $$;

    create table sub_select (id int primary key, team_id int, owner uuid);
    create policy p on sub_select for select using
        (exists (select 1 from members m where m.team_id = sub_select.team_id and m.user_id = auth.uid()));
    create table helper (id int primary key, team_id int, owner uuid);
    create policy p on helper for select using (is_member(team_id));
    create table owners (id int primary key, team_id int, owner uuid);
    create policy p on owners for select using (is_owner(team_id));
    create table set_of (id int primary key, team_id int, owner uuid);
    create policy p on set_of for select using (team_id in (select my_teams()));
    create table captured (id int primary key, team_id int, owner uuid);
    create policy p on captured for select using
        (exists (select 1 from members where team_id = team_id and user_id = auth.uid()));
    create table inverted (id int primary key, team_id int, owner uuid);
    create policy p on inverted for select using (auth.uid() is null or owner = auth.uid());
    create table floored (id int primary key, team_id int, owner uuid);
    create policy p on floored for select using (true);
    create policy q on floored as restrictive for select using (owner = (select auth.uid()));
    create table claimed (id int primary key, team_id int, owner uuid);
    create policy p on claimed for select using (team_id = (auth.jwt() -> 'app_metadata' ->> 'team')::int);
    create table mine (id int primary key, team_id int, owner uuid);
    create policy p on mine for select using (owner is not distinct from auth.uid());
    create table legacy (id int primary key, team_id int, owner uuid);
    create policy p on legacy for select using (owner::text = current_setting('request.jwt.claim.sub', true));
    do $$ declare t text; begin
        foreach t in array array['sub_select','helper','owners','set_of','captured','inverted','floored','claimed','mine','legacy'] loop
            execute format('alter table %I enable row level security; grant select on %I to anon, authenticated', t, t);
        end loop;
    end $$;
    grant select on members to anon, authenticated;";

const MEMBER: &str =
    "exists (select 1 from public.members m where m.team_id = TABLE.team_id and m.user_id = (select auth.uid()))";
const OWNER: &str = "owner = auth.uid()";

#[test]
fn verdicts_are_those_of_the_defects() {
    let database = support::database(17, Platform::SUPABASE, APP);
    let schema = schema_of(&database);
    let effective = Effective::new(&schema, None);
    let decider = Decider::new(&effective);
    let cases = [
        ("sub_select", "authenticated", MEMBER, true),
        ("sub_select", "authenticated", OWNER, false),
        ("helper", "authenticated", MEMBER, true),
        ("owners", "authenticated", MEMBER, true),
        ("set_of", "authenticated", MEMBER, true),
        ("captured", "authenticated", MEMBER, false),
        ("captured", "anon", "false", true),
        ("inverted", "authenticated", OWNER, true),
        ("inverted", "anon", OWNER, false),
        ("floored", "authenticated", OWNER, true),
        ("floored", "anon", "false", true),
        ("claimed", "authenticated", "team_id = (auth.jwt() -> 'app_metadata' ->> 'team')::int", true),
        ("claimed", "authenticated", MEMBER, false),
        ("mine", "authenticated", "owner = auth.uid()", true),
        ("mine", "anon", "owner = auth.uid()", false),
        // Older stacks set the claims one by one.
        ("legacy", "anon", "false", false),
    ];
    for (table, role, rule, keeps) in cases {
        let relation = schema.relation(&QualifiedName::new("public", table)).unwrap();
        let asker = if role == "anon" { Asker::Nobody } else { Asker::SomeUser };
        let mut access = decider.access(role, relation, Command::Select, Which::Old, Caller::Sql);
        let verdict = access.never_exceeds(&rule.replace("TABLE", table), asker);
        let as_known = if keeps { verdict == Verdict::Proved } else { matches!(verdict, Verdict::Violated(_)) };
        assert!(as_known, "{table} as {role} against {rule}: {verdict:?}\n{}", access.sql());
    }
}
