//! `--log-sql` beside the server's own log: every statement that the server saw is in the file, and no other.

use std::path::Path;
use std::process::{Command, Stdio};

use pgwitness::shadow::{Platform, Server, ServerOptions};

use super::trials::OWN;
use super::trials::project;
use crate::support::{self, binaries, block_on, connect, program};

/// A server that logs every statement with the program and process that it is from.
fn server(major: u32) -> Server {
    let settings = [("log_statement", "all"), ("log_line_prefix", "<%a %p> ")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    support::server_with(major, ServerOptions { settings, ..support::options(Platform::Postgres) })
}

/// The statements that the server has seen from us, each with the process that ran it.
fn seen(server: &Server) -> Vec<(String, String)> {
    let log = std::fs::read_to_string(server.log_file()).unwrap();
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut is_ours = false;
    for line in log.lines() {
        if let (true, Some(more), Some((_, last))) = (is_ours, line.strip_prefix('\t'), seen.last_mut()) {
            last.push('\n');
            last.push_str(more);
            continue;
        }
        let ours = line.strip_prefix("<pgwitness ").and_then(|rest| rest.split_once("> LOG:  "));
        let said = ours.and_then(|(process, text)| {
            let executed = || text.strip_prefix("execute ").and_then(|rest| Some(rest.split_once(": ")?.1));
            Some((process.to_owned(), text.strip_prefix("statement: ").or_else(executed)?.to_owned()))
        });
        is_ours = said.is_some();
        seen.extend(said);
    }
    seen
}

fn plain(sql: &str) -> String {
    sql.trim_end().trim_end_matches(';').to_owned()
}

/// Holds the file against the log: what was seen is there, as often, and nothing else is.
fn same(file: &str, seen: &[String]) {
    for sql in seen {
        let (there, here) = (seen.iter().filter(|s| *s == sql).count(), file.matches(&format!("{sql};\n")).count());
        assert!(here >= there, "seen {there} times, and {here} times in the file: {sql}");
    }
    let said: usize = file.lines().filter(|line| !line.starts_with("-- ")).map(|line| line.len() + 1).sum();
    let heard: usize = seen.iter().map(|sql| sql.len() + 2).sum();
    assert_eq!(said, heard, "{file}");
}

const APP: &str = "create role logged_app login; create table public.notes (id int primary key, body text not null);
    alter table public.notes enable row level security;
    create policy own on public.notes to logged_app using (body = current_user);
    create table public.open (id int primary key, at timestamptz default now()); insert into public.open values (1);
    insert into public.notes values (1, 'logged_app'), (2, 'x');
    grant all on public.notes, public.open to logged_app; create view public.shown as select * from public.notes;
    grant select on public.shown to logged_app;";

#[test]
fn the_file_holds_every_statement_of_a_live_audit_and_no_other() {
    for major in [14, 18] {
        let server = server(major);
        block_on(connect(&server, "postgres", "postgres").batch_execute(APP)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("log.sql");
        for more in [&[][..], &["--allow-write-probes"]] {
            let before = seen(&server).len();
            let mut command = Command::new(program());
            command.args(["audit", "--db-url", &server.conn_string("postgres"), "--log-sql"]).arg(&file).args(more);
            command.args(["--fail-on", "never", "--allow-partial"]).stdin(Stdio::null()).current_dir(dir.path());
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let seen: Vec<_> = seen(&server).into_iter().skip(before).map(|(_, sql)| plain(&sql)).collect();
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(seen.len() > 20 && text.starts_with("-- session 1: postgres@"), "{major}: {text}");
            assert!(text.contains("pg_catalog.pg_policy") && text.contains("set local role logged_app"), "{text}");
            same(&text, &seen);
        }
    }
}

#[test]
fn the_file_holds_every_statement_on_a_given_server_replays_among_them() {
    let server = server(17);
    let dir = project(
        "grant select on public.notes to anon; create policy all_see on public.notes for select to anon using (true);",
        &OWN.replace("authenticated", "anon").replace("auth.uid()", "null").replace("exactly", "at-most"),
    );
    let file = dir.path().join("log.sql");
    let mut command = Command::new(program());
    command
        .args(["audit", "supabase/migrations", "--shadow-url", &server.conn_string("postgres"), "--log-sql"])
        .arg(&file);
    command.args(["--fail-on", "never", "--allow-partial", "--format", "json"]);
    let output = command.stdin(Stdio::null()).current_dir(dir.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["verdicts"].to_string().contains("\"confidence\":\"confirmed\""), "{report:#}");
    let text = std::fs::read_to_string(&file).unwrap();
    let all = seen(&server);
    // Another process of ours drops the database in the end, and the file says so.
    let dropping = |sql: &str| sql.starts_with("drop database") && sql.ends_with("with (force)");
    let (guard, _) = all.iter().find(|(_, sql)| dropping(sql)).expect("the database is dropped");
    assert!(text.contains("-- in the end another process drops the database pgwitness_scratch_"), "{text}");
    let ours: Vec<_> = all.iter().filter(|(process, _)| process != guard).map(|(_, sql)| plain(sql)).collect();
    let missing: Vec<_> = ours.iter().filter(|sql| !text.contains(&format!("{sql};\n"))).collect();
    assert!(ours.len() > 500 && missing.is_empty(), "{} of {}: {missing:?}", missing.len(), ours.len());
    assert!(
        text.contains("insert into public.notes") && text.contains("savepoint act; set local role anon;"),
        "{text}"
    );
}

#[test]
fn what_was_said_is_written_also_where_a_run_fails() {
    let server = server(16);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("log.sql");
    let rules = dir.path().join("rules.toml");
    std::fs::write(&rules, "[[rule]]\non = 'public.nothing'\nrole = 'postgres'\nall = false\n").unwrap();
    let audit = |more: &[&Path]| {
        let mut command = Command::new(program());
        command.args(["audit", "--db-url", &server.conn_string("postgres"), "--log-sql"]).arg(&file);
        command.args(more).stdin(Stdio::null()).current_dir(dir.path()).output().unwrap().status.code()
    };
    assert_eq!(audit(&[Path::new("--rules"), &rules]), Some(2));
    assert!(std::fs::read_to_string(&file).unwrap().contains("pg_catalog.pg_policy"));
    let gone = dir.path().join("none/log.sql");
    let mut command = Command::new(program());
    command.args(["audit", "--pg-bin"]).arg(binaries(16).bin()).args(["--demo", "--log-sql"]).arg(&gone);
    assert_eq!(command.stdin(Stdio::null()).output().unwrap().status.code(), Some(2), "before any work");
}
