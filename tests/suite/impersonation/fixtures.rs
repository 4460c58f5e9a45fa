//! The fixtures, on the Supabase platform, connected as `postgres`: no superuser, but one that bypasses row security.

use super::world::{options, outcome, schema_of, test_with};
use crate::support::{block_on, connect, server};
use pgwitness::analyzer::effective::Effective;
use pgwitness::checks::{self, Context};
use pgwitness::finding::{Confidence, Finding, Findings};
use pgwitness::impersonation::{Agreement, Tested, confirm};
use pgwitness::report::ProbeOutcome;
use pgwitness::shadow::{Platform, apply};
use std::path::Path;

/// Applies a fixture with its seed, audits it and holds the findings against the server.
fn audited(fixture: &str) -> (Vec<Finding>, Tested, Agreement) {
    let server = server(17, Platform::SUPABASE);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures").join(fixture);
    block_on(apply(&server, "postgres", &path, true)).unwrap_or_else(|e| panic!("{e}"));
    let client = connect(&server, "postgres", "postgres");
    let schema = schema_of(&client);
    let cx = Context::new(&schema, None);
    let mut out = Findings::new(&schema.files);
    checks::run_all(&cx, &mut out);
    let mut findings = out.finish().0;
    let effective = Effective::new(&schema, None);
    let tested = test_with(&[&client], &schema, &options());
    let agreement = confirm(&mut findings, &tested, &effective);
    (findings, tested, agreement)
}

#[test]
fn leaks_of_the_leaky_application_are_seen() {
    let (findings, tested, agreement) = audited("leaky-saas");
    assert!(agreement.contradictions.is_empty() && agreement.not_reproduced.is_empty(), "{agreement:?}");
    for check in [
        "auth-users-view",
        "definer-view",
        "definer-view-chain",
        "matview-exposed",
        "partition-child-direct",
        "policy-tautology",
        "rls-off-exposed",
        "rls-off-with-policies",
    ] {
        let confirmed = |f: &&Finding| f.check == check && f.confidence == Confidence::Confirmed;
        assert!(findings.iter().any(|f| confirmed(&f)), "{check} was not confirmed");
    }
    assert_eq!(outcome(&tested, "anon", "api_keys"), ProbeOutcome::Refused);
    assert_eq!(outcome(&tested, "a signed-in user", "tasks"), ProbeOutcome::Hidden);
    let of_reporting = |f: &Finding| f.evidence.iter().filter(|e| e.text.contains("as reporting")).count();
    assert!(findings.iter().all(|f| of_reporting(f) <= 1), "said once, not for each relation");
}

#[test]
fn the_sound_application_shows_only_what_is_public() {
    let (_, tested, agreement) = audited("sound-saas");
    assert!(agreement.contradictions.is_empty() && agreement.not_reproduced.is_empty(), "{agreement:?}");
    for probe in &tested.probes {
        match &probe.outcome {
            ProbeOutcome::Seen { .. } => assert_eq!(probe.relation.name, "plans"),
            ProbeOutcome::Error { .. } => panic!("{probe:?}"),
            _ => {}
        }
    }
    assert!(tested.probes.iter().any(|p| p.outcome == ProbeOutcome::Hidden), "there were rows to see");
}
