//! Write probes on a running database: on request, on a few rows, undone, and not tried where nothing undoes them.

use std::process::{Command, Stdio};

use pgwitness::shadow::Platform;
use serde_json::Value;

use crate::support::{TestDatabase, block_on, database, program};

const APP: &str = "
    do $$ begin create role writes_app login; exception when duplicate_object then null; end $$;
    create table public.own (id int primary key, owner_name text not null);
    alter table public.own enable row level security;
    create policy own on public.own to writes_app using (owner_name = current_user);
    create table public.open (id int primary key, body text);
    create table public.numbered (id bigint generated always as identity primary key, body text);
    create table public.told (id int primary key);
    create function public.tell() returns trigger language plpgsql as $$
        begin perform pg_notify('told', 'x'); return null; end $$;
    create trigger tell after insert or update or delete on public.told for each row execute function public.tell();
    create table public.parents (id int primary key);
    create table public.children (id int primary key, parent_id int references public.parents on delete cascade);
    insert into public.own values (1, 'somebody'), (2, 'writes_app'), (3, 'writes_app');
    insert into public.open select n, 'x' from generate_series(1, 9) n;
    insert into public.numbered (body) values ('x');
    insert into public.told values (1);
    insert into public.parents values (1); insert into public.children values (1, 1);
    grant select, insert, update, delete on all tables in schema public to writes_app;
    revoke insert on public.numbered from writes_app; grant insert (body) on public.numbered to writes_app;
    revoke select on public.children from writes_app; grant select (id) on public.children to writes_app;";

/// All that the tables and the sequence hold.
fn state(db: &TestDatabase) -> String {
    let client = db.connect_as(db.server.superuser());
    let sql = "select concat_ws('|', (select string_agg(x::text, ',' order by id) from own x),
        (select string_agg(x::text, ',' order by id) from open x), (select string_agg(x::text, ',' order by id) from numbered x),
        (select string_agg(x::text, ',' order by id) from told x), (select string_agg(x::text, ',' order by id) from children x),
        (select string_agg(last_value::text, ',') from pg_sequences))";
    block_on(client.query_one(sql, &[])).unwrap().get(0)
}

