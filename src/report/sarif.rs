//! The SARIF writer: version 2.1.0, with what code scanning of GitHub asks for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::put;
use super::place::{Region, region, uri};
use super::unexpected::KINDS;
use super::{Report, Suppressed, SuppressedBy, Unexpected};
use crate::checks::{Meta, all};
use crate::finding::{Confidence, Finding, Severity};
use crate::model::printable;

/// The schema that the log follows.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as a SARIF log; `texts` are the files that findings point into, by path, where they are at hand.
#[must_use]
pub fn sarif(report: &Report, texts: &BTreeMap<String, String>) -> Value {
    let rules = rules(report);
    let result = |finding: &Finding| result(finding, &rules, texts);
    let open = report.findings.iter().map(result);
    let closed = report.suppressed.iter().map(|one| {
        let mut value = result(&one.finding);
        put(&mut value, "suppressions", json!([suppression(one)]));
        value
    });
    let unexpected = report.unexpected();
    let tried = unexpected.iter().map(|one| tried(one, rules.len()));
    let results: Vec<_> = open.chain(closed).chain(tried).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pgwitness",
                "semanticVersion": report.tool.version,
                "rules": rules.iter().map(|meta| rule(meta)).chain(kinds(&unexpected)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(report)],
            "results": results,
        }],
    })
}

/// The checks that have something to say here; the rest would only be long.
fn rules(report: &Report) -> Vec<&'static Meta> {
    let told = |meta: &&Meta| report.all_findings().any(|finding| finding.check == meta.id);
    all().into_iter().filter(told).collect()
}

fn rule(meta: &Meta) -> Value {
    let title = sentence(meta.title);
    let help = format!("{}\n\nIt fires on:\n{}\nIt is silent on:\n{}", meta.doc.trim(), meta.bad, meta.good);
    let markdown = format!(
        "{}\n\nIt fires on\n\n```sql\n{}\n```\n\nIt is silent on\n\n```sql\n{}\n```\n",
        meta.doc.trim(),
        meta.bad.trim(),
        meta.good.trim()
    );
    json!({
        "id": meta.id,
        "name": meta.id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": meta.doc.split("\n\n").next().unwrap_or(meta.title).trim() },
        "help": { "text": help, "markdown": markdown },
        "defaultConfiguration": { "level": level(meta.severity) },
        "properties": {
            "tags": ["security", "access-control"],
            "precision": "high",
            "security-severity": weight(meta.severity),
        },
    })
}

fn result(finding: &Finding, rules: &[&'static Meta], texts: &BTreeMap<String, String>) -> Value {
    let mut value = json!({
        "ruleId": finding.check,
        "level": level(finding.severity),
        "kind": "fail",
        "message": { "text": message(finding) },
        "locations": locations(finding, texts),
        "partialFingerprints": {
            "primaryLocationLineHash": finding.fingerprint,
            "pgwitness/v1": finding.fingerprint,
        },
        "properties": {
            "severity": finding.severity.word(),
            "confidence": finding.confidence.word(),
            "principal": finding.principal,
        },
    });
    if let Some(index) = rules.iter().position(|meta| meta.id == finding.check) {
        put(&mut value, "ruleIndex", json!(index));
    }
    value
}

/// The rules of what was tried, where there is some, behind those of checks.
fn kinds(unexpected: &[Unexpected]) -> impl Iterator<Item = Value> {
    let told = KINDS.iter().filter(|_| !unexpected.is_empty());
    told.map(|(id, text)| {
        json!({
            "id": id,
            "name": id,
            "shortDescription": { "text": sentence(text) },
            "fullDescription": { "text": sentence(text) },
            "help": { "text": "Run `pgwitness test` to see it again; everything that it does is rolled back." },
            "defaultConfiguration": { "level": level(Severity::High) },
            "properties": {
                "tags": ["security", "access-control"],
                "precision": "high",
                "security-severity": weight(Severity::High),
            },
        })
    })
}

fn tried(one: &Unexpected, checks: usize) -> Value {
    let (file, line) = one.place.clone().unwrap_or_else(|| ("database".to_owned(), 1));
    let place = KINDS.iter().position(|(id, _)| *id == one.kind).unwrap_or_default();
    json!({
        "ruleId": one.kind,
        "ruleIndex": checks + place,
        "level": level(one.severity()),
        "kind": "fail",
        "message": { "text": format!("{}.\n{}", sentence(&printable(&one.title)), printable(&one.text)) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&file) },
            "region": { "startLine": line.max(1), "startColumn": 1, "endLine": line.max(1), "endColumn": 2 },
        }}],
        "partialFingerprints": { "primaryLocationLineHash": one.fingerprint, "pgwitness/v1": one.fingerprint },
    })
}

fn message(finding: &Finding) -> String {
    let mut text = format!("{}.\n{}", sentence(&printable(&finding.title)), sentence(&printable(&finding.message)));
    if finding.confidence == Confidence::Confirmed {
        text.push_str("\nSeen on a server.");
    }
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("\nTo mend it:\n{fix}"));
    }
    text
}

/// Where it is: every result needs a place in a file, and what was read from a server has one by its name alone.
fn locations(finding: &Finding, texts: &BTreeMap<String, String>) -> Value {
    let logical = json!([{
        "fullyQualifiedName": finding.object.to_string(),
        "kind": finding.object.kind.word(),
    }]);
    let at = |file: String, region: Region| {
        json!({
            "physicalLocation": {
                "artifactLocation": { "uri": file },
                "region": {
                    "startLine": region.line,
                    "startColumn": region.column,
                    "endLine": region.end_line,
                    "endColumn": region.end_column,
                },
            },
            "logicalLocations": logical,
        })
    };
    let places = finding.locations.iter().map(|l| at(uri(&l.file), region(l, texts)));
    let places: Vec<_> = places.collect();
    match places.is_empty() {
        true => json!([at(uri(&super::place::unplaced(finding)), Region::default())]),
        false => json!(places),
    }
}

fn suppression(one: &Suppressed) -> Value {
    let kind = if one.by == SuppressedBy::Inline { "inSource" } else { "external" };
    let reason = one.reason.clone().unwrap_or_else(|| one.by.words().to_owned());
    // What only a threshold hides was accepted by nobody, and viewers keep it open.
    let status = if one.by.is_accepted() { "accepted" } else { "underReview" };
    json!({ "kind": kind, "status": status, "justification": reason })
}

/// What could not be examined is a note of the run, which viewers show beside the results.
fn invocation(report: &Report) -> Value {
    let notes: Vec<_> = report
        .coverage
        .gaps
        .iter()
        .map(|gap| {
            let level = if gap.access_control { "error" } else { "note" };
            json!({ "level": level, "message": { "text": super::place::gap(gap) } })
        })
        .collect();
    let complete = !report.coverage.gaps.iter().any(|gap| gap.access_control);
    json!({
        "executionSuccessful": complete,
        "exitCode": report.summary.exit,
        "toolExecutionNotifications": notes,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What GitHub sorts by, from 0 to 10.
fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}

fn sentence(text: &str) -> String {
    super::human::text::capitalized(text.trim())
}
