//! What is in a project's files beside the schema, from the outside; and that its secrets are printed nowhere.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::{command, run};

/// Put together here, so that no scanner of repositories takes it for a real one.
fn key() -> String {
    ["sb", "_secret_", "h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1"].concat()
}

fn write(dir: &Path, name: &str, text: &str) {
    let file = dir.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text).unwrap();
}

#[test]
fn secrets_are_found_and_never_printed() {
    let dir = tempfile::tempdir().unwrap();
    let secret = key();
    let sql = format!(
        "create table public.t (a text default '{secret}');\nalter table public.t enable row level security;\n\
         create policy p on public.t to anon using (a = '{secret}');\n\
         create function public.f() returns text language sql security definer as $$ select '{secret}'::text $$;\n"
    );
    write(dir.path(), "supabase/migrations/1_a.sql", &sql);
    write(
        dir.path(),
        "supabase/config.toml",
        "[auth]\nminimum_password_length = 4\n\n[functions.x]\nverify_jwt = false\n",
    );
    write(dir.path(), "app/.env", &format!("VITE_KEY={secret}\n"));
    let arguments = ["audit", "supabase/migrations", "--source", "app", "--verbose"];
    let human = run(&mut command(dir.path(), &arguments)).ends_with(1);
    assert!(human.stdout.contains("critical[secret-in-sql]"), "{}", human.stdout);
    assert!(human.stdout.contains("critical[service-key-in-client]"), "{}", human.stdout);
    assert!(human.stdout.contains("supabase/migrations/1_a.sql:1:40"), "{}", human.stdout);
    assert!(human.stdout.contains("config.toml:2:1") && human.stdout.contains("config.toml:5:1"), "{}", human.stdout);
    let mut json = arguments.to_vec();
    json.extend(["--format", "json"]);
    let json = run(&mut command(dir.path(), &json)).ends_with(1);
    let checks = |id: &str| json.json()["findings"].as_array().unwrap().iter().filter(|f| f["check"] == id).count();
    assert_eq!(checks("secret-in-sql"), 1);
    assert_eq!((checks("auth-config-weak"), checks("edge-verify-jwt"), checks("service-key-in-client")), (1, 1, 1));
    // The server repeats a literal that it cannot take.
    write(dir.path(), "supabase/migrations/2_b.sql", &format!("select '{secret}'::int;"));
    let partial = run(&mut command(dir.path(), &arguments)).ends_with(1);
    assert!(partial.stdout.contains("2_b.sql:1"), "{}", partial.stdout);
    let mut strict = arguments.to_vec();
    strict.push("--strict");
    let error = run(&mut command(dir.path(), &strict)).ends_with(3);
    assert!(error.stderr.contains("2_b.sql:1"), "{}", error.stderr);
    for outcome in [&human, &json, &partial, &error] {
        assert!(!outcome.stdout.contains(&secret) && !outcome.stderr.contains(&secret), "{outcome:?}");
    }
}

#[test]
fn other_layouts_and_standard_input() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "db/migrations/1_a.sql",
        "-- migrate:up\ncreate table public.up (a int);\n-- migrate:down\ndrop table public.up;\n",
    );
    let audit = ["audit", "--format", "json", "--fail-on", "never", "--platform", "postgres"];
    let with = |more: &[&str]| {
        let mut all = audit.to_vec();
        all.extend(more);
        command(dir.path(), &all)
    };
    let dbmate = run(&mut with(&["."])).ends_with(0).json();
    assert!(dbmate["coverage"]["examined"]["relations"] == 1, "{}", dbmate["coverage"]);
    let goose = run(&mut with(&["db/migrations", "--layout", "goose"]));
    assert_eq!(goose.code, Some(3), "a file without a section is not examined: {goose:?}");

    let mut child = with(&["-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"\\set x 1\ncreate table public.piped (a int);\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["coverage"]["examined"]["relations"]), (Some(0), &1.into()));

    let error = run(&mut command(dir.path(), &["audit", "db", "--source", "none"]));
    assert!(error.code == Some(2) && error.stderr.contains("cannot read `none`"), "{error:?}");
}
