use std::collections::BTreeSet;

use super::*;
use crate::report::{Report, Suppressed, SuppressedBy};

#[test]
fn every_file_is_read_and_cites_what_there_is() {
    let ids: Vec<_> = all().iter().map(|framework| framework.id.as_str()).collect();
    let wanted = [
        "soc2",
        "iso27001",
        "hipaa",
        "pci-dss",
        "gdpr",
        "cis-postgresql",
        "owasp-asvs",
        "owasp-api",
        "nist-800-53",
        "supabase",
    ];
    assert_eq!(ids, wanted);
    for framework in all() {
        let sources = &framework.checked;
        assert!(!sources.is_empty() && sources.iter().all(|url| url.starts_with("https://")), "{}", framework.id);
        let unique: BTreeSet<_> = framework.controls.iter().map(|c| &c.id).collect();
        assert_eq!(unique.len(), framework.controls.len(), "{}", framework.id);
        for control in &framework.controls {
            let unknown: Vec<_> = control.topics.iter().filter(|name| !topics().contains_key(*name)).collect();
            assert!(unknown.is_empty(), "{} {}: {unknown:?}", framework.id, control.id);
            assert!(control.is_automatic() || control.manual.is_some(), "{} {} says nothing", framework.id, control.id);
        }
    }
}

#[test]
fn every_check_is_in_a_topic_and_every_topic_in_use() {
    let known: BTreeSet<_> = crate::checks::all().into_iter().map(|meta| meta.id).collect();
    let cited: BTreeSet<_> = topics().values().flat_map(|topic| topic.checks.iter().map(String::as_str)).collect();
    assert_eq!(known, cited);
    let used: BTreeSet<_> = all().iter().flat_map(|f| f.controls.iter().flat_map(|c| &c.topics)).collect();
    assert_eq!(used, topics().keys().collect());
}

/// An audit in which every check looked at something, a probe ran, and nothing was found.
fn sound() -> Report {
    let checks: serde_json::Map<_, _> =
        crate::checks::all().into_iter().map(|meta| (meta.id.to_owned(), serde_json::json!(3))).collect();
    let verdict = serde_json::json!({
        "principal": "anon", "relation": { "schema": "public", "name": "notes" }, "command": "SELECT", "row": "old",
        "rule": { "text": "false", "file": "policies/a.toml", "line": 1, "column": 1, "reason": null, "reading": false },
        "question": "never_exceeds", "verdict": "proved", "confidence": "proved", "reason": "r", "condition": "false",
        "decided_by": [], "witness": null, "assumptions": [], "trivial": false,
    });
    serde_json::from_value(serde_json::json!({
        "version": 1, "tool": { "name": "pgwitness", "version": "0" },
        "source": { "kind": "live", "description": "d", "server_version": "17", "platform": "supabase",
                    "exposed_schemas": null, "files": [], "notes": [] },
        "summary": { "verdict": "v", "findings": {}, "confirmed": 0, "exit": 0 },
        "coverage": { "examined": {}, "checks": checks, "gaps": [] },
        "findings": [], "verdicts": [verdict], "matrix": [],
        "probes": [{ "persona": "anon", "role": "anon", "relation": { "schema": "public", "name": "notes" },
                     "command": "SELECT", "outcome": { "result": "hidden" } }],
    }))
    .unwrap()
}

fn finding(check: &str) -> crate::finding::Finding {
    serde_json::from_value(serde_json::json!({
        "check": check, "severity": "high", "confidence": "proved", "principal": null, "title": "t", "message": "m",
        "object": { "kind": "relation", "schema": "public", "name": "notes", "part": null }, "reproduce": null,
        "fix": null, "fingerprint": "0123456789abcdef", "locations": [], "evidence": [],
    }))
    .unwrap()
}

fn accepted(check: &str, by: SuppressedBy) -> Suppressed {
    Suppressed {
        finding: finding(check),
        by,
        reason: Some("read by nobody".into()),
        expires: Some("2027-01-31".into()),
        place: None,
    }
}

/// For each framework each status is reached, by the control that each change is about.
#[test]
fn every_framework_reaches_every_status() {
    for framework in all() {
        let name = &framework.id;
        let sound = sound();
        let clean = assess(framework, &sound);
        assert!(clean.count(Status::Pass) > 0 && clean.count(Status::Manual) > 0, "{name}: {clean:?}");
        assert_eq!(clean.count(Status::Pass) + clean.count(Status::Manual), clean.controls.len(), "{name}");
        for (at, control) in framework.controls.iter().enumerate() {
            let Some(check) = control.checks().first().copied() else { continue };
            let of = |report: &Report| assess(framework, report).controls[at].status;
            let mut report = sound.clone();
            report.findings = vec![finding(check)];
            assert_eq!(of(&report), Status::Fail, "{name} {}", control.id);
            report.findings.clear();
            report.suppressed = vec![accepted(check, SuppressedBy::Config)];
            assert_eq!(of(&report), Status::AcceptedRisk, "{name} {}", control.id);
            report.suppressed = vec![accepted(check, SuppressedBy::Threshold)];
            assert_eq!(of(&report), Status::Fail, "{name} {}: what is only hidden was accepted by nobody", control.id);
            report.suppressed.clear();
            report.coverage.skipped = vec![check.to_owned()];
            assert_eq!(of(&report), Status::NotAssessed, "{name} {}: a check was left out", control.id);
        }
    }
}

#[test]
fn what_was_not_examined_is_no_pass() {
    let soc2 = find("soc2").unwrap();
    let status = |report: &Report, id: &str| {
        let assessment = assess(soc2, report);
        let control = assessment.controls.iter().find(|c| c.id == id).unwrap();
        (control.status, control.because.clone())
    };
    let mut nothing = sound();
    nothing.coverage.checks.values_mut().for_each(|n| *n = 0);
    nothing.verdicts.clear();
    assert_eq!(status(&nothing, "CC6.3"), (Status::NotAssessed, "there was nothing to examine".into()));
    let mut gap = sound();
    gap.coverage.gaps = vec![crate::report::CoverageGap {
        what: "no right to read pg_policy".into(),
        file: None,
        line: None,
        access_control: true,
    }];
    assert_eq!(status(&gap, "CC6.1").0, Status::NotAssessed);
    let mut offline = sound();
    offline.probes.clear();
    assert_eq!(status(&offline, "CC6.6").0, Status::NotAssessed);
    assert_eq!(status(&offline, "CC6.1").0, Status::Pass);
    let mut open = sound();
    open.verdicts[0].verdict = crate::report::Decided::Unknown;
    assert_eq!(status(&open, "CC6.1").0, Status::NotAssessed);
    open.verdicts[0].verdict = crate::report::Decided::Violated;
    assert_eq!(status(&open, "CC6.1").0, Status::Fail);
    let mut broken = accepted("rule-exceeded", SuppressedBy::Config);
    broken.finding.principal = Some("anon".into());
    open.suppressed = vec![broken];
    assert_eq!(
        status(&open, "CC6.1"),
        (Status::AcceptedRisk, "1 finding accepted, none open, 1 declared rules violated and accepted".into())
    );
    open.suppressed[0].finding.object.name = "others".into();
    assert_eq!(status(&open, "CC6.1").0, Status::Fail, "what was accepted is another table");
}
