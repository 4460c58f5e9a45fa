//! What fails a run: severities at the threshold, and findings that a change makes graver.

use super::{Outcome, command, run};

const TABLE: &str = "create table public.notes (id int primary key, owner_id uuid, body text);\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn check(dir: &tempfile::TempDir, arguments: &[&str]) -> Outcome {
    run(&mut command(dir.path(), &[&["check", "--platform", "supabase"], arguments].concat()))
}

/// A finding of just the severity that is named fails the run, and one below does not.
#[test]
fn findings_at_the_threshold_fail_a_run() {
    let cases = [
        ("critical", "", None),
        (
            "high",
            "alter table public.notes enable row level security;\ncreate policy p on public.notes for select to authenticated using (true);",
            Some("critical"),
        ),
    ];
    for (severity, more, above) in cases {
        let dir = folder(&[("a.sql", &format!("{TABLE}{more}"))]);
        let worst = check(&dir, &["a.sql", "--format", "json", "--fail-on", severity]).ends_with(1).json();
        assert_eq!(worst["findings"][0]["severity"], severity, "{worst:#}");
        above.into_iter().for_each(|above| drop(check(&dir, &["a.sql", "--fail-on", above]).ends_with(0)));
    }
}

/// The same defect of the same object, opened further: to others, or for more commands.
#[test]
fn a_finding_that_opens_more_than_in_the_base_is_no_standing_one() {
    let closed =
        "revoke all on public.notes from anon, authenticated;\ngrant select on public.notes to authenticated;\n";
    let policy = "alter table public.notes enable row level security;\n\
                  create policy p on public.notes for select to authenticated using (true);\n";
    let standing = [
        "",
        "grant select on public.notes to authenticated;\n",
        "create table public.others (id int);\n\
        alter table public.others enable row level security;\n",
    ];
    for (before, after) in [
        (closed, "grant select on public.notes to anon;\n"),
        (closed, "grant delete on public.notes to authenticated;\n"),
        (policy, "alter policy p on public.notes to anon;\n"),
    ] {
        let text = format!("{TABLE}{before}");
        let changed = format!("{text}{after}");
        let dir = folder(&[("old/a.sql", &text), ("new/a.sql", &changed)]);
        let report = check(&dir, &["new", "--base", "old", "--format", "json"]).ends_with(1).json();
        let told = report["findings"][0]["evidence"][0]["text"].as_str().unwrap();
        assert!(told.starts_with("in old: ") || told.contains("in old"), "{after}: {told}");
        for more in standing {
            let dir = folder(&[("old/a.sql", &text), ("new/a.sql", &format!("{text}{more}"))]);
            check(&dir, &["new", "--base", "old"]).ends_with(0);
        }
    }
}

/// An issue that gains in severity says what it was.
#[test]
fn a_graver_finding_says_what_it_was() {
    let config = |value: u32| format!("[auth]\njwt_expiry = {value}\n");
    let migration = (
        "supabase/migrations/1_a.sql",
        "create table public.t (id int);\nalter table public.t enable row level security;",
    );
    let dir = folder(&[
        ("old/supabase/config.toml", &config(7200)),
        ("new/supabase/config.toml", &config(604_800)),
        (&format!("old/{}", migration.0), migration.1),
        (&format!("new/{}", migration.0), migration.1),
    ]);
    let report = check(&dir, &["new", "--base", "old", "--format", "json", "--fail-on", "medium"]).ends_with(1).json();
    let found = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "auth-config-weak").unwrap();
    assert_eq!((&found["severity"], &found["evidence"][0]["text"]), (&"medium".into(), &"it was low in old".into()));
    check(&dir, &["new", "--base", "new", "--fail-on", "medium"]).ends_with(0);
}
