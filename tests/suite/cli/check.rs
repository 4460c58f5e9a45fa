//! `check`: migrations without a server, positions, comparison with another state, secrets, hostile input.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use pgwitness::shadow::Platform;

use super::{Outcome, command, run};
use crate::support::database;

mod real_projects;

/// A sound table of a Supabase project.
const SOUND: &str = "create table public.notes (id int primary key, owner_id uuid not null, body text);\n\
                     alter table public.notes enable row level security;\n\
                     create policy own on public.notes to authenticated using (owner_id = (select auth.uid()));\n";
/// A leak, in the second statement.
const LEAK: &str = "-- invoices\ncreate table public.invoices (id int primary key, total numeric);\n\
                    grant select on public.invoices to anon;\n";

/// A project in a repository of its own, with one commit.
struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write(files);
        project.git(&["init", "-q", "-b", "main"]);
        project.commit();
        project
    }

    fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let file = self.0.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }

    fn git(&self, arguments: &[&str]) {
        let names = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let output = Command::new("git").arg("-C").arg(self.0.path()).args(names).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    /// Runs `check` where no server can be had and no network is reached.
    fn check(&self, arguments: &[&str]) -> Outcome {
        let mut all = vec!["check"];
        all.extend(arguments);
        run(command(self.0.path(), &all).env("PGWITNESS_PG_BIN", "/nonexistent"))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--format", "json", "--fail-on", "never"];
        all.extend(arguments);
        self.check(&all).ends_with(0).json()
    }
}

fn checks(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["check"].as_str().unwrap()).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn findings_point_at_the_statement_without_any_server() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND)]);
    let clean = project.check(&[]).ends_with(0);
    assert!(clean.stdout.contains("migrations, read without a server"), "{}", clean.stdout);
    project.write(&[("supabase/migrations/2_b.sql", LEAK)]);
    let leaky = project.check(&[]).ends_with(1);
    assert!(leaky.stdout.contains("critical[rls-off-exposed]: public.invoices is open to anon"), "{}", leaky.stdout);
    assert!(leaky.stdout.contains("supabase/migrations/2_b.sql:"), "{}", leaky.stdout);
    assert!(leaky.stdout.contains("create table public.invoices (id int primary key, total numeric);"));
    let report = project.json(&[]);
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "rls-off-exposed").unwrap();
    let place = &finding["locations"][0];
    assert_eq!((&place["file"], &place["span"]["line"]), (&"supabase/migrations/2_b.sql".into(), &2.into()), "{place}");
    let schema = super::pgwitness(&["schema", "report"]).ends_with(0).json();
    assert_eq!(super::schema::errors(&schema, &report), Vec::<String>::new());
    assert_eq!(report["source"]["kind"], "migrations");
    let below = project.0.path().join("supabase/migrations");
    run(&mut command(&below, &["check"])).ends_with(1);
}

#[test]
fn a_folder_that_uses_the_platform_is_read_with_it_also_against_another_state() {
    let project = Project::new(&[("db/1_a.sql", "create table public.notes (id int primary key, owner_id uuid);")]);
    project.write(&[("db/2_b.sql", SOUND.split_once('\n').unwrap().1), ("db/3_c.sql", LEAK)]);
    let found = project.check(&["db"]).ends_with(1);
    assert!(found.stdout.contains("critical[rls-off-exposed]: public.invoices is open to anon"), "{}", found.stdout);
    let told = squeezed(&found.stdout);
    assert!(told.contains("taken for a Supabase project: db/2_b.sql:2 uses `authenticated`"), "{told}");
    // The other state does not show what it is for by itself.
    let changed = project.json(&["--base", "main", "db"]);
    let narrowed = changed["change"]["access"].as_array().unwrap().iter().any(|c| c["direction"] == "narrowed");
    assert!(narrowed, "{changed}");
    project.check(&["--platform", "postgres", "db"]).ends_with(3);
}