fn audit(db: &TestDatabase, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut command = Command::new(program());
    command
        .args(["audit", "--db-url", &db.url, "--format", "json", "--fail-on", "never", "--allow-partial"])
        .args(more);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

#[test]
fn writes_are_tried_on_request_and_leave_nothing() {
    let db = database(17, Platform::Postgres, APP);
    let before = state(&db);
    let (_, report, _) = audit(&db, &[]);
    assert!(report["probes"].as_array().unwrap().iter().all(|p| p["command"] == "SELECT" || p["command"] == "select"));
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log.sql");
    let (code, report, said) = audit(&db, &["--allow-write-probes", "--log-sql", log.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(state(&db), before);
    let came = |table: &str, command: &str| {
        let is = |p: &&Value| {
            p["relation"]["name"] == table
                && p["role"] == "writes_app"
                && p["command"].as_str().unwrap().eq_ignore_ascii_case(command)
        };
        let found = report["probes"].as_array().unwrap().iter().find(is);
        let outcome = &found.unwrap_or_else(|| panic!("no {command} on {table}"))["outcome"];
        let reason = outcome["reason"].as_str().unwrap_or_default().to_owned();
        (outcome["result"].as_str().unwrap().to_owned(), outcome["rows"].as_u64().unwrap_or_default(), reason)
    };
    let seen = |rows| ("seen".to_owned(), rows, String::new());
    assert_eq!(came("own", "update"), seen(2), "of three rows two are its own");
    assert_eq!(came("own", "delete"), seen(2));
    assert_eq!(came("own", "insert").0, "refused", "the first row is somebody else's");
    assert_eq!(came("open", "update"), seen(3), "no more than that is touched");
    assert_eq!(came("open", "insert"), seen(1));
    assert_eq!(came("numbered", "update"), seen(1));
    for (table, command, why) in [
        ("numbered", "insert", "id would take a number of its sequence"),
        ("told", "update", "the trigger tell notifies those who listen"),
        ("parents", "delete", "rows of other tables would be deleted"),
        ("children", "update", "may not read the whole table"),
    ] {
        let (result, _, reason) = came(table, command);
        assert!(result == "not_tested" && reason.contains(why), "{table} {command}: {result}: {reason}");
    }
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("update public.open set body = body where (tableoid") && !log.contains("update public.told"));
    let notes = report["source"]["notes"].to_string();
    assert!(notes.contains("UPDATE on public.open reached 3 rows that are there"), "{notes}");
}

#[test]
fn write_probes_are_for_running_databases_only() {
    let output = Command::new(program()).args(["audit", "--demo", "--allow-write-probes"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn writes_are_held_against_rules_and_confirm_what_is_found() {
    let db = database(16, Platform::Postgres, APP);
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("access.toml");
    let rule = |on: &str, what: &str| format!("[[rule]]\non = 'public.{on}'\nrole = 'writes_app'\n{what}\n");
    // `own` keeps to its rule, which stands in no policy's words; of `open` a third is allowed.
    let kept = rule("own", "all = \"owner_name = 'writes_app'\"");
    std::fs::write(&rules, format!("{kept}{}", rule("open", "select = 'true'\nupdate = 'id = 1'\ninsert = 'id > 5'")))
        .unwrap();
    let before = state(&db);
    let rules = rules.to_str().unwrap();
    let verdict = |report: &Value, table: &str, command: &str| {
        let is =
            |v: &&Value| v["relation"]["name"] == table && v["command"] == command && v["question"] == "never_exceeds";
        let found = report["verdicts"].as_array().unwrap().iter().find(is).unwrap();
        (found["verdict"].as_str().unwrap().to_owned(), found["confidence"].as_str().unwrap_or_default().to_owned())
    };
    let (_, report, _) = audit(&db, &["--rules", rules]);
    assert_eq!(verdict(&report, "open", "UPDATE"), ("violated".to_owned(), "proved".to_owned()), "nobody looked");
    let (_, report, said) = audit(&db, &["--rules", rules, "--allow-write-probes"]);
    assert_eq!(state(&db), before);
    assert_eq!(verdict(&report, "open", "UPDATE"), ("violated".to_owned(), "confirmed".to_owned()), "{said}");
    let trial = |table: &str, action: &str| {
        let is = |t: &&Value| t["relation"]["name"] == table && t["action"] == action && t["role"] == "writes_app";
        report["trials"].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("no {action} on {table}")).clone()
    };
    let text =
        |table: &str, action: &str| trial(table, action)["surprise"]["text"].as_str().unwrap_or_default().to_owned();
    let update = text("open", "update_filtered");
    assert!(
        update.contains("UPDATE on public.open reached 2 rows that the rule at "),
        "of three one is allowed: {update}"
    );
    assert!(
        text("open", "insert_for_other").contains("INSERT on public.open reached 1 row"),
        "{}",
        trial("open", "insert_for_other")
    );
    for action in ["update_filtered", "delete_filtered", "insert_for_other"] {
        assert_eq!(text("own", action), "", "{action}");
        assert_eq!(trial("own", action)["expected"], "at most `owner_name = 'writes_app'`");
    }
    let notes = report["source"]["notes"].to_string();
    assert!(notes.contains("reached 2 rows that the rule at "), "{notes}");
    let exposed = report["findings"].as_array().unwrap().iter().filter(|f| f["check"] == "rule-exceeded");
    let confirmed = exposed.filter(|f| f["confidence"] == "confirmed" && f["object"]["name"] == "open").count();
    assert!(confirmed > 0, "{}", report["findings"]);
}

/// What changes between the proof and the write, the proof does not know: that must be told as loudly as a wrong proof.
#[test]
fn a_write_that_reaches_what_a_proof_excludes_ends_the_run_with_four() {
    // Whoever writes to the first table waits, and meanwhile a policy opens the second.
    let slow = "create table public.a_slow (id int primary key);
        insert into public.a_slow select generate_series(1, 3);
        alter table public.a_slow enable row level security;
        create policy slow on public.a_slow to writes_app using (pg_sleep(0.4) is not null);
        grant select, insert, update, delete on public.a_slow to writes_app;";
    let db = database(17, Platform::Postgres, &format!("{APP}{slow}"));
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("access.toml");
    std::fs::write(&rules, "[[rule]]\non = 'public.own'\nrole = 'writes_app'\nall = \"owner_name = 'writes_app'\"\n")
        .unwrap();
    let rules = rules.to_str().unwrap();
    let (code, _, said) = audit(&db, &["--rules", rules, "--allow-write-probes"]);
    assert_eq!(code, Some(0), "nothing changes: {said}");
    let ((code, _, said), opened) = std::thread::scope(|scope| {
        let opening = scope.spawn(|| {
            let client = db.connect_as(db.server.superuser());
            let waits =
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
            for _ in 0..2_000 {
                if block_on(client.query_one(waits, &[])).unwrap().get::<_, i64>(0) > 0 {
                    let open = "create policy wide on public.own to writes_app using (true)";
                    block_on(client.batch_execute(open)).unwrap();
                    return true;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            false
        });
        (audit(&db, &["--rules", rules, "--allow-write-probes"]), opening.join().unwrap())
    });
    assert!(opened, "nobody waited");
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("; it was rolled back, though pgwitness had proved that no row is"), "{said}");
}
