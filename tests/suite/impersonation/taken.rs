//! What roles take for themselves, what is preset for them and what they put in the place of others' things: each beside
//! one that looks alike and that the server refuses.

use serde_json::Value;

use super::trials::audit;
use crate::support::MAJORS;

pub(super) fn run(sql: &str, major: u32) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::write(migrations.join("1_all.sql"), sql).unwrap();
    audit(dir.path(), major, &["--allow-partial", "--fail-on", "never"]).0
}

/// What came of a door: what was reached, or else the outcome; nothing where it was not tried.
pub(super) fn came<'r>(report: &'r Value, kind: &str, role: &str, object: &str) -> &'r str {
    let is = |d: &&Value| d["door"] == kind && d["role"] == role && d["object"] == object;
    let door = report["doors"].as_array().unwrap().iter().find(is);
    let of = |d: &'r Value| d["reached"][0].as_str().or(d["outcome"]["result"].as_str());
    door.and_then(of).unwrap_or_default()
}

/// The principals that a check found, each with the confidence.
pub(super) fn found(report: &Value, check: &str) -> Vec<(String, String)> {
    let text = |f: &Value, key: &str| f[key].as_str().unwrap_or_default().to_owned();
    let of = report["findings"].as_array().unwrap().iter().filter(|f| f["check"] == check);
    of.map(|f| (text(f, "principal"), text(f, "confidence"))).collect()
}

pub(super) fn confirmed(role: &str) -> Vec<(String, String)> {
    vec![(role.to_owned(), "confirmed".to_owned())]
}

pub(super) fn surprises(report: &Value) -> Vec<&str> {
    report["doors"].as_array().unwrap().iter().filter_map(|d| d["surprise"]["text"].as_str()).collect()
}

const TABLE: &str = "create table public.papers (id bigint primary key, user_id uuid not null);
    alter table public.papers enable row level security; revoke all on public.papers from anon, authenticated;";

