//! `check` of what it cannot read in full: never an all-clear.

use std::path::Path;

use super::{Outcome, command, run};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = dir.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    dir
}

fn check(here: &Path, arguments: &[&str]) -> Outcome {
    run(&mut command(here, &[&["check", "--platform", "postgres"], arguments].concat()))
}

/// A tool's own code, a folder that nobody names, a file that the tool refuses: each may hold the grant that matters.
#[test]
fn files_that_were_not_read_end_with_their_own_code() {
    const SQL: &str = "create table public.t (id int);";
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("V1__a.sql", SQL), ("afterEachMigrate.sql", "grant all on t to public;")], "is a callback of Flyway"),
        (&[("1_a.sql", "-- +goose Up\ncreate table t (id int);"), ("2_b.go", "x")], "is a migration in Go"),
        (&[("1_a.sql", "-- Up Migration\ncreate table t (id int);"), ("2_b.js", "x")], "is a migration in JavaScript"),
        (&[("1_a.sql", "-- migrate:up\ncreate table t (id int);"), ("2_b.sql", "grant all on t to public;")], "dbmate"),
        (&[("a.sql", SQL), ("more/b.sql", "grant all on t to public;")], "the folder `more` holds one SQL file"),
    ];
    for (files, message) in cases {
        let dir = folder(files);
        let outcome = check(dir.path(), &[".", "--format", "json"]);
        let report = outcome.ends_with(3).json();
        let gaps = report["coverage"]["gaps"].to_string();
        assert!(gaps.contains(message), "{message}: {gaps}");
        check(dir.path(), &[".", "--allow-partial"]).ends_with(0);
    }
}

/// Blocks, calls, triggers and event triggers may do anything: what is not followed of them is named.
#[test]
fn what_only_the_server_can_know_ends_with_its_own_code() {
    const OPENS: &str = "create table public.t (name text);\n\
        create function public.opens(what text) returns void language plpgsql as\n\
        $$ begin execute (select 'grant all on ' || name || ' to public' from public.t); end $$;\n\
        create function public.fires() returns trigger language plpgsql as\n\
        $$ begin execute (select 'grant all on ' || name || ' to public' from public.t); return new; end $$;\n\
        create function public.watches() returns event_trigger language plpgsql as\n\
        $$ begin execute (select 'grant all on ' || name || ' to public' from public.t); end $$;\n\
        create function public.grants() returns void language sql as $$ grant all on public.t to public $$;\n\
        create function public.named(a text, b text default '') returns void language plpgsql as\n\
        $$ begin execute 'grant all on public.t to ' || a; end $$;\n";
    let cases = [
        // What is called is not followed itself.
        "select public.grants();",
        "do $$ begin perform public.grants(); end $$;",
        "select public.named(b => '', a => 'public');",
        "select public.named(name) from public.t;",
        "do $$ declare r record; begin for r in select name from public.t loop \
         execute 'grant all on ' || r.name || ' to public'; end loop; end $$;",
        "do $$ begin execute (select name from public.t); end $$;",
        "select public.opens('t');",
        "do $$ begin perform public.opens('t'); end $$;",
        "create trigger fires after insert on public.t for each row execute function public.fires();\n\
         insert into public.t values ('t');",
        "create event trigger watches on ddl_command_end execute function public.watches();\n\
         create table public.u (id int);",
        "grant nonsense;",
        "alter system set row_security = off;",
    ];
    let quiet = folder(&[("a.sql", OPENS)]);
    check(quiet.path(), &["a.sql"]).ends_with(0);
    for case in cases {
        let dir = folder(&[("a.sql", &format!("{OPENS}{case}\n"))]);
        let report = check(dir.path(), &["a.sql", "--format", "json", "--fail-on", "never"]).ends_with(3).json();
        let gap = &report["coverage"]["gaps"][0];
        assert!(gap["line"].as_u64().is_some_and(|line| line >= 11), "{case}: {gap}");
    }
}

/// What Postgres would refuse is no part of the model, and neither is what it would have granted or taken.
#[test]
fn statements_that_would_be_refused_end_with_their_own_code() {
    for refused in ["alter table public.t add column id int", "revoke all on public.t from nobody_made_it"] {
        let dir = folder(&[("a.sql", &format!("create table public.t (id int);\n{refused};\n"))]);
        let report = check(dir.path(), &["a.sql", "--format", "json"]).ends_with(3).json();
        assert_eq!(report["coverage"]["gaps"][0]["line"], 2, "{refused}");
        check(dir.path(), &["a.sql", "--allow-partial"]).ends_with(0);
    }
}

/// What fails on the throw-away server is left out of the model, and its grants with it.
#[test]
fn statements_that_fail_on_the_server_end_with_their_own_code() {
    let dir = folder(&[("a.sql", "create table public.t (id int);\ngrant select on public.t to nobody_made_it;\n")]);
    let outcome = check(dir.path(), &["a.sql", "--shadow", "--format", "json"]).ends_with(3).json();
    let gap = &outcome["coverage"]["gaps"][0];
    assert_eq!((&gap["line"], &gap["access_control"]), (&2.into(), &true.into()), "{gap}");
    check(dir.path(), &["a.sql", "--shadow", "--allow-partial"]).ends_with(0);
    let strict = check(dir.path(), &["a.sql", "--shadow", "--strict"]).ends_with(3);
    assert!(strict.stderr.contains("a.sql:2"), "{}", strict.stderr);
    let rows = folder(&[("a.sql", "create table public.t (id int);\ninsert into public.t values ('x');\n")]);
    check(rows.path(), &["a.sql", "--shadow"]).ends_with(0);
}
