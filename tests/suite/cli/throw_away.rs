//! Runs that start a server of their own: the example, folders of migrations, and what is left afterwards.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{command, pgwitness, run};

#[test]
fn the_demo_runs_end_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.json");
    let output = format!("json={}", file.display());
    let outcome = pgwitness(&["audit", "--demo", "--output", &output]).ends_with(1);
    assert!(outcome.stdout.contains("can be read by anyone on the internet."), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("(--fail-on)\n"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("throw-away Postgres"), "{}", outcome.stderr);
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(report["source"]["kind"], "shadow");
    assert!(report["summary"]["confirmed"].as_u64().unwrap() >= 5, "{}", report["summary"]);
    let files = report["source"]["files"].as_array().unwrap();
    assert!(files.iter().all(|f| f.as_str().unwrap().starts_with("supabase/")) && files.len() > 5, "{files:?}");
}

#[test]
fn the_sound_application_is_clean() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations-fixtures/sound-saas");
    let outcome = pgwitness(&["audit", folder, "--fail-on", "info"]).ends_with(0);
    assert!(outcome.stdout.starts_with("Nothing wrong was found in "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("no findings\nexit 0"), "{}", outcome.stdout);
}

#[test]
fn a_folder_is_found_from_below_and_a_failing_statement_named() {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::create_dir_all(dir.path().join(".git")).unwrap();
    let file = migrations.join("20250101000000_first.sql");
    let below = dir.path().join("src/deep");
    std::fs::create_dir_all(&below).unwrap();

    std::fs::write(&file, "create table public.mine (id int);\nalter table public.mine enable row level security;\n")
        .unwrap();
    let sound = run(&mut command(&below, &["audit", "--format", "json", "--fail-on", "critical"])).ends_with(0);
    assert!(sound.json()["matrix"].as_array().unwrap().iter().any(|e| e["relation"]["name"] == "mine"));

    std::fs::write(&file, "select 1;\ncreate tabel public.mine (id int);\n").unwrap();
    let broken = run(&mut command(&below, &["audit", "--strict"])).ends_with(3);
    assert!(broken.stderr.contains("_first.sql:2"), "{}", broken.stderr);
    std::fs::write(&file, "select 1;\ncreate tabel public.mine (id int);\ncreate table public.other (id int);\n")
        .unwrap();
    let partial = run(&mut command(&below, &["audit", "--format", "json", "--fail-on", "never"])).ends_with(3);
    let (gap, examined) = (&partial.json()["coverage"]["gaps"][0], &partial.json()["coverage"]["examined"]);
    assert!(gap["what"].as_str().unwrap().contains("(42601)") && gap["line"] == 2, "{gap}");
    assert_eq!((&examined["statements"], &examined["statements_applied"]), (&3.into(), &2.into()));
    assert!(partial.json()["matrix"].as_array().unwrap().iter().any(|e| e["relation"]["name"] == "other"));
    run(&mut command(&below, &["audit", "--fail-on", "never", "--allow-partial"])).ends_with(0);
}

#[test]
fn new_tables_are_granted_as_asked_or_as_the_project_says() {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::write(migrations.join("1_first.sql"), "create table public.notes (id int, body text);").unwrap();
    let audit = |more: &[&str], code| {
        let mut arguments = vec!["audit"];
        arguments.extend(more);
        run(&mut command(dir.path(), &arguments)).ends_with(code).stdout
    };
    assert!(audit(&[], 1).contains("(`--new-tables private` assumes the opposite)"));
    assert!(audit(&["--new-tables", "private"], 0).contains("no findings"));
    std::fs::write(dir.path().join("supabase/config.toml"), "[api]\nauto_expose_new_tables = false\n").unwrap();
    let text = audit(&[], 0);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("from supabase/config.toml: new tables of public are not granted"), "{text}");
    let text = audit(&["--new-tables", "exposed"], 1);
    assert!(text.contains("public.notes is open to anon") && !text.contains("is a dump"), "{text}");

    // A dump's own grants do not take back what the platform adds.
    let dump = "SELECT pg_catalog.set_config('search_path', '', false);\ncreate table public.notes (id int);\n\
                REVOKE ALL ON TABLE public.notes FROM PUBLIC;\n";
    std::fs::write(migrations.join("1_first.sql"), dump).unwrap();
    assert!(audit(&["--new-tables", "exposed"], 1).contains("1_first.sql is a dump"));
    assert!(!audit(&[], 0).contains("is a dump"));
}

#[test]
fn an_interrupted_run_ends_cleanly() {
    use rustix::process::{Pid, Signal, kill_process};
    let here = tempfile::tempdir().unwrap();
    let mut child =
        command(here.path(), &["audit", "--demo"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // What it says first it says when it has begun, however long a busy machine takes for that.
    let mut said = BufReader::new(child.stderr.take().unwrap());
    said.read_line(&mut String::new()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if begun.elapsed() > Duration::from_secs(60) => panic!("still running"),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(status.code(), Some(130), "{status:?}");
}
