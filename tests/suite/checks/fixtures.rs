//! The leaky application, the same done right, and other sound ones.

use std::path::Path;

use pgwitness::shadow::apply;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Expected {
    finding: Vec<Entry>,
    silent: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    check: Option<String>,
    object: String,
}

fn audited(fixture: &str) -> (Expected, Vec<Finding>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures").join(fixture);
    let expected = std::fs::read_to_string(folder.join("expect.toml")).unwrap();
    let server = server(17, Platform::SUPABASE);
    let migrations = folder.join("supabase/migrations");
    block_on(apply(&server, "postgres", &migrations, false)).unwrap_or_else(|e| panic!("{e}"));
    let client = connect(&server, "postgres", "postgres");
    block_on(client.batch_execute("begin isolation level repeatable read read only")).unwrap();
    let schema = block_on(introspect(&client)).unwrap();
    (toml::from_str(&expected).unwrap(), audit(&schema))
}

/// The name that an expectation uses for what a finding is about.
fn name(finding: &Finding) -> String {
    match &finding.object.schema {
        Some(schema) => format!("{schema}.{}", finding.object.name),
        None => finding.object.name.clone(),
    }
}

#[test]
fn every_planted_defect_is_found() {
    let (expected, findings) = audited("leaky-saas");
    let missed = expected
        .finding
        .iter()
        .filter(|e| !findings.iter().any(|f| Some(&f.check) == e.check.as_ref() && name(f) == e.object));
    let missed: Vec<_> = missed.map(|e| format!("{} on {}", e.check.as_deref().unwrap_or("?"), e.object)).collect();
    let noisy = findings
        .iter()
        .filter(|f| f.severity >= Severity::Medium && expected.silent.iter().any(|e| e.object == name(f)));
    let noisy: Vec<_> = noisy.collect();
    assert!(
        missed.is_empty() && noisy.is_empty(),
        "missed {missed:#?}\nnoisy\n{}\nall\n{}",
        brief(noisy),
        brief(&findings)
    );
    // Nothing beyond what was planted weighs much.
    let planted = |f: &Finding| expected.finding.iter().any(|e| e.object == name(f));
    let others: Vec<_> = findings.iter().filter(|f| f.severity >= Severity::High && !planted(f)).collect();
    assert!(others.is_empty(), "{}", brief(others));
}

#[test]
fn the_sound_ones_are_silent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut silent = 0;
    for name in names.filter(|name| name != "leaky-saas") {
        let (expected, mut findings) = audited(&name);
        findings.retain(|f| f.check != "server-version-flaw");
        assert!(expected.finding.is_empty() && findings.is_empty(), "{name}: {}", brief(&findings));
        silent += 1;
    }
    assert!(silent >= 5, "{silent}");
}
