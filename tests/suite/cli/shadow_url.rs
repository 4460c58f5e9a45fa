//! `--shadow-url`: a scratch database on a server that is somebody's. Nothing else there may change.

use super::{command, run};
use crate::support;
use pgwitness::shadow::{Platform, Server};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::time::{Duration, Instant};

/// All that a server has besides scratch databases: databases, roles with their attributes, memberships, settings and
/// comments, and what was done in the database that was there.
const STATE: &str = "
    select string_agg(line, E'\n' order by line) from (
        select 'database ' || d::text as line from pg_database d where not starts_with(datname, 'pgwitness_scratch_')
        union all select 'role ' || r::text from pg_authid r
        union all select 'member ' || roleid::regrole || member::regrole || admin_option from pg_auth_members
        union all select 'setting ' || setdatabase || setrole::regrole || setconfig::text from pg_db_role_setting
        union all select 'comment ' || description from pg_shdescription s
            where not exists (select from pg_database d where d.oid = s.objoid)
        union all select 'counters ' || (tup_inserted, tup_updated, tup_deleted)::text
            from pg_stat_database where datname = 'prod') lines";

fn text(server: &Server, sql: &str) -> String {
    let client = support::connect(server, "postgres", "postgres");
    let row = support::block_on(client.query_one(sql, &[])).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

fn execute(server: &Server, database: &str, statements: &[&str]) {
    let client = support::connect(server, "postgres", database);
    for sql in statements {
        support::block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    }
}

/// A server with a database, and roles of its own of which one has a name of the platform's.
fn somebodys(major: u32) -> Server {
    let server = support::server(major, Platform::Postgres);
    let roles =
        "create role anon nologin; create role owner login; grant owner to anon; alter role anon set work_mem = '7MB'";
    execute(&server, "postgres", &["create database prod", roles]);
    execute(&server, "prod", &["create table public.orders (id int); insert into public.orders values (1)"]);
    // What a session did is counted when it has ended.
    let sessions = "select count(*)::text from pg_stat_activity where datname = 'prod'";
    wait_until("the session stays", || text(&server, sessions) == "0");
    server
}

fn project(folder: &Path, sql: &str) {
    let migrations = folder.join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::write(migrations.join("1_first.sql"), sql).unwrap();
}

fn scratch_databases(server: &Server) -> String {
    text(server, "select string_agg(datname, ',') from pg_database where starts_with(datname, 'pgwitness_scratch_')")
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn audits_in_a_scratch_database_and_leaves_the_server_as_it_was() {
    for major in support::MAJORS {
        let server = somebodys(major);
        let dir = tempfile::tempdir().unwrap();
        project(
            dir.path(),
            "create table public.notes (id uuid primary key, owner_id uuid);
             alter table public.notes enable row level security;
             create policy own on public.notes to authenticated using (owner_id = auth.uid());
             create role reporter;
             grant select on public.notes to reporter;
             create extension vector with schema extensions;
             alter role anon set statement_timeout = '1s';
             drop role owner;
             do $$ begin alter role owner superuser; end $$;
             alter database prod set work_mem = '1MB';
             reassign owned by owner to anon;",
        );
        let before = text(&server, STATE);
        let url = server.conn_string("postgres");
        let audit = ["audit", "--shadow-url", &url, "--format", "json", "--fail-on", "never"];
        let json = run(&mut command(dir.path(), &audit)).ends_with(3).json();
        assert_eq!(text(&server, STATE), before, "major {major}");
        assert_eq!(scratch_databases(&server), "");
        let gaps: Vec<_> = json["coverage"]["gaps"].as_array().unwrap().iter().collect();
        let refused = gaps.iter().filter(|g| g["what"].as_str().unwrap().contains("(pgwitness)")).count();
        assert_eq!((refused, gaps.len()), (5, 5), "{gaps:?}");
        let sees = |e: &serde_json::Value| e["relation"]["name"] == "notes" && e["principal"] == "authenticated";
        assert!(json["matrix"].as_array().unwrap().iter().any(|e| sees(e) && e["access"] == "some"));
        assert!(json["source"]["notes"].to_string().contains("on the given server: the roles postgres, anon"));
    }
}

#[test]
fn is_dropped_however_the_run_ends_and_after_crashes() {
    let server = somebodys(17);
    let before = text(&server, STATE);
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), "create role reporter; select pg_sleep(60);");
    let url = server.conn_string("postgres");
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let mut child = command(dir.path(), &["audit", "--shadow-url", &url]).spawn().unwrap();
        let sleeps =
            "select count(*)::text from pg_stat_activity where query like '%pg_sleep%' and datname like 'pgwitness%'";
        wait_until("it never ran", || text(&server, sleeps) == "1");
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
        wait_until("the database is left", || scratch_databases(&server).is_empty());
        let begun = Instant::now();
        while text(&server, STATE) != before && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(text(&server, STATE), before, "after {signal:?}");
    }
    // What a killed guard left is known by name and mark; anything else is somebody's.
    let mark = "comment on database pgwitness_scratch_old is 'made by pgwitness for a run, safe to drop'";
    let role = "create role left_over; comment on role left_over is 'made by pgwitness for a run, safe to drop'";
    let made = ["create database pgwitness_scratch_old", mark, "create database pgwitness_scratch_theirs", role];
    execute(&server, "postgres", &made);
    project(dir.path(), "select 1;");
    run(&mut command(dir.path(), &["audit", "--shadow-url", &url])).ends_with(0);
    assert_eq!(scratch_databases(&server), "pgwitness_scratch_theirs");
    execute(&server, "postgres", &["drop database pgwitness_scratch_theirs"]);
    run(&mut command(dir.path(), &["audit", "--shadow-url", &url])).ends_with(0);
    assert_eq!(text(&server, STATE), before);
}

