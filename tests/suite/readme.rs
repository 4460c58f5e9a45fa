//! The README's generated parts: the program's help and the table of checks. `UPDATE_README=1 cargo test readme` writes
//! them anew.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use pgwitness::checks::all;

use crate::support::program;

/// The README with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced.
fn with(readme: &str, name: &str, generated: &str) -> String {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (head, rest) = readme.split_once(&begin).unwrap();
    let (_, tail) = rest.split_once(&end).unwrap();
    format!("{head}{begin}\n{generated}{end}{tail}")
}

fn help() -> String {
    let output = Command::new(program()).arg("--help").env_clear().env("COLUMNS", "100").output().unwrap();
    format!("```text\n{}```\n", String::from_utf8(output.stdout).unwrap())
}

fn checks() -> String {
    let mut table = "| check | finds | at worst |\n|---|---|---|\n".to_owned();
    for meta in all() {
        writeln!(table, "| `{}` | {} | {} |", meta.id, meta.title, meta.severity.word()).unwrap();
    }
    table
}

#[test]
fn generated_parts_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let fresh = with(&with(&readme, "help", &help()), "checks", &checks());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    } else {
        assert!(readme == fresh, "README.md is out of date: UPDATE_README=1 cargo test readme");
    }
}

/// A dependency without a reason is one too many.
#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let (_, rest) = include_str!("../../README.md").split_once("| crate | for |").unwrap();
    let (table, _) = rest.split_once("\n\n").unwrap();
    let reasons: Vec<_> = table.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).collect();
    for section in ["dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            assert!(reasons.contains(&name.as_str()), "README.md does not say what {name} is for");
        }
    }
}

#[test]
fn the_excerpt_is_what_the_demo_prints() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("cut short:\n\n```text\n").unwrap();
    let (excerpt, _) = rest.split_once("```").unwrap();
    let output = Command::new(program()).args(["audit", "--demo", "--quiet"]).env("COLUMNS", "100").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let printed: Vec<_> = printed.lines().collect();
    let lines: Vec<_> = excerpt.lines().filter(|l| !l.is_empty() && !l.contains("...")).collect();
    assert!(lines.len() > 40, "{excerpt}");
    for line in lines {
        assert!(printed.contains(&line), "the demo does not print `{line}`");
    }
}