#[test]
fn the_files_and_a_throw_away_server_give_the_same_findings_and_places() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("supabase/migrations/2_b.sql", LEAK)]);
    let read = project.json(&["--no-probes"]);
    let audit = ["audit", "supabase/migrations", "--no-probes", "--format", "json", "--fail-on", "never"];
    let audited = run(&mut command(project.0.path(), &audit)).ends_with(0).json();
    let shadow = ["check", "--shadow", "--no-probes", "--format", "json", "--fail-on", "never"];
    let shadowed = run(&mut command(project.0.path(), &shadow)).ends_with(0).json();
    let told = |report: &Value| -> Vec<Value> {
        let all = report["findings"].as_array().unwrap().iter();
        all.map(|f| serde_json::json!([f["fingerprint"], f["severity"], f["locations"]])).collect()
    };
    assert_eq!(told(&read), told(&audited));
    assert_eq!(told(&read), told(&shadowed));
    let notes = shadowed["source"]["notes"].to_string();
    assert!(!notes.contains("the files were read otherwise"), "{notes}");
}

/// What a server of ours cannot run is replaced or left out there, and counts all the same.
#[test]
fn the_files_and_a_throw_away_server_count_the_same_statements() {
    const REPLACED: &str = "create extension if not exists pg_cron;\ncreate extension vector with schema extensions;\n\
        create table public.v (id int primary key, e extensions.vector(3));\n\
        create index on public.v using hnsw (e extensions.vector_l2_ops);\ncomment on extension vector is 'x';\n\
        do $$ begin perform 1; alter table public.v enable row level security; end $$;\nselect nothing;\nselect 'open";
    const ROWS: &str = "copy public.v (id) from stdin;\n1\n2\n\\.\n";
    let files = [("supabase/migrations/1_a.sql", SOUND), ("supabase/migrations/2_b.sql", REPLACED)];
    let project = Project::new(&[files[0], files[1], ("supabase/seed.sql", ROWS)]);
    let counted = |arguments: &[&str]| {
        let all = ["check", "--no-probes", "--format", "json", "--fail-on", "never", "--allow-partial"];
        let report = run(&mut command(project.0.path(), &[&all, arguments].concat())).ends_with(0).json();
        report["coverage"]["examined"].clone()
    };
    let shadowed = counted(&["--shadow"]);
    assert_eq!((&counted(&[])["statements"], &shadowed["statements"]), (&12.into(), &12.into()));
    assert_eq!(shadowed["statements_applied"], 10, "{shadowed}");
}

#[test]
fn findings_of_a_running_database_point_at_its_migrations() {
    let db = database(17, Platform::SUPABASE, &format!("{SOUND}{LEAK}"));
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("supabase/migrations/2_b.sql", LEAK)]);
    project.write(&[("elsewhere/1_x.sql", LEAK), ("named.toml", "[database]\nmigrations = 'elsewhere'\n")]);
    let place = |more: &[&str]| {
        let mut all = vec!["audit", "--db-url", &db.url, "--no-probes", "--format", "json", "--fail-on", "never"];
        all.extend(more);
        let report = run(&mut command(project.0.path(), &all)).ends_with(0).json();
        let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "rls-off-exposed").unwrap();
        (finding["locations"][0]["file"].as_str().unwrap().to_owned(), finding["locations"][0]["span"]["line"].clone())
    };
    assert_eq!(place(&[]), ("supabase/migrations/2_b.sql".to_owned(), 2.into()));
    assert_eq!(place(&["--migrations", "elsewhere"]), ("elsewhere/1_x.sql".to_owned(), 2.into()));
    assert_eq!(place(&["--config", "named.toml"]), ("elsewhere/1_x.sql".to_owned(), 2.into()));
    let missing = ["audit", "--db-url", &db.url, "--migrations", "none"];
    run(&mut command(project.0.path(), &missing)).ends_with(2);
}

