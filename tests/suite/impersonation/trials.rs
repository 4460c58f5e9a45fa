//! Everything tried as everybody on rows of our own: fixtures on every major, and whether a proof that leaks is noticed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{MAJORS, binaries, program};
use serde_json::Value;

/// The JSON report of an audit, and its exit code.
pub(super) fn audit(folder: &Path, major: u32, more: &[&str]) -> (Value, i32) {
    let mut command = Command::new(program());
    command.arg("audit").arg(folder).args(["--format", "json"]).args(more);
    let output = command.arg("--pg-bin").arg(binaries(major).bin()).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text);
    let report = report.unwrap_or_else(|e| panic!("{e}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code().unwrap())
}

pub(super) fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures").join(name)
}

/// The surprises of a report, as sentences by their kind.
pub(super) fn surprises(report: &Value, kind: &str) -> Vec<String> {
    let of = |trial: &Value| {
        let surprise = trial.get("surprise").filter(|s| s["kind"] == kind)?;
        Some(surprise["text"].as_str()?.to_owned())
    };
    report["trials"].as_array().unwrap().iter().filter_map(of).collect()
}

pub(super) fn notes(report: &Value) -> String {
    report["source"]["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// An application of one table whose rule it keeps to or not, by its policies.
pub(super) fn project(policies: &str, rule: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::create_dir_all(dir.path().join("policies")).unwrap();
    let table = "create table public.notes (id bigint generated always as identity primary key, \
                 owner_id uuid not null references auth.users, body text not null default '');
                 alter table public.notes enable row level security;";
    std::fs::write(migrations.join("1_notes.sql"), format!("{table}\n{policies}")).unwrap();
    std::fs::write(dir.path().join("policies/access.toml"), rule).unwrap();
    dir
}

pub(super) const OWN: &str =
    "[[rule]]\non = 'public.notes'\nrole = 'authenticated'\nall = 'owner_id = auth.uid()'\nmode = 'exactly'\n";

/// What came of an action of a persona.
fn outcome<'r>(report: &'r Value, persona: &str, action: &str) -> &'r Value {
    let is = |t: &&Value| t["persona"] == persona && t["action"] == action && t["relation"]["name"] == "notes";
    let trial = report["trials"].as_array().unwrap().iter().find(is);
    trial.unwrap_or_else(|| panic!("{persona} did not try {action}"))
}

#[test]
fn every_command_is_tried_and_told_apart() {
    let own = "create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
               grant truncate on public.notes to authenticated;";
    for major in MAJORS {
        let dir = project(own, OWN);
        let (report, _) = audit(dir.path(), major, &["--fail-on", "never"]);
        tells_apart(&report, major);
    }
}

fn tells_apart(report: &Value, major: u32) {
    let result = |persona, action| {
        let outcome = &outcome(report, persona, action)["outcome"];
        (outcome["result"].as_str().unwrap().to_owned(), outcome["rows"].as_u64().unwrap_or_default())
    };
    let seen = |rows| ("seen".to_owned(), rows);
    let (hidden, refused) = (("hidden".to_owned(), 0), ("refused".to_owned(), 0));
    for (persona, action, expected) in [
        ("user 1 of tenant 1", "select", seen(1)),
        ("user 4 of both tenants", "select", seen(2)),
        ("a signed-in user", "select", hidden.clone()),
        ("user 1 of tenant 1", "insert", seen(1)),
        ("user 1 of tenant 1", "insert_returning", seen(1)),
        ("user 1 of tenant 1", "insert_for_other", refused.clone()),
        ("user 1 of tenant 1", "update_blind", seen(1)),
        ("user 1 of tenant 1", "update_filtered", seen(1)),
        ("user 1 of tenant 1", "give_away", refused.clone()),
        ("user 1 of tenant 1", "merge_update", seen(1)),
        ("user 1 of tenant 1", "merge_delete", seen(1)),
        ("user 1 of tenant 1", "merge_insert", refused.clone()),
        ("user 1 of tenant 1", "upsert", refused),
        ("user 1 of tenant 1", "delete_blind", seen(1)),
        ("user 1 of tenant 1", "delete_filtered", seen(1)),
        ("user 1 of tenant 1", "truncate", seen(5)),
        ("anon", "select", hidden.clone()),
        ("anon", "delete_blind", hidden),
    ] {
        if major > 14 || !action.starts_with("merge") {
            assert_eq!(result(persona, action), expected, "{major}: {persona}: {action}");
        }
    }
    // No request to the Data API empties a table: it is noted, and no surprise.
    assert_eq!(surprises(report, "beyond"), [""; 0]);
    assert_eq!(surprises(report, "missing"), [""; 0]);
    let noted = "authenticated may empty public.notes by TRUNCATE, which takes SQL";
    assert!(notes(report).contains(noted), "{}", notes(report));
    assert_eq!(outcome(report, "user 1 of tenant 1", "select")["expected"], "exactly `owner_id = auth.uid()`");
}