#[test]
fn refuses_what_is_no_place_for_it() {
    let server = somebodys(16);
    let before = text(&server, STATE);
    let dir = tempfile::tempdir().unwrap();
    project(dir.path(), "select 1;");
    let url = server.conn_string("prod");
    let refused = |url: &str, audited: Option<&str>, why: &str| {
        let mut command = command(dir.path(), &["audit", "supabase/migrations", "--shadow-url", url]);
        // What the role may not do is asked where it need not make the platform.
        if ["poor", "shy"].iter().any(|role| url.contains(&format!("'{role}'"))) {
            command.args(["--platform", "postgres"]);
        }
        if let Some(audited) = audited {
            command.env("DATABASE_URL", audited);
        }
        let outcome = run(&mut command).ends_with(3);
        assert!(outcome.stderr.contains(why) && !outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    };
    refused("postgres://u:hunter2@db.abc.supabase.co/postgres", None, "hosted Supabase project");
    refused("postgres://u:hunter2@127.0.0.1:6543/postgres", None, "pooler");
    refused("postgres://u:hunt@er2@127.0.0.1/postgres", None, "`--shadow-url`: the connection URL");
    refused(&url, Some(&server.conn_string("postgres")), "also the server that is audited");
    execute(&server, "postgres", &["create role poor login"]);
    refused(&server.conn_string_as("poor", "postgres"), None, "CREATEDB");
    execute(&server, "postgres", &["drop role poor", "create role shy login createdb"]);
    execute(&server, "postgres", &["alter role shy set default_transaction_read_only = on"]);
    refused(&server.conn_string_as("shy", "postgres"), None, "its sessions are read-only");
    execute(&server, "postgres", &["drop role shy"]);
    assert_eq!(text(&server, STATE), before);
}

/// Without the platform's default grants new tables would look safe, so no such run may begin.
#[test]
fn only_a_superuser_makes_the_platform() {
    for major in [15, 17] {
        let server = support::server(major, Platform::Postgres);
        execute(&server, "postgres", &["create role maker login createdb createrole"]);
        let before = text(&server, STATE);
        let dir = tempfile::tempdir().unwrap();
        project(dir.path(), "create table public.notes (id int);");
        let url = server.conn_string_as("maker", "postgres");
        for more in [&[] as &[&str], &["--allow-partial", "--fail-on", "never"]] {
            for command_name in ["audit", "check"] {
                let shadow: &[&str] = if command_name == "check" { &["--shadow"] } else { &[] };
                let all = [&[command_name, "--shadow-url", &url], shadow, more].concat();
                let refused = run(&mut command(dir.path(), &all)).ends_with(3);
                assert!(refused.stderr.contains("the role `maker` is no superuser"), "{}", refused.stderr);
                assert!(refused.stderr.contains("help: log in as a superuser"), "{}", refused.stderr);
                assert_eq!(refused.stdout, "");
            }
        }
        assert_eq!((text(&server, STATE), scratch_databases(&server)), (before, String::new()), "major {major}");
    }
}

/// Where there is no platform, the role makes what it may, and the files are read as if it ran them.
#[test]
fn a_role_that_is_no_superuser_runs_files_that_need_no_platform() {
    let server = support::server(17, Platform::Postgres);
    execute(&server, "postgres", &["create role maker login createdb createrole", "create role reader login"]);
    let before = text(&server, STATE);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("1.sql"),
        "create table public.notes (id int);\ngrant select on public.notes to public;\n",
    )
    .unwrap();
    let url = server.conn_string_as("maker", "postgres");
    let check = ["check", "1.sql", "--shadow", "--shadow-url", &url, "--format", "json", "--fail-on", "never"];
    let json = run(&mut command(dir.path(), &check)).ends_with(0).json();
    let sees =
        |e: &serde_json::Value| e["relation"]["name"] == "notes" && e["principal"] == "reader" && e["access"] == "all";
    assert!(json["matrix"].as_array().unwrap().iter().any(sees), "{}", json["matrix"]);
    assert!(!json["source"]["notes"].to_string().contains("read otherwise"), "{}", json["source"]["notes"]);
    std::fs::write(dir.path().join("2.sql"), "create role strong bypassrls;").unwrap();
    let check = ["check", "1.sql", "2.sql", "--shadow", "--shadow-url", &url];
    run(&mut command(dir.path(), &check)).ends_with(3);
    assert_eq!((text(&server, STATE), scratch_databases(&server)), (before, String::new()));
}

