//! The OSCAL writer: assessment results, in which reading the schema is EXAMINE and acting as client roles is TEST.

use serde_json::{Value, json};

use super::json::put;
use super::stamp::uuid;
use super::{Report, Suppressed};
use crate::compliance::{Assessment, ControlResult, Status};
use crate::finding::{Confidence, Finding};
use crate::model::printable;

/// The version of OSCAL that this is.
const VERSION: &str = "1.2.0";

/// The name space of our properties.
const NS: &str = "urn:x-pgwitness:oscal";

/// The report as assessment results, one result for each framework.
#[must_use]
pub fn oscal(report: &Report, assessments: &[Assessment]) -> Value {
    let time = report.time.clone().unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned());
    let hash = report.hashes.as_ref().map_or("", |h| h.model.as_str());
    let name = format!("{}/{time}/{hash}", report.source.description);
    let plan = uuid(&format!("plan/{name}"));
    let results: Vec<_> = assessments.iter().map(|one| result(report, one, &name, &time)).collect();
    json!({ "assessment-results": {
        "uuid": uuid(&format!("results/{name}")),
        "metadata": {
            "title": text(&format!("Access control of {}", report.source.description)),
            "last-modified": time,
            "version": "1",
            "oscal-version": VERSION,
            "props": made_of(report),
        },
        "import-ap": { "href": format!("#{plan}") },
        "results": results,
        "back-matter": { "resources": [{
            "uuid": plan,
            "title": "Assessment plan",
            "description": "pgwitness examines the schema of the database with all its checks, decides every question of \
                            the access rules, and where a server is at hand acts as its client roles in transactions \
                            that are rolled back.",
        }]},
    }})
}

fn made_of(report: &Report) -> Vec<Value> {
    let mut props = vec![
        prop("tool-version", &report.tool.version),
        prop("server-version", &report.source.server_version),
        prop("exit-code", &report.summary.exit.to_string()),
    ];
    if let Some(hashes) = &report.hashes {
        props.push(prop("model-sha256", &hashes.model));
        props.extend(hashes.rules.as_ref().map(|hash| prop("rules-sha256", hash)));
    }
    props
}

fn result(report: &Report, assessment: &Assessment, name: &str, time: &str) -> Value {
    let scope = format!("{}/{name}", assessment.framework.id);
    let of_findings = report.findings.iter().map(|finding| observation(finding, None, &scope, time));
    let of_accepted = report.suppressed.iter().map(|one| observation(&one.finding, Some(one), &scope, time));
    let of_controls = assessment.controls.iter().map(|control| examined(control, &scope, time));
    let observations: Vec<_> = of_findings.chain(of_accepted).chain(of_controls).collect();
    let risks: Vec<_> =
        report.suppressed.iter().filter(|one| one.by.is_accepted()).map(|one| risk(one, &scope)).collect();
    let controls: Vec<_> =
        assessment.controls.iter().map(|control| json!({ "control-id": token(&control.id) })).collect();
    let mut value = json!({
        "uuid": uuid(&format!("result/{scope}")),
        "title": text(&assessment.framework.title()),
        "description": text(&report.summary.verdict),
        "start": time,
        "reviewed-controls": { "control-selections": [{ "include-controls": controls }] },
        "observations": observations,
        "findings": assessment.controls.iter().map(|control| finding(control, &scope)).collect::<Vec<_>>(),
    });
    if !risks.is_empty() {
        put(&mut value, "risks", json!(risks));
    }
    value
}

fn observation(finding: &Finding, accepted: Option<&Suppressed>, scope: &str, time: &str) -> Value {
    let methods = match finding.confidence {
        Confidence::Confirmed => json!(["EXAMINE", "TEST"]),
        _ => json!(["EXAMINE"]),
    };
    let status = accepted.map_or("open", |one| one.by.words());
    let mut value = json!({
        "uuid": uuid(&format!("observation/{scope}/{}", finding.fingerprint)),
        "title": text(&finding.title),
        "description": text(&finding.message),
        "props": [
            prop("fingerprint", &finding.fingerprint),
            prop("check", &finding.check),
            prop("severity", finding.severity.word()),
            prop("confidence", finding.confidence.word()),
            prop("object", &finding.object.to_string()),
            prop("status", status),
        ],
        "methods": methods,
        "types": ["finding"],
        "collected": time,
    });
    let evidence: Vec<_> = finding
        .evidence
        .iter()
        .map(|fact| json!({ "description": text(&format!("{}: {}", fact.kind, fact.text)) }))
        .collect();
    if !evidence.is_empty() {
        put(&mut value, "relevant-evidence", json!(evidence));
    }
    value
}

