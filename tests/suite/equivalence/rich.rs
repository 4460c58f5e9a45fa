//! A database with one object for every field of the model, as its own statements and as pg_dump tells it.

use super::cases::refusals;
use super::compare;
use super::world::{World, gaps, replayed};
use crate::support::MAJORS;
use pgwitness::shadow::Platform;
use std::process::Command;

/// The statements of the introspection suite, for the database `postgres`.
pub(super) fn statements(major: u32) -> String {
    let parts = [
        (14, include_str!("../introspect/rich.sql")),
        (15, include_str!("../introspect/since_15.sql")),
        (16, include_str!("../introspect/since_16.sql")),
        (18, include_str!("../introspect/since_18.sql")),
    ];
    let text: String = parts.into_iter().filter(|(since, _)| major >= *since).map(|(_, sql)| sql).collect();
    text.replace("database rich", "database postgres")
}

/// What is wrong with `text` on both sides; nothing if they agree.
fn wrong(text: &str, major: u32) -> String {
    let (server, refused) = World::new(major, Platform::Postgres).run(text);
    let (replayed, refuses) = replayed(text, major, Platform::Postgres);
    let mut wrong = compare::report(&compare::differences(&replayed.schema, &server), 40);
    wrong.push_str(&refusals(text, &refuses, &refused, true));
    for gap in gaps(&replayed) {
        wrong.push_str(&format!("    gap: {}\n", gap.what));
    }
    wrong
}

#[test]
fn a_rich_database_gives_the_same_model() {
    for major in MAJORS {
        let wrong = wrong(&statements(major), major);
        assert!(wrong.is_empty(), "{major}\n{wrong}");
    }
}

/// The major version of the installed pg_dump, which dumps servers up to its own.
pub(super) fn dumper() -> u32 {
    let out = Command::new("pg_dump").arg("--version").output().unwrap_or_else(|e| panic!("pg_dump is missing: {e}"));
    let text = String::from_utf8(out.stdout).unwrap();
    let version = text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok());
    version.unwrap_or_else(|| panic!("no version in `{text}`"))
}

/// The statements that make roles.
pub(super) fn roles(text: &str) -> String {
    text.lines().filter(|line| line.starts_with("create role ")).map(|line| format!("{line}\n")).collect()
}

/// The roles come first, because pg_dump tells those of no cluster.
#[test]
fn a_dump_of_it_gives_the_same_model() {
    let newest = dumper();
    for major in MAJORS.into_iter().filter(|major| *major <= newest) {
        let text = statements(major);
        let world = World::new(major, Platform::Postgres);
        let _ = world.stay(&text);
        let server = world.server();
        let mut command = Command::new("pg_dump");
        command.args(["--schema-only", "-U", "postgres", "-h"]).arg(server.socket_dir());
        let out = command.args(["-p", &server.port().to_string(), "postgres"]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        // A setting of 17 that every newer pg_dump writes.
        let dump = String::from_utf8(out.stdout).unwrap().replace("SET transaction_timeout = 0;\n", "");
        let dump = format!("{}{dump}", roles(&text));
        let wrong = wrong(&dump, major);
        assert!(wrong.is_empty(), "{major}\n{wrong}");
    }
}