/// What a server makes of the files is held against what we read in them, whoever is concerned; only the roles that the
/// server had before are its own.
#[test]
fn differences_are_told_though_all_their_roles_were_there_before() {
    let server = support::server(17, Platform::Postgres);
    let roles = "create role anon nologin bypassrls; create role authenticated nologin; create role owner login;
                 grant owner to authenticated; alter role anon set work_mem = '7MB'";
    execute(&server, "postgres", &[roles]);
    let url = server.conn_string("postgres");
    let check = |sql: &str| {
        let dir = tempfile::tempdir().unwrap();
        project(dir.path(), sql);
        let check =
            ["check", "--shadow", "--shadow-url", &url, "--format", "json", "--fail-on", "never", "--allow-partial"];
        let json = run(&mut command(dir.path(), &check)).ends_with(0).json();
        json["source"]["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let plain = "create table public.notes (id int primary key, owner uuid);
        alter table public.notes enable row level security;
        create policy own on public.notes to authenticated using (owner = auth.uid());";
    let notes = check(plain);
    assert!(!notes.iter().any(|n| n.contains("read otherwise")), "{notes:?}");
    let untold = notes.iter().find(|n| n.starts_with("not compared with the files")).unwrap();
    assert!(untold.contains("roles anon, authenticated, postgres, which"), "{untold}");
    // A statement that only the server can follow, for a role that was there before.
    let secret = "do $$ declare who text; begin
        select rolname into who from pg_roles where md5(rolname) = md5('authenticated');
        execute format('grant delete on public.other to %I', who); end $$;";
    let other = "create table public.other (id int); revoke all on public.other from anon, authenticated;";
    let notes = check(&format!("{plain}\n{other}\n{secret}"));
    let told = notes.iter().find(|n| n.contains("read otherwise")).unwrap_or_else(|| panic!("{notes:?}"));
    assert!(told.contains("authenticated") && told.contains("public.other"), "{told}");
}

#[test]
fn the_name_of_the_superuser_changes_nothing() {
    let server = support::server(17, Platform::Postgres);
    execute(&server, "postgres", &["create role boss superuser login", "create role reader login"]);
    // A given server need not have a role `postgres`, and then ours is as a project's.
    let boss = support::connect(&server, "boss", "postgres");
    support::block_on(boss.batch_execute("alter role postgres rename to other")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    project(
        dir.path(),
        "create table public.open_one (id uuid primary key default uuid_generate_v4());
         create table public.notes (id int primary key, owner uuid);
         alter table public.notes enable row level security;
         create policy own on public.notes to authenticated using (owner = auth.uid());",
    );
    let check = |more: &[&str]| {
        let check = [&["check", "--shadow", "--format", "json", "--fail-on", "never"], more].concat();
        run(&mut command(dir.path(), &check)).ends_with(0).json()
    };
    let (own, given) = (check(&[]), check(&["--shadow-url", &server.conn_string_as("boss", "postgres")]));
    let found = |json: &serde_json::Value| {
        let findings = json["findings"].as_array().unwrap().iter();
        // The server's own login roles are its own.
        let findings = findings.filter(|f| f["check"] != "bypassrls-login");
        findings.map(|f| (f["check"].to_string(), f["severity"].to_string())).collect::<Vec<_>>()
    };
    assert!(found(&own).iter().any(|(check, _)| check.contains("rls-off-exposed")), "{own}");
    assert_eq!(found(&given), found(&own));
    assert!(!given["source"]["notes"].to_string().contains("bug of pgwitness"), "{}", given["source"]["notes"]);
    let left = "select string_agg(rolname, ',' order by rolname) from pg_roles where not starts_with(rolname, 'pg_')";
    let left: String = support::block_on(boss.query_one(left, &[])).unwrap().get(0);
    assert_eq!(left, "boss,other,reader");
}
