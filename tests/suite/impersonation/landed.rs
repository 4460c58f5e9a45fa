//! What hidden rows give away by keys, what triggers with their owner's rights leave elsewhere, and whom policies for groups
//! miss: each beside one that looks alike and shows nothing.

use serde_json::Value;

use super::taken::{came, confirmed, found, run, surprises};
use crate::support::MAJORS;

#[test]
fn hidden_values_of_unique_indexes_are_tried() {
    let table = |name: &str, policies: &str| {
        format!(
            "create table public.{name} (id uuid primary key, user_id uuid not null, email text unique);
            alter table public.{name} enable row level security; revoke all on public.{name} from anon, authenticated;
            grant select, insert on public.{name} to authenticated; {policies}"
        )
    };
    let own = "to authenticated using (user_id = (select auth.uid()))";
    let told = table("contacts", &format!("create policy own on public.contacts {own};"));
    // Everybody sees every row with an address, so that no such row is hidden.
    let seen = table(
        "members",
        "create policy seen on public.members for select to authenticated using (email like '%@%');
        create policy own on public.members for insert to authenticated with check (user_id = (select auth.uid()));",
    );
    // Policies are looked at before keys.
    let refused = table(
        "invited",
        "create policy own on public.invited for select to authenticated using (user_id = (select auth.uid()));
        create policy none on public.invited for insert to authenticated with check (email like '%@corp.example');",
    );
    for major in MAJORS {
        let report = run(&format!("{told}{seen}{refused}"), major);
        let of = |index| came(&report, "unique_value", "authenticated", index);
        let expected = "adding a row to public.contacts with the email of a row that is hidden from it failed for that \
                        (SQLSTATE 23505); with that row gone, and with a value that no row has, it did not";
        let contacts = of("public.contacts_email_key");
        assert!(contacts.ends_with(expected), "{major}: {contacts}");
        assert_eq!(of("public.members_email_key"), "error", "{major}: the row is visible");
        assert_eq!(of("public.invited_email_key"), "refused", "{major}");
        assert_eq!(came(&report, "unique_value", "anon", "public.contacts_email_key"), "", "{major}");
        let confidence = |name: &str| {
            let is = |f: &&Value| f["check"] == "unique-existence-oracle" && f["object"]["name"] == name;
            report["findings"].as_array().unwrap().iter().find(is).map(|f| f["confidence"].as_str().unwrap())
        };
        assert_eq!(confidence("contacts"), Some("confirmed"), "{major}");
        assert_eq!([confidence("members"), confidence("invited")], [Some("likely"); 2], "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

#[test]
fn what_triggers_leave_in_tables_that_policies_trust_is_seen() {
    let tables = "create table public.seats (team_id bigint, user_id uuid, role text);
        create table public.invites (id bigint primary key, team_id bigint, user_id uuid, role text);
        create table public.wishes (id bigint primary key, team_id bigint, user_id uuid, role text);
        create table public.profiles (id bigint primary key, user_id uuid not null, role text not null);
        create table public.plans (id bigint primary key, team_id bigint);
        alter table public.seats enable row level security; alter table public.invites enable row level security;
        alter table public.wishes enable row level security; alter table public.profiles enable row level security;
        alter table public.plans enable row level security;
        revoke all on public.seats, public.invites, public.wishes, public.profiles, public.plans from anon, authenticated;
        grant select on public.seats, public.plans, public.profiles to authenticated;
        grant insert on public.invites, public.wishes to authenticated; grant update (role) on public.profiles to authenticated;
        create policy own on public.seats for select to authenticated using (user_id = (select auth.uid()));
        create policy invite on public.invites for insert to authenticated with check (role <> '');
        create policy wish on public.wishes for insert to authenticated with check (role <> '');
        create policy own on public.profiles to authenticated using (user_id = (select auth.uid()));
        create policy team on public.plans for select to authenticated using (exists (
            select 1 from public.seats s where s.team_id = plans.team_id and s.user_id = (select auth.uid())));";
    let function = |name: &str, on: &str, body: &str| {
        format!(
            "create function public.{name}() returns trigger language plpgsql security definer set search_path = '' as
                $$ begin {body}; return new; end $$;
            create trigger {name} after {on} for each row execute function public.{name}();"
        )
    };
    let seat = function(
        "seat",
        "insert on public.invites",
        "insert into public.seats values (new.team_id, new.user_id, new.role)",
    );
    // It looks at the row, and gives everybody the same.
    let guest = function(
        "guest",
        "insert on public.wishes",
        "if new.role <> '' then insert into public.seats values (0, null, 'guest'); end if",
    );
    let follow = function(
        "follow",
        "update on public.profiles",
        "update public.seats set role = new.role where user_id = old.user_id",
    );
    for major in MAJORS {
        let report = run(&format!("{tables}{seat}{guest}{follow}"), major);
        let of = |trial| came(&report, "fired_trigger", "authenticated", trial);
        let landed = of("seat on public.invites, for public.seats");
        let expected = "INSERT on public.invites fired seat, which put the values that it was given into";
        assert!(landed.contains(expected) && landed.contains("team_id, user_id"), "{major}: {landed}");
        let refused = " of public.seats; authenticated was refused when it wrote that itself";
        assert!(landed.ends_with(refused), "{major}: {landed}");
        assert_eq!(of("guest on public.wishes, for public.seats"), "nothing_seen", "{major}");
        let changed = of("follow on public.profiles, for public.seats");
        let expected = "UPDATE on public.profiles fired follow, which put the values that it was given into role";
        assert!(changed.contains(expected), "{major}: {changed}");
        let confidence = |name: &str| {
            let is = |f: &&Value| f["check"] == "definer-trigger" && f["object"]["name"] == name;
            report["findings"].as_array().unwrap().iter().find(is).map(|f| f["confidence"].as_str().unwrap())
        };
        assert_eq!([confidence("seat()"), confidence("follow()")], [Some("confirmed"); 2], "{major}");
        assert_eq!(confidence("guest()"), Some("possible"), "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

#[test]
fn policies_for_groups_are_compared_for_members_that_they_miss() {
    let sql = "create role landed_staff nologin; create role landed_temp login noinherit;
        create role landed_clerk login inherit; grant landed_staff to landed_temp, landed_clerk;
        grant usage on schema public to landed_staff, landed_temp, landed_clerk;
        create table public.parcels (id bigint primary key, user_id uuid not null, secret boolean not null);
        create table public.boxes (id bigint primary key, weight integer not null);
        alter table public.parcels enable row level security; alter table public.boxes enable row level security;
        revoke all on public.parcels, public.boxes from anon, authenticated, service_role;
        create policy all_rows on public.parcels for select to landed_staff, landed_temp, landed_clerk using (id > 0);
        create policy wall on public.parcels as restrictive for select to landed_staff using (not secret);
        create policy all_rows on public.boxes to landed_staff, landed_temp, landed_clerk using (id > 0);
        create policy kept on public.boxes as restrictive for delete to landed_staff using (weight < -1);
        grant select on public.parcels to landed_staff, landed_temp, landed_clerk;
        grant delete on public.boxes to landed_staff, landed_temp, landed_clerk;";
    for major in MAJORS {
        let report = run(sql, major);
        let of = |role, policy| came(&report, "unbound_policy", role, policy);
        let read = of("landed_temp", "wall on public.parcels");
        assert!(read.contains(" rows of public.parcels are read"), "{major}: {read}");
        assert!(
            read.contains("once the policy is for landed_temp too") || read.contains("once it is for"),
            "{major}: {read}"
        );
        assert_eq!(of("landed_clerk", "wall on public.parcels"), "nothing_seen", "{major}: it inherits");
        let deleted = of("landed_temp", "kept on public.boxes");
        let expected = "rows of public.boxes are deleted, and 0 once the policy is for landed_temp too";
        assert!(deleted.ends_with(expected), "{major}: {deleted}");
        assert_eq!(of("landed_clerk", "kept on public.boxes"), "nothing_seen", "{major}: it inherits");
        assert_eq!(of("anon", "wall on public.parcels"), "", "{major}: it is no member");
        let of = found(&report, "policy-to-inert-role");
        assert_eq!(of, [confirmed("landed_temp"), confirmed("landed_temp")].concat(), "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}