#[test]
fn only_what_the_change_makes_worse_is_told() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("supabase/migrations/2_b.sql", LEAK)]);
    let same = project.check(&["--base", "main"]).ends_with(0);
    assert!(same.stdout.starts_with("This change leaves access as it is; it brings no new finding"), "{}", same.stdout);
    assert!(same.stdout.contains("stand in main"), "{}", same.stdout);

    let change = "alter table public.notes disable row level security;\ndrop policy own on public.notes;\n";
    project.write(&[("supabase/migrations/3_c.sql", change)]);
    let worse = project.check(&["--base", "main"]).ends_with(1);
    let text = squeezed(&worse.stdout);
    assert!(text.starts_with("This change widens access in "), "{text}");
    assert!(
        text.contains("widened anon can now read, add, change and delete every row of public.notes (before: nothing)")
    );
    assert!(text.contains("--> supabase/migrations/3_c.sql:1:1 alter table public.notes disable row"));
    assert!(!text.contains("critical[rls-off-exposed]: public.invoices"), "{text}");
    let report = project.json(&["--base", "main"]);
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["object"]["name"] == "notes"), "{report:#}");
    assert!(report["change"]["standing"]["critical"].as_u64().unwrap() >= 1, "{}", report["change"]);
    let widened = |report: &Value| {
        report["change"]["access"].as_array().unwrap().iter().filter(|c| c["direction"] == "widened").count()
    };
    assert!(widened(&report) >= 2);
    // The other way round access is narrowed, by a statement that is new, and nothing is worse.
    project.commit();
    project.git(&["checkout", "-q", "-b", "mend", "HEAD"]);
    project.write(&[("supabase/migrations/4_d.sql", "alter table public.notes enable row level security;\n")]);
    let mended = project.json(&["--base", "main"]);
    assert_eq!((widened(&mended), checks(&mended)[0]), (0, "rls-no-permissive"), "{mended:#}");
    let narrowed =
        mended["change"]["access"].as_array().unwrap().iter().find(|c| c["direction"] == "narrowed").unwrap();
    assert_eq!(narrowed["locations"][0]["file"], "supabase/migrations/4_d.sql", "{narrowed}");
}

#[test]
fn a_loosened_policy_widens_and_so_does_a_dropped_floor() {
    let floor = "create policy floor on public.notes as restrictive to authenticated using (id > 0);\n";
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("supabase/migrations/2_b.sql", floor)]);
    let with = |sql: &str| {
        project.write(&[("supabase/migrations/3_c.sql", sql)]);
        let access = project.json(&["--base", "HEAD"])["change"]["access"].clone();
        access.as_array().unwrap().clone()
    };
    let loosened = with("alter policy own on public.notes using (owner_id = (select auth.uid()) or body = 'x');");
    assert_eq!((loosened.len(), &loosened[0]["direction"]), (1, &"widened".into()), "{loosened:#?}");
    assert!(loosened[0]["witness"]["sql"].as_str().unwrap().contains("set local role authenticated"), "{loosened:#?}");
    let rewritten = with(
        "alter policy own on public.notes using (not (owner_id is distinct from (select auth.uid())) and owner_id is not null);",
    );
    assert!(rewritten.is_empty(), "{rewritten:#?}");
    assert!(loosened[0]["text"].as_str().unwrap().contains("the policy \"own\" on public.notes changed: USING was"));
    assert_eq!(loosened[0]["locations"][0]["span"]["line"], 1);
    let dropped = with("select 1;\ndrop policy floor on public.notes;");
    assert_eq!((dropped.len(), &dropped[0]["direction"]), (1, &"widened".into()), "{dropped:#?}");
    assert_eq!(dropped[0]["locations"][0]["span"]["line"], 2, "{dropped:#?}");
}

#[test]
fn renamed_files_and_reordered_statements_are_no_change() {
    let secret = ["sb", "_secret_", "h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1"].concat();
    let first = format!("{SOUND}-- {secret}\n");
    let project = Project::new(&[("supabase/migrations/1_a.sql", &first), ("supabase/migrations/2_b.sql", LEAK)]);
    project.git(&["mv", "supabase/migrations/1_a.sql", "supabase/migrations/0001_renamed.sql"]);
    let lines: Vec<_> = LEAK.lines().collect();
    let moved = format!(
        "create table public.other (id int);\n\n\n{}\nalter table public.other enable row level security;\n",
        lines[1..].join("\n")
    );
    project.write(&[("supabase/migrations/2_b.sql", &moved)]);
    let report = project.json(&["--base", "main"]);
    assert!(checks(&report).iter().all(|c| *c != "secret-in-sql" && *c != "rls-off-exposed"), "{report:#}");
    assert!(!report["change"]["access"].to_string().contains("invoices"), "{}", report["change"]);
}

