//! What the checks of policies say happens, seen on a server: on each bad example the flaw shows, on the good one not.

use pgwitness::checks::find;

use super::*;

const ALICE: &str = "11111111-1111-4111-8111-111111111111";
const BOB: &str = "22222222-2222-4222-8222-222222222222";

impl Stage {
    /// What `query` gives a signed-in user: the count it returns, or the SQLSTATE.
    fn as_user(&self, claims: &str, query: &str) -> Result<i64, String> {
        self.execute("savepoint as_user");
        self.execute(&format!(
            "select set_config('request.jwt.claims', '{claims}', true); set local role authenticated"
        ));
        let row = block_on(self.client.query_one(query, &[]));
        self.execute("rollback to savepoint as_user");
        row.map(|row| row.get(0)).map_err(|e| e.code().map(|c| c.code().to_owned()).unwrap_or_default())
    }
}

fn claims(sub: &str, more: &str) -> String {
    format!(r#"{{"role": "authenticated", "sub": "{sub}"{more}}}"#)
}

/// Runs a query as Bob on the bad and on the good example of a check, each with `rows` in it.
fn both(check: &str, major: u32, rows: &str, claims: &str, query: &str) -> [Result<i64, String>; 2] {
    let meta = find(check).unwrap();
    let stage = Stage::new(major, Platform::SUPABASE);
    [meta.bad, meta.good].map(|sql| {
        stage.begin(sql);
        stage.run(rows);
        let seen = stage.as_user(claims, query);
        stage.rollback();
        seen
    })
}

fn each_major(check: &str, rows: &str, claims: &str, query: &str, expected: [Result<i64, &str>; 2]) {
    for major in [15, 17] {
        let seen = both(check, major, rows, claims, query);
        let expected = expected.map(|e| e.map_err(str::to_owned));
        assert_eq!(seen, expected, "{check} on {major}");
    }
}

#[test]
fn a_captured_column_shows_other_teams() {
    let rows = format!("insert into team_user values (1, '{BOB}'); insert into reports values (1, 1), (2, 2)");
    each_major("captured-column", &rows, &claims(BOB, ""), "select count(*) from public.reports", [Ok(2), Ok(1)]);
}

#[test]
fn an_uncorrelated_exists_shows_other_teams() {
    let rows = format!(
        "insert into teams values (1), (2); insert into members values (1, '{BOB}'); insert into boards values (1, 1), (2, 2)"
    );
    each_major("uncorrelated-exists", &rows, &claims(BOB, ""), "select count(*) from public.boards", [Ok(2), Ok(1)]);
}

#[test]
fn metadata_that_users_write_opens_rows() {
    let rows = format!("insert into payouts values (1, '{ALICE}', 1), (2, '{BOB}', 1)");
    let forged = claims(BOB, r#", "user_metadata": {"role": "admin"}"#);
    each_major("user-metadata-trust", &rows, &forged, "select count(*) from public.payouts", [Ok(2), Ok(1)]);
}

#[test]
fn a_loose_pattern_lets_other_domains_in() {
    let other = claims(BOB, r#", "email": "mallory@evilcorp.com""#);
    let rows = "insert into playbooks values (1)";
    each_major("email-trust", rows, &other, "select count(*) from public.playbooks", [Ok(1), Ok(0)]);
}

#[test]
fn a_circle_of_policies_is_an_error() {
    let rows = format!("insert into crew values (1, '{BOB}'), (1, '{ALICE}'), (2, '{ALICE}')");
    each_major("policy-recursion", &rows, &claims(BOB, ""), "select count(*) from public.crew", [Err("42P17"), Ok(2)]);
}

#[test]
fn the_second_membership_is_an_error() {
    let rows = format!("insert into seats values (1, '{BOB}'), (2, '{BOB}'); insert into papers values (1, 1), (2, 2)");
    let query = "select count(*) from public.papers";
    each_major("scalar-subquery-membership", &rows, &claims(BOB, ""), query, [Err("21000"), Ok(2)]);
}

#[test]
fn a_setting_that_was_set_once_is_empty_and_not_null() {
    let meta = find("guc-null-vs-empty").unwrap();
    for major in [15, 17] {
        let stage = Stage::new(major, Platform::SUPABASE);
        let seen = [meta.bad, meta.good].map(|sql| {
            // Somebody before us on this connection.
            stage.execute("begin; set local app.tenant = '1'; commit");
            stage.begin(sql);
            let seen = stage.as_user(&claims(BOB, ""), "select count(*) from public.shifts where id = 1");
            stage.run("insert into shifts values (1, 1)");
            let with_row = stage.as_user(&claims(BOB, ""), "select count(*) from public.shifts");
            stage.rollback();
            (seen.unwrap_or(0), with_row)
        });
        assert_eq!(seen.map(|(_, s)| s), [Err("22P02".to_owned()), Ok(0)], "{major}");
    }
}

#[test]
fn a_function_makes_the_setting_that_policies_trust() {
    let meta = find("guc-tenancy-settable").unwrap();
    for major in [15, 17] {
        let stage = Stage::new(major, Platform::SUPABASE);
        let calls = ["select public.use_tenant('acme')", "select public.use_tenant()"];
        let seen = [meta.bad, meta.good].into_iter().zip(calls).map(|(sql, call)| {
            stage.begin(sql);
            stage.run("insert into leases values (1, 'acme')");
            stage.execute(&format!("select set_config('request.jwt.claims', '{}', true)", claims(BOB, "")));
            stage.execute("set local role authenticated");
            stage.execute(call);
            let row = block_on(stage.client.query_one("select count(*) from public.leases", &[])).unwrap();
            stage.rollback();
            row.get(0)
        });
        assert_eq!(seen.collect::<Vec<i64>>(), [1, 0], "{major}");
    }
}

#[test]
fn an_immutable_identity_is_kept_in_the_plan() {
    let meta = find("immutable-identity").unwrap();
    for major in [15, 17] {
        let stage = Stage::new(major, Platform::SUPABASE);
        let seen = [meta.bad, meta.good].map(|sql| {
            stage.begin(sql);
            stage.run(&format!("insert into wallets values (1, '{ALICE}', 1), (2, '{BOB}', 1)"));
            stage.execute("set local plan_cache_mode = force_generic_plan; set local role authenticated");
            stage.execute("prepare mine as select id from public.wallets");
            let owners = [ALICE, BOB].map(|user| {
                stage.execute(&format!("select set_config('request.jwt.claims', '{}', true)", claims(user, "")));
                let messages = block_on(stage.client.simple_query("execute mine")).unwrap();
                messages.iter().find_map(|m| match m {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                })
            });
            stage.execute("reset role; deallocate mine");
            stage.rollback();
            owners.map(Option::unwrap_or_default)
        });
        assert_eq!(seen, [["1", "1"], ["1", "2"]], "{major}");
    }
}

#[test]
fn users_without_an_account_read_what_members_read() {
    let rows = format!("insert into reviews values (1, '{ALICE}'); insert into public.reviews values (2, '{BOB}')");
    let anonymous = claims(BOB, r#", "is_anonymous": true"#);
    for major in [15, 17] {
        let stage = Stage::new(major, Platform::SUPABASE);
        let meta = find("anonymous-signin-reach").unwrap();
        stage.begin(meta.bad);
        stage.run(&format!("{rows}; insert into guides values (1, 'x')"));
        let open = stage.as_user(&anonymous, "select count(*) from public.guides");
        let closed = stage.as_user(&anonymous, "select count(*) from public.reviews");
        stage.rollback();
        assert_eq!([open, closed], [Ok(1), Ok(0)], "{major}");
    }
}

#[test]
fn a_permissive_demand_of_a_second_factor_demands_nothing() {
    let rows = format!("insert into vaults values (1, '{BOB}')");
    let one_factor = claims(BOB, r#", "aal": "aal1""#);
    each_major("aal2-missing", &rows, &one_factor, "select count(*) from public.vaults", [Ok(1), Ok(0)]);
}

#[test]
fn asking_for_a_signed_in_user_shows_everything() {
    let rows = format!("insert into diaries values (1, '{ALICE}'), (2, '{BOB}')");
    each_major("auth-role-predicate", &rows, &claims(BOB, ""), "select count(*) from public.diaries", [Ok(2), Ok(1)]);
}
