//! The examples once more without a server: the replayed text gives the findings that the catalog gives.

use pgwitness::checks::{CHECKS, Meta};
use pgwitness::finding::Finding;
use pgwitness::migrations::layout::{FileRole, Layout, MigrationFile, Project};
use pgwitness::migrations::replay::{self, Options};
use pgwitness::shadow::Platform;
use std::path::PathBuf;

use super::{audit, brief};

/// What is found after the replay of `sql`, which the replay must accept.
fn findings(meta: &Meta, sql: &str) -> Vec<Finding> {
    let text = format!("set search_path = public, extensions;\n{sql}");
    let file = MigrationFile {
        path: format!("{}.sql", meta.id),
        role: FileRole::Migration,
        version: None,
        parts: std::iter::once(0..text.len()).collect(),
        text,
        transaction: true,
    };
    let project = Project { layout: Layout::Plain, root: PathBuf::new(), files: vec![file], warnings: Vec::new() };
    let options = Options { platform: Platform::SUPABASE, major: 17, exposed_schemas: None, closed: true };
    let replayed = replay::replay(&project, &options);
    assert!(replayed.rejected.is_empty(), "{}: {:#?}", meta.id, replayed.rejected);
    audit(&replayed.schema)
}

#[test]
fn every_check_fires_and_is_silent_without_a_server() {
    let mut complaints = Vec::new();
    // What is a matter of the server alone, no migration says.
    for meta in CHECKS.iter().map(|c| c.meta()).filter(|m| m.id != "server-version-flaw") {
        let bad = findings(meta, meta.bad);
        if !bad.iter().any(|f| f.check == meta.id) {
            complaints.push(format!("{}: the bad example is silent\n{}", meta.id, brief(&bad)));
        }
        let before: Vec<_> = findings(meta, "").into_iter().map(|f| f.fingerprint).collect();
        let good = findings(meta, meta.good);
        let own: Vec<_> = good.iter().filter(|f| f.check == meta.id && !before.contains(&f.fingerprint)).collect();
        if !own.is_empty() {
            complaints.push(format!("{}: the good example fires\n{}", meta.id, brief(own)));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
