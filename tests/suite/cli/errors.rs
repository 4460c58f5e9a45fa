//! Wrong command lines, wrong files, wrong URLs: each a clear error, a help line, and the documented exit code.

use super::{command, pgwitness, run};

#[track_caller]
fn refused(arguments: &[&str], code: i32, message: &str, help: &str) {
    let outcome = pgwitness(arguments).ends_with(code);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains(message), "no `{message}` in:\n{}", outcome.stderr);
    assert!(outcome.stderr.contains(help), "no `{help}` in:\n{}", outcome.stderr);
}

#[test]
fn mistyped_words_get_a_suggestion() {
    refused(&["audti"], 2, "unrecognized subcommand 'audti'", "'audit'");
    refused(&["audit", "--demmo"], 2, "unexpected argument '--demmo'", "'--demo'");
    refused(&["audit", "--fail-on", "hgih"], 2, "invalid value 'hgih'", "'high'");
    refused(&["explain", "rls-of-exposed"], 2, "there is no check `rls-of-exposed`", "did you mean `rls-off-exposed`?");
    refused(&["explain", "nonsense"], 2, "there is no check `nonsense`", "pgwitness checks");
    refused(&["explain", "0123456789abcdef"], 2, "no report was given", "--report");
    refused(&["audit", "--output", "yaml=x"], 2, "`yaml` is none of human, json", "--help");
    refused(&["audit", "--statement-timeout", "5"], 2, "500ms, 30s or 2min", "--help");
}

#[test]
fn sources_exclude_each_other() {
    refused(&["audit", "--demo", "--snapshot", "x"], 2, "cannot be used with", "Usage");
}

#[test]
fn nothing_named_lists_the_choices() {
    refused(&["audit"], 2, "nothing to audit was named", "--demo");
    refused(&["matrix"], 2, "nothing to audit was named", "DATABASE_URL");
}

#[test]
fn passwords_are_never_repeated() {
    let url = "postgres://app:hunter2@localhost:1/db";
    for arguments in [
        vec!["audit", url],
        vec!["audit", "--db-url", url],
        vec!["audit", url, url],
        vec!["explain", "x", url],
        vec!["audit", "--demo", "--db-url", url],
        vec!["audit", "--db-url", "host=localhost port=1 password=hunter2 user=app dbname=db sslmode=bogus"],
    ] {
        let outcome = pgwitness(&arguments);
        assert_ne!(outcome.code, Some(0));
        assert!(!outcome.stderr.contains("hunter2") && !outcome.stdout.contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn unreachable_and_impossible_databases() {
    refused(&["audit", "--db-url", "postgres://a@127.0.0.1:1/d"], 3, "cannot connect", "help");
    refused(&["audit", "--db-url", "postgres://a@h/d?sslmode=maybe"], 2, "maybe", "help");
    refused(&["audit", "--db-url", "mysql://a@h/d"], 2, "error", "help");
    refused(&["audit", "--db-url", "postgres://a@h:port/d"], 2, "port", "help");
}

#[test]
fn paths_and_snapshots_that_are_none() {
    refused(&["audit", "no/such/folder"], 2, "there is no file or folder `no/such/folder`", "migrations");
    refused(&["audit", "--snapshot", "missing.json"], 2, "cannot read `missing.json`", "");
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("broken.json", "{\n  \"format\": 1,\n  oops\n}");
    write("newer.json", "{\"format\": 999}");
    write("other.json", "{\"name\": \"package\"}");
    write("half.json", "{\n\"format\": 1\n}");
    for (file, message) in [
        ("broken.json", "broken.json:3: not a snapshot"),
        ("newer.json", "snapshot of format 999, and this version reads format 1"),
        ("other.json", "missing field `format`"),
        ("half.json", "half.json:3: not a snapshot: missing field `server`"),
    ] {
        let outcome = run(&mut command(dir.path(), &["audit", "--snapshot", file])).ends_with(2);
        assert!(outcome.stderr.contains(message), "no `{message}` in:\n{}", outcome.stderr);
        assert!(outcome.stderr.contains("help:"), "{}", outcome.stderr);
    }
}

#[test]
fn what_cannot_end_well_ends_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    for (arguments, message, help) in [
        (["audit", "--output", "json=no/such/x.json", "--demo"].as_slice(), "there is no folder `no/such`", "help:"),
        (&["snapshot", "-o", "no/such/x.json", "--demo"], "there is no folder `no/such`", "help:"),
        (&["audit", "empty"], "`empty` holds no .sql file", "name the folder of migrations"),
        (&["audit", "--demo", "--new-tables", "privat"], "invalid value 'privat'", "'private'"),
        (&["audit", "--demo", "--exposed-schemas", "pubic"], "there is no schema `pubic`", "did you mean `public`?"),
    ] {
        let outcome = run(&mut command(dir.path(), arguments)).ends_with(2);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains(message) && outcome.stderr.contains(help), "{}", outcome.stderr);
    }
}

#[test]
fn configuration_is_found_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("a/b");
    std::fs::create_dir_all(&inner).unwrap();
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    std::fs::write(dir.path().join("pgwitness.toml"), "[audit]\nfail_onn = 'low'\n").unwrap();
    let above = run(&mut command(&inner, &["audit"])).ends_with(2);
    assert!(above.stderr.contains("pgwitness.toml:2: unknown field `fail_onn`"), "{}", above.stderr);
    assert!(above.stderr.contains("did you mean `fail_on`?"), "{}", above.stderr);

    let other = dir.path().join("other.toml");
    std::fs::write(&other, "[database]\nurl = 'postgres://u:hunter2@127.0.0.1:1/d'\n").unwrap();
    let given = run(command(&inner, &["audit"]).env("PGWITNESS_CONFIG", &other)).ends_with(3);
    assert!(given.stderr.contains("[database] url in") && given.stderr.contains("cannot connect"), "{}", given.stderr);
    assert!(!given.stderr.contains("hunter2"), "{}", given.stderr);

    let missing = run(&mut command(&inner, &["audit", "--config", "nowhere.toml"])).ends_with(2);
    assert!(missing.stderr.contains("cannot read `nowhere.toml`"), "{}", missing.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let here = tempfile::tempdir().unwrap();
    let mut child = command(here.path(), &["schema", "snapshot"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