/// What was looked at for a control, whatever came of it.
fn examined(control: &ControlResult, scope: &str, time: &str) -> Value {
    let methods = match (control.checks.is_empty(), control.probes.unwrap_or_default() > 0) {
        (_, true) => json!(["EXAMINE", "TEST"]),
        (false, false) => json!(["EXAMINE"]),
        (true, false) => json!(["UNKNOWN"]),
    };
    let lines = control.evidence();
    let description = if lines.is_empty() { control.because.clone() } else { lines.join("; ") };
    json!({
        "uuid": uuid(&format!("examined/{scope}/{}", control.id)),
        "title": text(&format!("Evidence for {}", control.id)),
        "description": text(&description),
        "methods": methods,
        "types": ["control-objective"],
        "collected": time,
    })
}

fn finding(control: &ControlResult, scope: &str) -> Value {
    let (state, reason) = match control.status {
        Status::Pass => ("satisfied", "pass"),
        Status::Fail => ("not-satisfied", "fail"),
        Status::AcceptedRisk | Status::NotAssessed | Status::Manual => ("not-satisfied", "other"),
    };
    let mut related = vec![json!({ "observation-uuid": uuid(&format!("examined/{scope}/{}", control.id)) })];
    let of = control.findings.iter().chain(&control.accepted);
    related.extend(of.map(|f| json!({ "observation-uuid": uuid(&format!("observation/{scope}/{}", f.fingerprint)) })));
    let mut value = json!({
        "uuid": uuid(&format!("finding/{scope}/{}", control.id)),
        "title": text(&format!("{}: {}", control.id, control.title)),
        "description": text(&format!("{}: {}", control.status.words(), control.because)),
        "props": [prop("status", control.status.key())],
        "target": {
            "type": "objective-id",
            "target-id": token(&control.id),
            "status": { "state": state, "reason": reason, "remarks": text(&control.because) },
        },
        "related-observations": related,
    });
    let risks: Vec<_> = control
        .accepted
        .iter()
        .map(|f| json!({ "risk-uuid": uuid(&format!("risk/{scope}/{}", f.fingerprint)) }))
        .collect();
    if !risks.is_empty() {
        put(&mut value, "related-risks", json!(risks));
    }
    if let Some(manual) = &control.manual {
        put(&mut value, "remarks", json!(format!("Left to a person: {}", text(manual))));
    }
    value
}

fn risk(one: &Suppressed, scope: &str) -> Value {
    let reason = one.reason.as_deref().unwrap_or("no reason given");
    let mut value = json!({
        "uuid": uuid(&format!("risk/{scope}/{}", one.finding.fingerprint)),
        "title": text(&one.finding.title),
        "description": text(&one.finding.message),
        "statement": text(&format!("{}: {reason}", one.by.words())),
        "status": "deviation-approved",
    });
    if let Some(day) = &one.expires {
        put(&mut value, "deadline", json!(format!("{day}T23:59:59Z")));
    }
    value
}

fn prop(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NS, "value": text(value) })
}

/// Text on one line that is not empty and neither begins nor ends with a blank, as OSCAL wants strings.
fn text(text: &str) -> String {
    let text = printable(text);
    let text = text.trim();
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

/// An id as a token: letters, digits, `.`, `-` and `_`, and no digit at its start.
fn token(id: &str) -> String {
    let kept: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' }).collect();
    let kept = kept.trim_matches('-');
    if kept.starts_with(|c: char| c.is_ascii_alphabetic()) { kept.to_owned() } else { format!("_{kept}") }
}
