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
