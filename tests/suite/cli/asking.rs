//! `matrix` and `--why` on a real database.

use pgwitness::shadow::Platform;

use super::pgwitness;
use crate::support::{TestDatabase, database};

const SQL: &str = r#"
    do $$ begin create role cli_reader nologin; exception when duplicate_object then null; end $$;
    do $$ begin create role cli_app login; exception when duplicate_object then null; end $$;
    grant cli_reader to cli_app;
    create table public.notes (id int primary key, owner_name text, body text, secret text);
    alter table public.notes enable row level security;
    grant select, delete, truncate on public.notes to cli_reader;
    grant update (body) on public.notes to cli_reader;
    create policy own on public.notes to cli_reader using (owner_name = current_user);
    create policy no_secrets on public.notes as restrictive using (secret is null);
    create policy elsewhere on public.notes for select to pg_monitor using (true);
    create view public.all_notes as select id, body from public.notes;
    grant select on public.all_notes to public;
    create function public.count_notes() returns bigint language sql security definer
        begin atomic select count(*) from public.notes; end;
    create table public.open (id int);
    grant all on public.open to cli_app;
"#;

fn world() -> TestDatabase {
    database(17, Platform::Postgres, SQL)
}

#[test]
fn the_matrix_shows_who_can_do_what() {
    let db = world();
    let text = pgwitness(&["matrix", "--db-url", &db.url, "--role", "cli_app", "--role", "cli_reader"]).ends_with(0);
    insta::assert_snapshot!(text.stdout);
    let json = pgwitness(&["matrix", "--db-url", &db.url, "--relation", "*.notes", "--format", "json"]).ends_with(0);
    let json = json.json();
    let entries = json["matrix"].as_array().unwrap();
    assert!(entries.iter().all(|e| e["relation"]["name"] == "notes") && !entries.is_empty());
    let of = |command: &str| {
        entries.iter().find(|e| e["principal"] == "cli_app" && e["command"] == command).unwrap().clone()
    };
    assert_eq!((&of("SELECT")["access"], &of("INSERT")["access"]), (&"some".into(), &"none".into()));
    assert_eq!(of("UPDATE")["columns"], serde_json::json!(["body"]));
}

#[test]
fn names_that_match_nothing_are_errors_not_empty_tables() {
    let db = database(17, Platform::Postgres, "create table public.\"My Table\" (id int);");
    let matrix = |arguments: &[&str]| {
        let mut all = vec!["matrix", "--db-url", &db.url];
        all.extend(arguments);
        pgwitness(&all)
    };
    for (arguments, help) in [
        (["--relation", "pubic.*"].as_slice(), "did you mean `public.*`?"),
        (&["--relation", "public.*", "--relation", "My Tabel"], "did you mean `My Table`?"),
        (&["--role", "postgrs"], "did you mean `postgres`?"),
        (&["--exposed-schemas", "pubic"], "did you mean `public`?"),
    ] {
        let outcome = matrix(arguments).ends_with(2);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains(help), "{}", outcome.stderr);
    }
    for name in ["My Table", "\"My Table\"", "public.My Table", "public.\"My Table\""] {
        let why = matrix(&["--why", "postgres", name, "select"]).ends_with(0);
        assert!(why.stdout.contains("public.\"My Table\""), "{}", why.stdout);
    }
}

#[test]
fn why_tells_the_whole_chain() {
    let db = world();
    let why = |arguments: &[&str]| {
        let mut all = vec!["matrix", "--db-url", &db.url, "--why"];
        all.extend(arguments);
        pgwitness(&all)
    };
    insta::assert_snapshot!("why_select", why(&["cli_app", "public.notes", "select"]).ends_with(0).stdout);
    insta::assert_snapshot!("why_update", why(&["cli_app", "notes", "UPDATE"]).ends_with(0).stdout);
    insta::assert_snapshot!("why_insert", why(&["cli_app", "notes", "insert"]).ends_with(0).stdout);
    insta::assert_snapshot!("why_truncate", why(&["cli_app", "notes", "truncate"]).ends_with(0).stdout);
    insta::assert_snapshot!("why_view", why(&["cli_app", "all_notes", "select"]).ends_with(0).stdout);
    for (arguments, message, help) in [
        (["cli_ap", "notes", "select"], "there is no role `cli_ap`", "did you mean `cli_app`?"),
        (["cli_app", "public.note", "select"], "there is no relation `public.note`", "did you mean `public.notes`?"),
        (["cli_app", "notes", "selct"], "`selct` is no command", "did you mean `select`?"),
    ] {
        let outcome = why(&arguments).ends_with(2);
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains(help), "{}", outcome.stderr);
    }
    let json = pgwitness(&["matrix", "--db-url", &db.url, "--format", "json", "--why", "cli_app", "notes", "delete"]);
    assert!(json.ends_with(0).json()["condition"].as_str().unwrap().contains("CURRENT_USER"));
}