#[test]
fn who_speaks_sql_may_not_empty_what_rules_deny() {
    let tables = "create role clerk login; create table notes (id int primary key, body text);
        grant select, delete, truncate on notes to clerk;
        create table kept (id int primary key, body text); grant select, delete on kept to clerk;";
    let rule = |on: &str| format!("[[rule]]\non = '{on}'\nrole = 'clerk'\nselect = true\ndelete = 'id < 0'\n");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("1_notes.sql"), tables).unwrap();
    let rules = dir.path().join("rules.toml");
    std::fs::write(&rules, rule("public.notes") + &rule("public.kept")).unwrap();
    let (report, _) = audit(dir.path(), 17, &["--rules", rules.to_str().unwrap()]);
    let beyond = surprises(&report, "beyond");
    let truncates =
        |on: &str| beyond.iter().any(|text| text.starts_with(&format!("as clerk, truncate on public.{on} ")));
    assert!(truncates("notes") && !truncates("kept"), "{beyond:?}");
}

#[test]
fn leaks_and_lock_outs_are_told_with_a_script_that_shows_them() {
    let wide = "revoke truncate on public.notes from anon, authenticated;
        create policy own on public.notes for select to authenticated using (owner_id = auth.uid());
        create policy blind on public.notes for delete to authenticated using (true);";
    let dir = project(wide, OWN);
    let (report, code) = audit(dir.path(), 16, &[]);
    assert_eq!(code, 1);
    let beyond = surprises(&report, "beyond");
    let expected = "as user 1 of tenant 1, delete without a filter on public.notes reached 4 rows that the rule at ";
    assert!(beyond.iter().any(|text| text.starts_with(expected)), "{beyond:?}");
    let mut told = report["trials"].as_array().unwrap().iter().filter_map(|t| t.get("surprise"));
    assert!(told.all(|s| s["rule"] == "owner_id = auth.uid()"));
    assert!(beyond.iter().all(|text| text.contains("delete")), "{beyond:?}");
    let script = |action| {
        let all = report["trials"].as_array().unwrap().iter().filter(|t| t["action"] == action);
        let scripts = all.filter_map(|t| t["surprise"]["reproduce"]["sql"].as_str());
        let scripts: Vec<_> = scripts.collect();
        scripts.last().map(|script| (*script).to_owned()).unwrap_or_else(|| panic!("no script of {action}"))
    };
    assert!(script("delete_blind").contains("\ndelete from public.notes;\n\nrollback;"), "{}", script("delete_blind"));
    let confirmed = |f: &Value| f["check"] == "rule-exceeded" && f["confidence"] == "confirmed";
    assert!(report["findings"].as_array().unwrap().iter().any(confirmed));

    let closed = "revoke truncate on public.notes from anon, authenticated;";
    let (report, _) = audit(project(closed, OWN).path(), 16, &[]);
    assert_eq!(surprises(&report, "beyond"), [""; 0]);
    let missing = surprises(&report, "missing");
    assert!(
        missing.iter().any(|t| t.starts_with("as user 1 of tenant 1, select on public.notes did not reach 1 row")),
        "{missing:?}"
    );
}

#[test]
fn declared_tests_run_as_declared_personas() {
    let own = "revoke truncate on public.notes from anon, authenticated;
        create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
        create policy claimed on public.notes for select to authenticated
            using (auth.jwt() ->> 'iss' = 'https://idp.example.com' and current_setting('app.mode', true) = 'all');";
    let tests = r#"
[[persona]]
name = "an outsider"
role = "authenticated"
claims = { sub = "auth0|1234", iss = "https://idp.example.com", org = "$tenant" }

[[persona]]
name = "an auditor"
role = "authenticated"
user = 3
claims = { sub = "$user", iss = "https://idp.example.com" }
settings = { "app.mode" = "all" }

[[test]]
as = "user 1"
do = "select * from notes where owner_id = $other"
rows = 0

[[test]]
as = "an auditor"
do = "select count(*) from notes"
count = 5

[[test]]
as = "an outsider"
do = "select * from notes"
error = "22P02"

[[test]]
as = "user 2"
do = "update notes set owner_id = $other where owner_id = $user"
error = "row-level security"

[[test]]
as = "user 1"
do = "insert into notes (owner_id) values ($user)"
method = "POST"
count = 1

[[test]]
as = "anon"
do = "select * from notes"
rows = 1
"#;
    let dir = project(own, tests);
    let (report, code) = audit(dir.path(), 17, &[]);
    assert_eq!(code, 1, "two tests fail");
    let cases = report["tests"].as_array().unwrap();
    let passed: Vec<_> = cases.iter().map(|c| c["passed"].as_bool().unwrap()).collect();
    assert_eq!(passed, [true, true, true, true, false, false], "{cases:#?}");
    let no_number = "no value, and 1 row (`rows` expects a number of rows)";
    assert_eq!((&cases[4]["expected"], &cases[4]["actual"]), (&"a count of 1".into(), &no_number.into()));
    assert_eq!((&cases[5]["expected"], &cases[5]["actual"]), (&"1 row".into(), &"0 rows".into()));

    std::fs::write(dir.path().join("policies/access.toml"), "[[test]]\nas = 'usr 1'\ndo = 'select 1'\nrows = 1\n")
        .unwrap();
    let mut command = Command::new(program());
    let output = command.arg("audit").arg(dir.path()).arg("--pg-bin").arg(binaries(17).bin()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("access.toml:2:6: there is no persona `usr 1`"), "{said}");
}