#[test]
fn the_other_state_may_be_a_folder_a_file_or_a_snapshot() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("old/supabase/migrations/1_a.sql", SOUND)]);
    project.write(&[("supabase/migrations/2_b.sql", LEAK), ("schema.sql", SOUND)]);
    let all = |base: &str| project.json(&["--base", base, "--platform", "supabase"]);
    for base in ["old/supabase/migrations", "old", "schema.sql"] {
        assert!(checks(&all(base)).contains(&"rls-off-exposed"), "{base}");
    }
    let snapshot = ["snapshot", "old", "-o", "model.json"];
    run(&mut command(project.0.path(), &snapshot)).ends_with(0);
    let report = all("model.json");
    assert!(checks(&report).contains(&"rls-off-exposed"), "{report:#}");
    let access = report["change"]["access"].to_string();
    assert!(access.contains("public.invoices") && !access.contains("public.notes"), "{access}");
    let same = project.json(&["old", "--base", "model.json"]);
    assert_eq!(same["change"]["access"], Value::Array(Vec::new()), "{same:#}");
}

#[test]
fn a_base_that_is_none_is_said_clearly() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND), ("main/x.sql", "select 1;")]);
    let refused = |arguments: &[&str], message: &str, help: &str| {
        let outcome = project.check(arguments).ends_with(2);
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains(help), "{}", outcome.stderr);
    };
    refused(&["--base", "nope"], "git knows no commit `nope`", "folder");
    refused(&["--base", "main"], "`main` is a path and a git ref", "refs/heads/main");
    refused(&["-", "--base", "HEAD"], "standard input is not in `HEAD`", "--base");
    refused(&["--base", "broken.json"], "git knows no commit `broken.json`", "");
    refused(&["--initial-dump", "main"], "`main` is a folder, and one file is wanted", "help:");
    refused(&["none"], "there is no file or folder `none`", "PATH");
    refused(&["-", "-"], "standard input can be read once", "once");
    refused(&["-"], "standard input is empty", "the command before the pipe");
    project.write(&[("new/1_a.sql", SOUND), ("broken.json", "{")]);
    refused(&["new", "--base", "HEAD"], "there is no `new` in `HEAD`", "name a state that has it");
    refused(&["--base", "broken.json"], "not a snapshot", "pgwitness snapshot");
    let alone = tempfile::tempdir().unwrap();
    std::fs::write(alone.path().join("a.sql"), SOUND).unwrap();
    let outcome = run(&mut command(alone.path(), &["check", "a.sql", "--base", "HEAD"])).ends_with(2);
    assert!(outcome.stderr.contains("is in no git repository"), "{}", outcome.stderr);
    let nothing = run(&mut command(alone.path(), &["check"])).ends_with(2);
    assert!(nothing.stderr.contains("there is no supabase/migrations here or above"), "{}", nothing.stderr);
}

