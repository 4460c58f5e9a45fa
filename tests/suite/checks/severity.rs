//! Severity follows who gains what, not the pattern.

use super::*;

/// Runs each case on one server and compares the worst severity of the check with the one expected.
fn assert_severities(platform: Platform, cases: &[(&str, &str, Option<Severity>)]) {
    let stage = Stage::new(16, platform);
    for (check, sql, expected) in cases {
        let findings = stage.findings(sql);
        let worst = findings.iter().filter(|f| f.check == *check).map(|f| f.severity).max();
        assert_eq!(worst, *expected, "{check}\n{sql}\n{}", brief(&findings));
    }
}

const UNEXPOSED: Platform = Platform::Supabase { expose_new_tables: false };

/// What makes rows seen, without being a finding of its own.
const READ: &str = " create policy read on public.t for select using (id > 0);";

#[test]
fn of_policies_that_are_always_true() {
    let case = |columns: &str, grants: &str, policy: &str| {
        format!(
            "create table public.t (id bigint primary key, {columns});
             alter table public.t enable row level security; grant {grants}; create policy p on public.t {policy};"
        )
    };
    let check = "policy-tautology";
    let everything = "select, insert, update, delete on public.t to anon, authenticated";
    let cases = [
        (case("body text", everything, "for update using (true)") + READ, Some(Severity::Critical)),
        (case("body text", everything, "for delete to authenticated using (true)") + READ, Some(Severity::High)),
        // A request has a WHERE, and reaches nothing where nothing is read.
        (case("body text", everything, "for update using (true)"), Some(Severity::Medium)),
        (case("body text", everything, "for insert with check (true)"), Some(Severity::Medium)),
        (case("user_id uuid", everything, "for insert to anon with check (true)"), Some(Severity::Critical)),
        (case("user_id uuid", everything, "for insert to authenticated with check (1 = 1)"), Some(Severity::High)),
        (case("user_id uuid", everything, "for select using (true)"), Some(Severity::High)),
        (case("email text", everything, "for select using (true)"), Some(Severity::High)),
        (case("created_by uuid", everything, "for select using (true)"), Some(Severity::Medium)),
        (case("created_by uuid", everything, "for select using (1 = 1)"), Some(Severity::High)),
        (case("updated_by uuid references auth.users", everything, "for select using (true)"), Some(Severity::Info)),
        (case("created_by uuid, org_id uuid", everything, "for select using (true)"), Some(Severity::High)),
        (case("body text", everything, "for select using (true)"), Some(Severity::Info)),
        (case("body text", everything, "for select using (id = id)"), Some(Severity::Medium)),
        (case("body text", everything, "for all to service_role using (true)"), None),
        (case("user_id uuid", "select on public.t to service_role", "using (true)"), None),
        (case("user_id uuid", "select on public.t to anon", "for insert with check (true)"), None),
        // Without USING an UPDATE policy lets no row be changed; with it, the new row must still pass the check.
        (case("user_id uuid", everything, "for update to anon with check (true)"), None),
        (case("user_id uuid", everything, "to anon with check (user_id is not null)"), None),
        (
            case("user_id uuid", everything, "for update using (true) with check (user_id = auth.uid())") + READ,
            Some(Severity::Critical),
        ),
        (
            case("tokens_quota bigint, email_verified boolean", everything, "for select using (true)"),
            Some(Severity::Info),
        ),
        // A restrictive policy beside it still narrows.
        (
            case("user_id uuid", everything, "using (true)")
                + "create policy floor on public.t as restrictive using (user_id = auth.uid());",
            None,
        ),
        // Out of reach of the Data API.
        (
            case("user_id uuid", everything, "using (true)")
                + "create schema hidden; grant usage on schema hidden to anon; alter table public.t set schema hidden;",
            Some(Severity::Low),
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|(sql, expected)| (check, sql.as_str(), *expected)).collect();
    assert_severities(UNEXPOSED, &cases);
}

/// EXECUTE that Supabase's default privileges gave by name outlives a REVOKE from PUBLIC, and the finding says so.
#[test]
fn what_a_revoke_from_public_leaves() {
    let stage = Stage::new(17, Platform::SUPABASE);
    let evidence = |revoke: &str| {
        let findings = stage.findings(&format!(
            "create table public.secrets (id bigint primary key, user_id uuid);
             alter table public.secrets enable row level security;
             create function public.wipe() returns void language sql security definer as 'delete from public.secrets';
             {revoke}"
        ));
        let found = findings.into_iter().find(|f| f.check == "secdef-exposed");
        found.map(|f| f.evidence.iter().map(|e| e.text.clone()).collect::<Vec<_>>().join("\n"))
    };
    let left = "PUBLIC: EXECUTE was revoked, which leaves the grants to anon and authenticated by name";
    assert!(!evidence("").unwrap().contains(left));
    let revoked = evidence("revoke all on function public.wipe() from public;").unwrap();
    assert!(revoked.contains(left), "{revoked}");
    assert_eq!(evidence("revoke all on function public.wipe() from public, anon, authenticated;"), None);
}

#[test]
fn of_definer_functions() {
    let table = "create table public.secrets (id bigint primary key, user_id uuid, token text);
                 alter table public.secrets enable row level security;";
    let function = |signature: &str, body: &str, grants: &str| {
        format!(
            "{table} create function public.{signature} language sql security definer set search_path = ''
                 as $$ {body} $$; {grants}"
        )
    };
    let for_users = "revoke execute on all functions in schema public from public, anon;
                     grant execute on all functions in schema public to authenticated;";
    let all = "select * from public.secrets";
    let own = "select * from public.secrets where user_id = auth.uid()";
    let rows = "f() returns setof public.secrets";
    let users = "f() returns table (email varchar)";
    let cases = [
        ("secdef-exposed", function(rows, all, ""), Some(Severity::High)),
        ("secdef-exposed", function(rows, all, for_users), Some(Severity::High)),
        ("secdef-exposed", function(rows, own, ""), Some(Severity::Low)),
        ("secdef-exposed", function(rows, own, for_users), None),
        (
            "secdef-exposed",
            function("f(t text) returns boolean", "select exists (select 1 from public.secrets where token = t)", ""),
            Some(Severity::Low),
        ),
        (
            "secdef-exposed",
            function("f(i bigint) returns uuid", "select user_id from public.secrets where id = i", ""),
            Some(Severity::Medium),
        ),
        (
            "secdef-exposed",
            function(
                "f(p_token text) returns setof public.secrets",
                "select * from public.secrets where token = p_token",
                "",
            ),
            Some(Severity::Low),
        ),
        (
            "secdef-exposed",
            function("f(i bigint) returns void", "delete from public.secrets where id = i", ""),
            Some(Severity::High),
        ),
        ("secdef-exposed", function("f() returns bigint", "select 1::bigint", ""), None),
        ("secdef-exposed", function(users, "select email from auth.users", ""), None),
        ("auth-users-view", function(users, "select email from auth.users", ""), Some(Severity::Critical)),
        ("auth-users-view", function(users, "select email from auth.users where id = auth.uid()", for_users), None),
        (
            "auth-users-view",
            function("f(e text) returns boolean", "select exists (select 1 from auth.users where email = e)", ""),
            Some(Severity::Medium),
        ),
        (
            "auth-users-view",
            function("f() returns boolean", "select exists (select 1 from auth.users where id = auth.uid())", ""),
            Some(Severity::Low),
        ),
        (
            "auth-users-view",
            function("f(password text) returns record", "select 1, 2 from auth.users u where u.email = $1", ""),
            Some(Severity::Low),
        ),
        (
            "auth-users-view",
            function(
                "f(u uuid, password text) returns void",
                "update auth.users set encrypted_password = password where id = u",
                "",
            ),
            Some(Severity::Critical),
        ),
        // What a client holds in a schema that it cannot name, only the function lets it use.
        (
            "secdef-exposed",
            function(
                "f(e text, password text) returns void",
                "update hidden.logins set hash = password where email = e",
                "",
            )
            .replacen(
                "create table",
                "create schema hidden; create table hidden.logins (email text, hash text);
                 grant usage on schema hidden to anon; grant all on hidden.logins to anon; create table",
                1,
            ),
            Some(Severity::High),
        ),
        ("secdef-search-path", function("f() returns bigint", "select 1::bigint", ""), None),
        (
            "secdef-search-path",
            function("f() returns bigint", "select count(*) from secrets", "").replace("set search_path = ''", ""),
            Some(Severity::Low),
        ),
        (
            "secdef-exposed",
            function(users, "select u.email from auth.users u, public.secrets s", ""),
            Some(Severity::Critical),
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|(check, sql, expected)| (*check, sql.as_str(), *expected)).collect();
    assert_severities(UNEXPOSED, &cases);
}

#[test]
fn of_roles_and_truncate_without_an_api() {
    let base = "create schema app; create role app_user login; create role reader;
                create table app.notes (id bigint primary key, owner_name text);
                alter table app.notes enable row level security;
                create policy own on app.notes using (owner_name = current_user);
                grant usage on schema app to app_user; grant select, delete on app.notes to app_user;";
    let cases = [
        ("truncate-reachable", "".to_owned(), None),
        ("truncate-reachable", "grant truncate on app.notes to app_user;".to_owned(), Some(Severity::Medium)),
        (
            "truncate-reachable",
            "grant truncate on app.notes to app_user; create table app.tags (note bigint references app.notes);".to_owned(),
            None,
        ),
        (
            "truncate-reachable",
            "create table app.tags (note bigint references app.notes); grant truncate on app.notes, app.tags to app_user;"
                .to_owned(),
            Some(Severity::Medium),
        ),
        ("bypass-via-set-role", "alter role reader bypassrls; grant reader to app_user;".to_owned(), Some(Severity::Medium)),
        (
            "bypass-via-set-role",
            "alter role reader bypassrls; grant reader to app_user with set false, inherit true;".to_owned(),
            None,
        ),
        ("bypassrls-login", "alter role app_user bypassrls;".to_owned(), Some(Severity::Medium)),
        ("bypassrls-login", "alter role app_user superuser;".to_owned(), Some(Severity::Medium)),
        ("bypassrls-login", "alter role reader bypassrls;".to_owned(), None),
        ("definer-view", "create view app.v as select * from app.notes; grant select on app.v to app_user;".to_owned(), Some(Severity::Medium)),
        // PUBLIC may create temporary tables by default, and app_user speaks SQL.
        (
            "secdef-search-path",
            "create function app.f() returns bigint language sql security definer set search_path = app
                 as 'select count(*) from notes';"
                .to_owned(),
            Some(Severity::Medium),
        ),
        (
            "secdef-search-path",
            "create function app.f() returns bigint language sql security definer set search_path = app, pg_temp
                 as 'select count(*) from notes';"
                .to_owned(),
            None,
        ),
        (
            "secdef-search-path",
            "create function app.f() returns bigint language sql security definer
                 begin atomic select count(*) from app.notes; end;"
                .to_owned(),
            None,
        ),
        (
            "secdef-search-path",
            "create function app.f() returns bigint language sql security definer as 'select 1::bigint';
             revoke execute on function app.f() from public;"
                .to_owned(),
            None,
        ),
    ];
    let cases: Vec<_> =
        cases.iter().map(|(check, sql, expected)| (*check, format!("{base}{sql}"), *expected)).collect();
    let cases: Vec<_> = cases.iter().map(|(check, sql, expected)| (*check, sql.as_str(), *expected)).collect();
    assert_severities(Platform::Postgres, &cases);
}

#[test]
fn of_truncate_on_many_tables_of_an_api_role() {
    let tables: String = (1..=5)
        .map(|n| {
            format!(
                "create table public.t{n} (id bigint); alter table public.t{n} enable row level security;
                 create policy p on public.t{n} using (id > 0); grant select, truncate on public.t{n} to anon;"
            )
        })
        .collect();
    let findings = Stage::new(16, UNEXPOSED).findings(&tables);
    let truncate: Vec<_> = findings.iter().filter(|f| f.check == "truncate-reachable").collect();
    assert!(matches!(truncate.as_slice(), [f] if f.severity == Severity::Info), "{}", brief(truncate));
}

#[test]
fn a_definer_view_on_14_is_closed_by_a_revoke() {
    let stage = Stage::new(14, UNEXPOSED);
    stage.begin(
        "create table public.notes (id bigint primary key, user_id uuid);
         alter table public.notes enable row level security;
         create policy own on public.notes using (user_id = auth.uid());
         create view public.all_notes as select * from public.notes;
         grant select on public.notes, public.all_notes to authenticated;",
    );
    let findings = stage.audit();
    let found: Vec<_> = findings.iter().filter(|f| f.check == "definer-view").collect();
    let [finding] = found.as_slice() else { panic!("{}", brief(&findings)) };
    assert_eq!(finding.fix.as_deref(), Some("revoke select on public.all_notes from authenticated;"));
    stage.run(finding.fix.as_deref().unwrap());
    assert!(stage.audit().iter().all(|f| f.check != "definer-view"));
    stage.rollback();
}