#[test]
fn what_roles_hand_on_and_join_is_tried() {
    let roles = "create role taken_giver login; create role taken_keeper login; create role taken_joiner login;
        grant usage on schema public to taken_giver, taken_keeper;
        grant select, update on public.papers to taken_giver with grant option; grant select on public.papers to taken_keeper;";
    // Before 16 only a superuser makes roles that policies do not bind, and CREATEROLE covers all of them.
    let by_option = "create role taken_exempt nologin bypassrls;
        grant taken_exempt to taken_joiner with admin true, inherit false, set false;";
    for major in MAJORS {
        let (more, target) = match major {
            14 | 15 => ("alter role taken_joiner createrole;", "service_role"),
            _ => (by_option, "taken_exempt"),
        };
        let report = run(&format!("{TABLE}{roles}{more}"), major);
        let handed = "taken_giver handed SELECT, UPDATE on public.papers on to another role";
        let on = "public.papers";
        assert_eq!(came(&report, "hand_on", "taken_giver", on), handed, "{major}");
        assert_eq!(came(&report, "hand_on", "taken_keeper", on), "refused", "{major}: it holds no option");
        assert_eq!(came(&report, "hand_on", "anon", on), "refused", "{major}: it holds nothing");
        let joined = format!(
            "taken_joiner made itself a member of {target}, which is exempt from row-level security, and became it"
        );
        assert_eq!(came(&report, "join_role", "taken_joiner", target), joined, "{major}");
        assert_eq!(came(&report, "join_role", "taken_keeper", target), "refused", "{major}");
        assert_eq!(found(&report, "grant-option"), [], "{major}: nobody uses the API with it");
        assert_eq!(found(&report, "createrole-admin"), confirmed("taken_joiner"), "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

#[test]
fn what_roles_make_and_unmake_is_tried() {
    let roles = "create role taken_maker login; create role taken_linker login; create role taken_clerk login;
        create role taken_owner nologin; grant taken_owner to postgres; grant taken_owner to taken_clerk;
        grant usage on schema public to taken_maker, taken_linker, taken_clerk;
        grant create, usage on schema public to taken_owner;
        create schema desk; grant usage, create on schema desk to taken_maker;
        grant references on public.papers to taken_maker, taken_linker;
        create table public.ledger (id bigint primary key); alter table public.ledger enable row level security;
        revoke all on public.ledger from anon, authenticated; alter table public.ledger owner to taken_owner;";
    for major in MAJORS {
        // Where PUBLIC may create, it may no longer.
        let report = run(&format!("revoke create on schema public from public; {TABLE}{roles}"), major);
        assert_eq!(
            came(&report, "create", "taken_maker", "desk"),
            "taken_maker made a table in schema desk",
            "{major}"
        );
        assert_eq!(came(&report, "create", "taken_linker", "desk"), "refused", "{major}");
        let told = "taken_maker made a table whose foreign key refers to public.papers: inserts into it tell which keys are \
                    there, whatever policies hide";
        assert_eq!(came(&report, "reference", "taken_maker", "public.papers"), told, "{major}");
        assert_eq!(came(&report, "reference", "taken_linker", "public.papers"), "", "{major}: it has nowhere to do it");
        let off = "taken_clerk took row-level security off public.ledger";
        assert_eq!(came(&report, "row_security", "taken_clerk", "public.ledger"), off, "{major}");
        assert_eq!(came(&report, "row_security", "taken_maker", "public.ledger"), "refused", "{major}");
        let of = found(&report, "references-grant");
        let proved = ("taken_linker".to_owned(), "proved".to_owned());
        assert_eq!(of, [vec![proved], confirmed("taken_maker")].concat(), "{major}");
        assert_eq!(found(&report, "owner-reachable"), confirmed("taken_clerk"), "{major}");
        assert_eq!(found(&report, "public-create"), [], "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

#[test]
fn presets_temporary_tables_and_leakproof_functions_are_tried() {
    let sql = "create role taken_pool login; create role taken_plain login;
        grant usage on schema public to taken_pool, taken_plain;
        create table public.shifts (id bigint primary key, tenant_id text not null, seats integer);
        alter table public.shifts enable row level security; revoke all on public.shifts from anon, authenticated;
        create policy tenant on public.shifts to taken_pool, taken_plain
            using (tenant_id = nullif(current_setting('app.tenant', true), ''));
        grant select on public.shifts to taken_pool, taken_plain;
        alter role taken_pool set app.tenant = 'acme';
        create function public.quick(seats integer) returns boolean language plpgsql immutable leakproof cost 1
            set search_path = '' as $$ begin raise notice '%', seats; return true; end $$;
        create function public.slow(seats integer) returns boolean language plpgsql immutable leakproof
            set search_path = '' as $$ begin raise notice '%', seats; return true; end $$;
        create function public.open_count() returns bigint language sql security definer
            as $$ select count(*) from shifts $$;
        create function public.last_count() returns bigint language sql security definer
            set search_path = public, pg_temp as $$ select count(*) from shifts $$;
        create function public.named_count() returns bigint language sql security definer
            as $$ select count(*) from public.shifts $$;
        revoke execute on all functions in schema public from public, anon, authenticated;
        grant execute on all functions in schema public to taken_pool;";
    // A superuser's word is needed for LEAKPROOF.
    for major in MAJORS {
        let report = run(sql, major);
        let preset = came(&report, "preset", "taken_pool", "app.tenant");
        let expected = "a session of taken_pool that sets nothing starts with a value of app.tenant: on public.shifts it \
                        reads the rows of that value, 1 where it reads 0 without the preset";
        assert_eq!(preset, expected, "{major}");
        assert_eq!(came(&report, "preset", "taken_plain", "app.tenant"), "", "{major}");
        assert_eq!(found(&report, "role-preset-guc"), confirmed("taken_pool"), "{major}");
        let used = "public.open_count(), which runs as postgres, used the temporary table shifts that taken_pool made in \
                    the place of its own";
        assert_eq!(came(&report, "temp_table", "taken_pool", "public.open_count()"), used, "{major}");
        assert_eq!(came(&report, "temp_table", "taken_pool", "public.last_count()"), "nothing_seen", "{major}");
        assert_eq!(came(&report, "temp_table", "taken_pool", "public.named_count()"), "", "{major}");
        assert_eq!(came(&report, "temp_table", "taken_plain", "public.open_count()"), "", "{major}");
        let ran = came(&report, "leakproof", "taken_pool", "public.quick(integer)");
        assert!(
            ran.starts_with("in a condition that taken_pool wrote, public.quick(integer) ran on "),
            "{major}: {ran}"
        );
        assert_eq!(came(&report, "leakproof", "taken_pool", "public.slow(integer)"), "nothing_seen", "{major}");
        assert_eq!(came(&report, "leakproof", "taken_plain", "public.quick(integer)"), "", "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

#[test]
fn tables_of_the_platform_that_are_granted_are_tried() {
    let sql = "grant usage on schema auth to anon; grant select (id, email) on auth.users to authenticated;
        alter table auth.users disable row level security;
        create schema if not exists cron; create table cron.runs (runid bigint primary key, command text);
        grant usage on schema cron to authenticated, anon; grant delete on cron.runs to authenticated;";
    for major in [14, 16, 18] {
        let report = run(sql, major);
        let runs = |role| came(&report, "platform_table", role, "cron.runs");
        assert_eq!(
            runs("authenticated"),
            "cron.runs is the platform's, and the server let authenticated delete from it",
            "{major}"
        );
        let users = |role| came(&report, "platform_table", role, "auth.users");
        let read = "auth.users is the platform's, and the server let authenticated read rows of it";
        assert_eq!(users("authenticated"), read, "{major}");
        assert_eq!(users("anon"), "refused", "{major}");
        assert_eq!(runs("anon"), "refused", "{major}");
        let of = found(&report, "platform-schema-grants");
        assert_eq!(of, [confirmed("authenticated"), confirmed("authenticated")].concat(), "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

/// Of tables that no rule speaks of, it counts whose the rows are, and what a caller does by itself.
#[test]
fn calls_that_give_others_rows_of_tables_without_rules_are_told() {
    let sql = "create table public.drafts (id bigint primary key, words text not null default 'a', size integer);
        alter table public.drafts enable row level security;
        create table public.news (id bigint primary key, words text not null default 'a', size integer);
        alter table public.news enable row level security;
        create policy everybody on public.news for select to anon, authenticated using (true);
        revoke truncate on public.drafts from anon, authenticated;
        create function public.draft(p_id bigint) returns setof public.drafts language sql stable security definer
            set search_path = '' as $$ select * from public.drafts where id = p_id $$;
        create function public.drop_draft(p_id bigint) returns void language sql security definer set search_path = ''
            as $$ delete from public.drafts where id = p_id $$;
        create function public.all_news() returns jsonb language sql stable security definer set search_path = ''
            as $$ select jsonb_agg(to_jsonb(n)) from public.news n $$;
        create function public.how_many() returns table (id bigint, size bigint) language sql stable security definer
            set search_path = '' as $$ select 0, count(*) from public.drafts $$;";
    for major in [14, 18] {
        let report = run(sql, major);
        let call = |object| came(&report, "call", "anon", object);
        let shown = call("public.draft(bigint)");
        assert!(shown.contains("showed id, words, size of rows of public.drafts that "), "{major}: {shown}");
        let dropped = call("public.drop_draft(bigint)");
        assert!(dropped.contains("deleted 1 row of public.drafts that "), "{major}: {dropped}");
        assert_eq!(call("public.all_news()"), "seen", "{major}: everybody reads them");
        assert_eq!(call("public.how_many()"), "seen", "{major}: no row of any table");
        let is_confirmed = |name: &str| {
            let is = |f: &&Value| f["check"] == "secdef-exposed" && f["object"]["name"] == name;
            let found = report["findings"].as_array().unwrap().iter().find(is);
            found.is_some_and(|f| f["confidence"] == "confirmed")
        };
        assert!(is_confirmed("draft(bigint)") && is_confirmed("drop_draft(bigint)"), "{major}");
        assert!(!is_confirmed("all_news()") && !is_confirmed("how_many()"), "{major}");
    }
}

#[test]
fn views_that_filter_and_settings_that_are_chosen_are_tried() {
    let sql = "create role taken_desk login; grant usage on schema public to taken_desk;
        create table public.parcels (id bigint primary key, status text not null);
        alter table public.parcels enable row level security; revoke all on public.parcels from anon, authenticated;
        create view public.sent as select id from public.parcels where status = 'sent';
        create view public.kept with (security_barrier) as select id from public.parcels where status = 'kept';
        revoke all on public.sent, public.kept from anon, authenticated;
        grant select on public.sent, public.kept to taken_desk;
        create table public.leases (id bigint primary key, tenant_id text not null);
        alter table public.leases enable row level security;
        create policy tenant on public.leases for select to authenticated
            using (tenant_id = nullif(current_setting('app.tenant', true), ''));
        create function public.be(p_tenant text) returns void language plpgsql set search_path = ''
            as $$ begin perform set_config('app.tenant', p_tenant, true); end $$;
        create function public.be_own(p_tenant text) returns void language plpgsql set search_path = ''
            as $$ begin perform set_config('app.tenant', auth.jwt() -> 'app_metadata' ->> 'tenant', true); end $$;
        create function public.be_kept(p_tenant text) returns void language plpgsql set search_path = ''
            as $$ begin perform set_config('app.tenant', p_tenant, true); end $$;
        revoke execute on function public.be_kept(text) from public, anon, authenticated;";
    for major in MAJORS {
        let report = run(sql, major);
        let looked = came(&report, "filter_view", "taken_desk", "public.sent");
        assert_eq!(looked, "a function that taken_desk made ran on 5 rows that public.sent leaves out", "{major}");
        assert_eq!(came(&report, "filter_view", "taken_desk", "public.kept"), "nothing_seen", "{major}");
        assert_eq!(found(&report, "filter-view-no-barrier"), confirmed("taken_desk"), "{major}");
        let chosen = |function| came(&report, "chosen_setting", "authenticated", function);
        let opened = chosen("public.be(text)");
        assert!(
            opened.contains("calling public.be(text) with a value of one's choice opened public.leases"),
            "{opened}"
        );
        assert_eq!(chosen("public.be_own(text)"), "nothing_seen", "{major}");
        assert_eq!(chosen("public.be_kept(text)"), "", "{major}");
        assert_eq!(found(&report, "guc-tenancy-settable"), confirmed("anon"), "{major}");
        assert_eq!(surprises(&report), [""; 0], "{major}");
    }
}

/// The write is replayed, and what it opens is read before and after.
#[test]
fn writes_that_widen_access_are_replayed_with_what_they_open() {
    let people = "create table public.people (id uuid primary key, role text not null default 'user');
        create table public.payouts (id bigint primary key, amount numeric);
        alter table public.people enable row level security; alter table public.payouts enable row level security;
        grant select, update on public.people to authenticated; grant select on public.payouts to authenticated;
        create policy self on public.people for all to authenticated using (id = (select auth.uid()));
        create policy admins on public.payouts for select to authenticated
            using (exists (select from public.people p where p.id = (select auth.uid()) and p.role = 'admin'));";
    let kept = "create function public.keep_role() returns trigger language plpgsql as
            $$ begin new.role := old.role; return new; end $$;
        create trigger keep_role before update on public.people for each row execute function public.keep_role();";
    let outcome = |sql: &str, major| {
        let report = run(sql, major);
        let all = report["findings"].as_array().unwrap().iter().filter(|f| f["check"] == "self-writable-authority");
        let live = |f: &Value| {
            let evidence = f["evidence"].as_array().unwrap().iter().find(|e| e["kind"] == "live trial");
            evidence.map(|e| e["text"].as_str().unwrap().to_owned()).unwrap_or_default()
        };
        all.map(|f| (f["confidence"] == "confirmed", live(f))).collect::<Vec<_>>()
    };
    for major in [14, 16, 18] {
        let open = outcome(people, major);
        let [(true, told)] = &open[..] else { panic!("{major}: {open:?}") };
        assert!(told.ends_with("the row was reached after the write, and not before it"), "{major}: {told}");
        let kept = outcome(&format!("{people}{kept}"), major);
        assert!(kept.iter().all(|(is_confirmed, _)| !is_confirmed), "{major}: {kept:?}");
    }
}
