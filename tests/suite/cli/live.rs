//! `audit` and `snapshot` on a real database: the same answer both ways, the contract of the JSON, the exit codes.

use pgwitness::shadow::Platform;
use serde_json::{Value, json};

use super::{command, pgwitness, run};
use crate::support::{TestDatabase, block_on, connect, database, server};

/// A database that speaks like a Supabase project to the platform detection, with a leak and a sound table.
const LEAKY: &str = r#"
    do $$ begin create role cli_live_app login; exception when duplicate_object then null; end $$;
    create table public.sound (id int primary key, owner_name text);
    alter table public.sound enable row level security;
    grant select on public.sound to cli_live_app;
    create policy own on public.sound to cli_live_app using (owner_name = current_user);
    create table public.leak (id int primary key, secret text);
    insert into public.leak values (1, 'x'), (2, 'y');
    grant select on public.leak to cli_live_app;
"#;

fn leaky() -> TestDatabase {
    database(17, Platform::Postgres, LEAKY)
}

#[test]
fn the_report_keeps_its_contract() {
    let db = leaky();
    let outcome = pgwitness(&["audit", "--db-url", &db.url, "--format", "json", "--fail-on", "medium"]).ends_with(1);
    assert!(outcome.stderr.contains("(from --db-url)"), "{}", outcome.stderr);
    let report = outcome.json();
    let schema = pgwitness(&["schema", "report"]).ends_with(0).json();
    let errors = super::schema::errors(&schema, &report);
    assert!(errors.is_empty(), "{errors:#?}");
    for key in ["version", "tool", "source", "summary", "coverage", "findings", "verdicts", "matrix", "probes"] {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    assert_eq!((&report["source"]["kind"], &report["summary"]["exit"]), (&json!("live"), &json!(1)));
    let leak = report["findings"].as_array().unwrap().iter().find(|f| f["object"]["name"] == "leak").unwrap();
    assert_eq!(leak["confidence"], "confirmed", "{leak}");
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["object"]["name"] != "sound"));
    assert!(report["probes"].as_array().unwrap().iter().any(|p| p["outcome"]["result"] == "seen"));
}

#[test]
fn a_snapshot_gives_the_same_report_as_the_database() {
    // Not the shared server: other tests create roles there while this one looks twice.
    let own = server(17, Platform::Postgres);
    let url = own.conn_string("postgres");
    block_on(connect(&own, "postgres", "postgres").batch_execute(LEAKY)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("model.json");
    let name = file.to_str().unwrap();
    pgwitness(&["snapshot", "--db-url", &url, "-o", name]).ends_with(0);
    let printed = pgwitness(&["snapshot", "--db-url", &url]).ends_with(0);
    assert_eq!(printed.stdout, std::fs::read_to_string(&file).unwrap());
    let again = pgwitness(&["snapshot", "--snapshot", name]).ends_with(0);
    assert_eq!(again.stdout, printed.stdout, "a snapshot of a snapshot is the snapshot");

    let report = |arguments: &[&str]| {
        let mut all = vec!["audit", "--format", "json", "--no-probes"];
        all.extend(arguments);
        let mut report = pgwitness(&all).json();
        let source = report["source"].as_object_mut().unwrap();
        assert!(source.remove("kind").is_some() && source.remove("description").is_some());
        source.remove("notes");
        // The two runs may fall into different seconds.
        assert!(report.as_object_mut().unwrap().remove("time").is_some());
        report
    };
    assert_eq!(report(&["--db-url", &url]), report(&["--snapshot", name]));
}

#[test]
fn exit_codes_follow_the_threshold() {
    let db = leaky();
    let exit = |arguments: &[&str]| {
        let mut all = vec!["audit", "--db-url", &db.url];
        all.extend(arguments);
        pgwitness(&all).code
    };
    assert_eq!(exit(&["--fail-on", "never"]), Some(0));
    assert_eq!(exit(&["--fail-on", "info"]), Some(1));
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("pgwitness.toml"), "[audit]\nfail_on = 'info'\nprobes = false\n").unwrap();
    let configured =
        run(command(here.path(), &["audit", "--format", "json"]).env("DATABASE_URL", &db.url)).ends_with(1);
    assert_eq!(configured.json()["probes"], json!([]));
    assert!(configured.stderr.contains("(from DATABASE_URL)"), "{}", configured.stderr);
    let flag = run(command(here.path(), &["audit", "--fail-on", "never"]).env("DATABASE_URL", &db.url));
    flag.ends_with(0);
}

#[test]
fn what_could_not_be_examined_has_its_own_exit_code() {
    let db = leaky();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("model.json");
    let printed = pgwitness(&["snapshot", "--db-url", &db.url]).ends_with(0);
    let mut model: Value = serde_json::from_str(&printed.stdout).unwrap();
    model["gaps"] = json!([{ "what": "functions were not read", "access_control": true }]);
    std::fs::write(&file, model.to_string()).unwrap();
    let name = file.to_str().unwrap();
    let partial = pgwitness(&["audit", "--snapshot", name, "--fail-on", "never"]).ends_with(3);
    assert!(partial.stdout.contains("functions were not read") && partial.stdout.contains("exit 3"), "{partial:?}");
    pgwitness(&["audit", "--snapshot", name, "--fail-on", "never", "--allow-partial"]).ends_with(0);
}

#[test]
fn outputs_go_to_files_as_well_and_findings_can_be_explained() {
    let db = leaky();
    let dir = tempfile::tempdir().unwrap();
    let (json, human) = (dir.path().join("r.json"), dir.path().join("r.txt"));
    let outputs = [format!("json={}", json.display()), format!("human={}", human.display())];
    let arguments =
        ["audit", "--db-url", &db.url, "--color", "always", "--output", &outputs[0], "--output", &outputs[1]];
    let outcome = pgwitness(&arguments);
    assert!(outcome.stdout.contains("\u{1b}["), "{}", outcome.stdout);
    assert!(!std::fs::read_to_string(&human).unwrap().contains('\u{1b}'));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    let fingerprint = report["findings"][0]["fingerprint"].as_str().unwrap();
    let explained = pgwitness(&["explain", fingerprint, "--report", json.to_str().unwrap()]).ends_with(0);
    assert!(explained.stdout.contains(fingerprint), "{}", explained.stdout);
    let wrong = pgwitness(&["explain", "0000000000000000", "--report", json.to_str().unwrap()]).ends_with(2);
    assert!(wrong.stderr.contains("has no finding"), "{}", wrong.stderr);
}

#[test]
fn an_empty_database_is_clean() {
    let db = database(17, Platform::Postgres, "");
    let outcome = pgwitness(&["audit", "--db-url", &db.url]);
    assert!(outcome.stdout.contains("exit 0") || outcome.stdout.contains("exit 1"), "{outcome:?}");
    assert!(outcome.stdout.contains("0 relations, 0 policies"), "{}", outcome.stdout);
    pgwitness(&["matrix", "--db-url", &db.url]).ends_with(0);
}
