//! Findings that doors and trials confirm: what they say was done, or seen.

use super::buckets;
use super::shown::by_trial;
use crate::finding::{Confidence, DoorProbe, Evidence, Finding, ObjectKind};
use crate::model::{printable, quote_ident};
use crate::report::{DoorKind, DoorTrial, ProbeOutcome, Trial};

/// Confirms findings by what was tried.
pub fn confirm(findings: &mut [Finding], doors: &[DoorTrial], trials: &[Trial]) {
    for finding in findings.iter_mut().filter(|f| f.confidence != Confidence::Confirmed) {
        let shown = by_probe(finding, doors).or_else(|| by_door(finding, doors)).or_else(|| by_trial(finding, trials));
        if let Some(text) = shown {
            finding.confidence = Confidence::Confirmed;
            finding.evidence.push(Evidence { kind: "live trial".to_owned(), text });
        }
    }
}

/// By a door that the check itself named.
fn by_probe(finding: &Finding, doors: &[DoorTrial]) -> Option<String> {
    let is = |d: &&DoorTrial, p: &DoorProbe| d.door == p.door && d.role == p.role && d.object == p.object;
    let mut each = finding.doors.iter().flat_map(|probe| doors.iter().filter(move |d| is(d, probe)));
    each.find_map(|door| door.reached.first().cloned())
}

/// The kind of door that shows what a check finds.
fn door_of(check: &str) -> Option<DoorKind> {
    Some(match check {
        "secdef-exposed" | "secdef-no-caller-binding" | "rule-exceeded" | "call-beyond-rule" | "auth-hook-acl" => {
            DoorKind::Call
        }
        "dynamic-sql-injection" => DoorKind::Injection,
        "bypass-via-set-role" => DoorKind::SetRole,
        "trigger-grant" => DoorKind::Trigger,
        "realtime-messages" => DoorKind::Topic,
        "default-privileges" => DoorKind::NewTable,
        "storage-no-bucket" | "storage-public-bucket" => DoorKind::BucketList,
        "storage-overwrite" => DoorKind::BucketOverwrite,
        _ => return None,
    })
}

fn by_door(finding: &Finding, doors: &[DoorTrial]) -> Option<String> {
    let kind = door_of(&finding.check)?;
    let namespace = finding.object.schema.as_deref().map(quote_ident).unwrap_or_default();
    let name = match finding.object.kind {
        ObjectKind::Function => format!("{namespace}.{}", finding.object.name),
        ObjectKind::Relation => format!("{namespace}.{}", quote_ident(&finding.object.name)),
        _ => finding.object.name.clone(),
    };
    let is_it = |d: &&DoorTrial| match kind {
        DoorKind::SetRole => d.role == name,
        // It may be about the role that holds the right, or about the table.
        DoorKind::Trigger => d.object == name || d.role == name,
        DoorKind::Topic => finding.principal.as_ref().is_none_or(|role| d.role == *role),
        DoorKind::BucketList | DoorKind::BucketOverwrite => {
            finding.principal.as_ref() == Some(&d.role) && is_about(finding, &d.object)
        }
        _ => d.object == name,
    };
    let is_kind =
        |d: &&DoorTrial| d.door == kind || finding.check == "storage-no-bucket" && d.door == DoorKind::BucketOverwrite;
    // The principal first: what it shows is worth more than what others do.
    let mut of: Vec<_> = doors.iter().filter(is_kind).filter(is_it).collect();
    of.sort_by_key(|d| finding.principal.as_ref() != Some(&d.role));
    if ["call-beyond-rule", "auth-hook-acl"].contains(&finding.check.as_str()) {
        let ran = |d: &&&DoorTrial| matches!(d.outcome, ProbeOutcome::Seen { .. } | ProbeOutcome::NothingSeen);
        let called = of.iter().find(ran)?;
        return Some(format!("as {}, {} was called and ran", called.persona, called.object));
    }
    of.iter().find_map(|d| d.reached.first().cloned())
}

/// Whether files in a bucket are those that a finding speaks of.
fn is_about(finding: &Finding, bucket: &str) -> bool {
    match finding.check.as_str() {
        "storage-no-bucket" => bucket == buckets::UNNAMED,
        "storage-public-bucket" => {
            finding.title == format!("files of the public bucket {} can be listed", printable(bucket))
        }
        _ => finding.title.contains(" replace files of others"),
    }
}
