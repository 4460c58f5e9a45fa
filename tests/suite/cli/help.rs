//! Help, version, completions, manual pages and schemas: what the program says of itself.

use super::pgwitness;

const COMMANDS: [&str; 12] = [
    "audit",
    "check",
    "report",
    "matrix",
    "test",
    "snapshot",
    "init",
    "diff",
    "explain",
    "checks",
    "completions",
    "man",
];

#[test]
fn help_of_every_command() {
    insta::assert_snapshot!("help", pgwitness(&["--help"]).ends_with(0).stdout);
    insta::assert_snapshot!("help_short", pgwitness(&["-h"]).ends_with(0).stdout);
    for name in COMMANDS {
        let outcome = pgwitness(&[name, "--help"]).ends_with(0);
        assert_eq!(outcome.stderr, "");
        insta::assert_snapshot!(format!("help_{name}"), outcome.stdout);
    }
}

#[test]
fn version_is_the_package_s() {
    assert_eq!(pgwitness(&["--version"]).ends_with(0).stdout, format!("pgwitness {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn no_command_is_a_usage_error_that_shows_help() {
    let outcome = pgwitness(&[] as &[&str]).ends_with(2);
    assert!(outcome.stderr.contains("Usage: pgwitness") && outcome.stdout.is_empty(), "{outcome:?}");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(pgwitness(&["completions", shell]).ends_with(0).stdout.contains("pgwitness"), "{shell}");
    }
}

#[test]
fn manual_pages() {
    assert!(pgwitness(&["man"]).ends_with(0).stdout.contains(".TH pgwitness 1"));
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man");
    pgwitness(&["man".as_ref(), "--dir".as_ref(), pages.as_os_str()]).ends_with(0);
    let names: Vec<_> = std::fs::read_dir(pages).unwrap().map(|e| e.unwrap().file_name()).collect();
    for name in COMMANDS {
        assert!(names.iter().any(|n| *n == *format!("pgwitness-{name}.1")), "{name} is missing in {names:?}");
    }
}

#[test]
fn the_list_of_checks_in_both_formats() {
    let table = pgwitness(&["checks"]).ends_with(0).stdout;
    let list = pgwitness(&["checks", "--format", "json"]).ends_with(0).json();
    for check in list.as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        assert!(table.contains(id), "{id} is missing in\n{table}");
        let explained = pgwitness(&["explain", id]).ends_with(0).stdout;
        assert!(explained.contains("It fires on") && explained.contains("It is silent on"), "{explained}");
    }
}

#[test]
fn schemas_are_schemas() {
    for kind in ["config", "report", "snapshot"] {
        let schema = pgwitness(&["schema", kind]).ends_with(0).json();
        let unknown = super::schema::errors(&schema, &serde_json::json!({}));
        assert!(unknown.iter().all(|e| !e.contains("not understood")), "{unknown:?}");
    }
}
