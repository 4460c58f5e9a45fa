//! The README's generated parts: the program's help, the table of checks, and what each main command prints. `UPDATE_README=1 cargo test readme` writes
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

/// A command, how many lines of it are shown from the first one on, and a later part by its beginning and length.
type Shown = (&'static str, usize, Option<(&'static str, usize)>);

/// What each main command prints of the small project in `tests/suite/tour`, in this order.
const TOUR: &[Shown] = &[
    ("pgwitness check", 29, None),
    ("pgwitness check --base base", 11, None),
    ("pgwitness diff base supabase/migrations", 20, None),
    ("pgwitness check --output json=audit.json --quiet", 2, None),
    ("pgwitness report --from audit.json --framework soc2", 27, None),
    ("pgwitness init", 2, None),
    ("cat policies/access.toml", 40, None),
    ("pgwitness audit supabase/migrations", 8, None),
    ("pgwitness test supabase/migrations", 6, Some(("Who can do what", 24))),
    ("pgwitness matrix supabase/migrations --relation public.*", 20, None),
    ("pgwitness matrix supabase/migrations --why anon public.notes select", 30, None),
    ("pgwitness explain rls-no-permissive", 12, None),
];

/// The commands of the tour as a session, cut where the rest says little.
fn tour() -> String {
    let dir = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/tour"), dir.path());
    let mut text = String::new();
    for (line, shown, part) in TOUR {
        let printed = printed(line, dir.path());
        let all: Vec<_> = printed.trim_end().lines().collect();
        let mut told: Vec<_> = all.iter().take(*shown).copied().collect();
        let mut end = told.len();
        if let Some((start, lines)) = part {
            let from = all.iter().position(|line| line.starts_with(start)).unwrap();
            told.push("...");
            told.extend(all.iter().skip(from).take(*lines));
            end = from + lines;
        }
        told.extend((end < all.len()).then_some("..."));
        writeln!(text, "```console\n$ {line}\n{}\n```\n", told.join("\n").trim_end()).unwrap();
    }
    text
}

/// What a line of a session prints; `cat` shows a file.
fn printed(line: &str, here: &Path) -> String {
    if let Some(file) = line.strip_prefix("cat ") {
        return std::fs::read_to_string(here.join(file)).unwrap();
    }
    let mut command = Command::new(program());
    command.args(line.split(' ').skip(1)).current_dir(here).env_clear();
    for name in ["PATH", "HOME", "XDG_CACHE_HOME", "PGWITNESS_CACHE_DIR"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let output = command.env("COLUMNS", "100").env("SOURCE_DATE_EPOCH", "1795693200").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

#[test]
fn generated_parts_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let fresh = with(&with(&readme, "help", &help()), "checks", &checks());
    let fresh = with(&fresh, "tour", &tour());
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
