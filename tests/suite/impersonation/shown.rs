//! Findings that a run on a server of our own confirms: the bad example of each check, and not the good one.

use pgwitness::checks::find;
use serde_json::Value;

use super::trials::audit;

/// What is confirmed by a trial, a door or a script, of what the catalogue of checks says how to see.
const SHOWN: [&str; 47] = [
    "aal2-missing",
    "anonymous-signin-reach",
    "auth-hook-acl",
    "auth-role-predicate",
    "blind-write",
    "captured-column",
    "check-or-merge",
    "createrole-admin",
    "definer-trigger",
    "definer-view-write",
    "email-trust",
    "filter-view-no-barrier",
    "fk-cascade-bypass",
    "grant-option",
    "guc-null-vs-empty",
    "guc-tenancy-settable",
    "immutable-identity",
    "inherit-child-direct",
    "insert-unchecked",
    "leakproof-function",
    "lookup-hidden",
    "matview-exposed",
    "null-owner-match",
    "or-merge-widening",
    "owner-move",
    "owner-reachable",
    "platform-schema-grants",
    "policy-contradiction",
    "policy-function-not-executable",
    "policy-recursion",
    "policy-to-inert-role",
    "public-create",
    "queue-exposed",
    "references-grant",
    "restrictive-gap",
    "role-preset-guc",
    "scalar-subquery-membership",
    "secdef-exposed",
    "secdef-no-caller-binding",
    "secdef-search-path",
    "self-insertable-membership",
    "self-writable-authority",
    "sequence-grant",
    "trigger-grant",
    "uncorrelated-exists",
    "unique-existence-oracle",
    "user-metadata-trust",
];

fn confidences(check: &str, sql: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let migrations = dir.path().join("supabase/migrations");
    std::fs::create_dir_all(&migrations).unwrap();
    std::fs::write(migrations.join("1_example.sql"), sql).unwrap();
    let (report, _) = audit(dir.path(), 17, &["--allow-partial", "--fail-on", "never"]);
    let found = report["findings"].as_array().unwrap().iter().filter(|f| f["check"] == check);
    found.map(|f: &Value| f["confidence"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn bad_examples_are_confirmed_and_good_ones_are_not() {
    let mut wrong = Vec::new();
    for check in SHOWN {
        let meta = find(check).unwrap();
        let bad = confidences(check, meta.bad);
        if !bad.iter().any(|c| c == "confirmed") {
            wrong.push(format!("{check}: {bad:?}"));
        }
        if confidences(check, meta.good).iter().any(|c| c == "confirmed") {
            wrong.push(format!("{check}: the good example"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