#[test]
fn what_is_not_understood_is_named_and_ends_with_its_own_code() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", SOUND)]);
    project.write(&[("supabase/migrations/2_b.sql", "select 1;\ncreate frobnicator x on public.notes;\n")]);
    let outcome = project.check(&[]).ends_with(3);
    assert!(outcome.stdout.contains("supabase/migrations/2_b.sql:2: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("exit 3"), "{}", outcome.stdout);
    project.check(&["--allow-partial"]).ends_with(0);
    project.check(&["--base", "main"]).ends_with(3);
    project.write(&[("supabase/migrations/2_b.sql", "alter table public.nowhere enable row level security;")]);
    project.check(&[]).ends_with(3);
}

#[test]
fn several_paths_are_one_database_and_stdin_is_one() {
    let project =
        Project::new(&[("dump.sql", SOUND), ("more/1_a.sql", "alter table public.notes disable row level security;")]);
    let mut child = command(project.0.path(), &["check", "-", "more", "--platform", "supabase", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(SOUND.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let piped: Value = serde_json::from_slice(&output.stdout).unwrap();
    let named = project.json(&["dump.sql", "more", "--platform", "supabase"]);
    assert_eq!(checks(&piped), checks(&named));
    assert!(
        checks(&named).contains(&"rls-off-with-policies") || checks(&named).contains(&"rls-off-exposed"),
        "{named:#}"
    );
    assert_eq!(named["coverage"]["examined"]["relations"], 1);
}

#[test]
fn secrets_are_printed_nowhere() {
    let secret = ["sb", "_secret_", "h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1"].concat();
    let sql = format!(
        "create table public.t (a text default '{secret}' check (a <> '{secret}'));\n\
         alter table public.t enable row level security;\n\
         create policy p on public.t to anon using (a = '{secret}');\n\
         create function public.f(x text default '{secret}') returns text language sql security definer as $$ select '{secret}'::text $$;\n\
         create function public.g() returns trigger language plpgsql as $$ begin perform '{secret}'; return new; end $$;\n\
         create trigger hook after insert on public.t for each row execute function public.g('{{\"Authorization\":\"Bearer {secret}\"}}');\n\
         create view public.v as select a, '{secret}' as k from public.t;\n\
         alter database postgres set app.token = '{secret}';\n\
         select 'broken {secret}' frobnicate;\n"
    );
    let project = Project::new(&[("supabase/migrations/1_a.sql", "select 1;")]);
    project.write(&[("supabase/migrations/2_b.sql", &sql)]);
    let model = project.0.path().join("model.json");
    for arguments in [
        vec!["check", "--verbose"],
        vec!["check", "--format", "json"],
        vec!["check", "--base", "main", "--verbose"],
        vec!["check", "--base", "main", "--format", "json"],
        vec!["matrix", "supabase/migrations", "--format", "json"],
        vec!["matrix", "supabase/migrations", "--verbose"],
        vec!["matrix", "supabase/migrations", "--why", "anon", "public.t", "select"],
        vec!["snapshot", "supabase/migrations"],
        vec!["snapshot", "supabase/migrations", "-o", "model.json"],
    ] {
        let outcome = run(&mut command(project.0.path(), &arguments));
        let written = std::fs::read_to_string(&model).unwrap_or_default();
        for text in [&outcome.stdout, &outcome.stderr, &written] {
            assert!(!text.contains(&secret), "{arguments:?}:\n{text}");
        }
    }
}

#[test]
fn hostile_names_and_texts_reach_no_terminal() {
    let name = "esc\u{1b}[2J\u{1b}]0;owned\u{7}\nexit 0: nothing";
    let file = "supabase/migrations/1_\u{1b}[31m'\n\".sql";
    let quoted = name.replace('"', "\"\"");
    let sql = format!(
        "create table public.\"{quoted}\" (id int);\ngrant all on public.\"{quoted}\" to anon;\nfrob \u{9b}31m \u{202e};\n"
    );
    let project = Project::new(&[("supabase/migrations/0_a.sql", "select 1;")]);
    project.write(&[(file, &sql)]);
    for more in [
        vec![],
        vec!["--verbose"],
        vec!["--format", "json"],
        vec!["--base", "main"],
        vec!["--base", "main", "--format", "json"],
    ] {
        let outcome = project.check(&more);
        assert!(matches!(outcome.code, Some(1 | 3)), "{more:?}: {outcome:?}");
        for text in [&outcome.stdout, &outcome.stderr] {
            let bad: Vec<_> = text.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
            assert!(bad.is_empty(), "{more:?} lets {bad:?} through:\n{text}");
        }
        assert!(!outcome.stdout.lines().any(|l| l.starts_with("exit 0: nothing")), "{more:?}:\n{}", outcome.stdout);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = Project::new(&[("supabase/migrations/1_a.sql", LEAK)]);
    let mut child = command(project.0.path(), &["check", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.is_empty()),
        (Some(0), true),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