#[test]
fn tests_that_init_writes_hold_until_a_policy_is_wider() {
    let own = "create policy own on public.notes for all to authenticated using (owner_id = auth.uid());";
    let dir = project(own, "");
    std::fs::remove_file(dir.path().join("policies/access.toml")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).arg("supabase/migrations").arg("--pg-bin").arg(binaries(15).bin());
        command.current_dir(dir.path()).stdin(Stdio::null()).output().unwrap()
    };
    let output = run(&["init", "--tests"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = std::fs::read_to_string(dir.path().join("policies/tests.toml")).unwrap();
    let test = "[[test]]\nas = \"user 1 of tenant 1\"\ndo = \"delete from public.notes\"\nrows = 1\n";
    assert!(written.contains(test), "{written}");
    for (who, what, came) in [
        ("user 1 of tenant 1", "insert into public.notes (body, owner_id) values (", "rows = 1"),
        ("user 1 of tenant 1", "update public.notes set body = ", "rows = 1"),
        ("anon", "insert into public.notes (body, owner_id) values (", "error = \"42501\""),
    ] {
        let test = |at: &str| at.starts_with(&format!("as = \"{who}\"\ndo = \"{what}")) && at.contains(came);
        assert!(written.split("[[test]]\n").any(test), "{who}: {what}: {written}");
    }
    let output = run(&["test"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    let wider = "create policy wide on public.notes for delete to authenticated using (true);";
    std::fs::write(dir.path().join("supabase/migrations/2_wide.sql"), wider).unwrap();
    let output = run(&["test"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED"), "{text}");
    assert_eq!(run(&["init", "--tests"]).status.code(), Some(2));
}

#[test]
fn a_test_can_be_a_request_with_its_method_path_headers_and_cookies() {
    let own = "revoke truncate, trigger on public.notes from anon, authenticated;
        create role trials_clerk login; grant usage on schema public to trials_clerk; grant select on public.notes to trials_clerk;
        create policy own on public.notes for all to authenticated using (owner_id = auth.uid());
        create policy keyed on public.notes for select to anon
            using (current_setting('request.headers', true)::json ->> 'x-key' = 'open');
        create function public.before_request() returns void language plpgsql as $$ begin
            if current_setting('request.path') = '/closed' then raise exception 'closed'; end if; end $$;
        alter role authenticator set pgrst.db_pre_request = 'public.before_request';";
    let tests = r#"
[[test]]
as = "anon"
do = "select * from notes"
headers = { "X-Key" = "open" }
rows = 5

[[test]]
as = "anon"
do = "select * from notes"
rows = 0

[[test]]
as = "user 1"
do = "insert into notes (owner_id) values ($user::uuid)"
method = "get"
error = "25006"

[[test]]
as = "user 1"
do = "select 1 where current_setting('request.path') = '/notes' and current_setting('request.method') = 'PATCH' and current_setting('request.cookies')::json ->> 'sid' = $user"
method = "PATCH"
path = "/notes"
cookies = { sid = "$user" }
rows = 1

[[test]]
as = "user 1"
do = "select 1"
path = "/closed"
error = "closed"
"#;
    let dir = project(own, tests);
    let (report, _) = audit(dir.path(), 16, &["--fail-on", "never", "--allow-partial"]);
    let cases = report["tests"].as_array().unwrap();
    let passed: Vec<_> = cases.iter().map(|c| c["passed"].as_bool().unwrap()).collect();
    assert_eq!(passed, [true; 5], "{cases:#?}");
    let refused = |test: &str| {
        let text = format!("[[test]]\n{test}\ndo = 'select 1'\nrows = 1\n");
        std::fs::write(dir.path().join("policies/access.toml"), text).unwrap();
        let mut command = Command::new(program());
        let output = command.arg("test").arg(dir.path()).arg("--pg-bin").arg(binaries(16).bin()).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = refused("as = 'anon'\nmethod = 'FETCH'");
    assert!(said.contains("access.toml:3:10: `FETCH` is no method of a request"), "{said}");
    let said = refused("as = 'trials_clerk'\npath = '/notes'");
    assert!(said.contains("`trials_clerk` makes no requests: it speaks SQL"), "{said}");
}
