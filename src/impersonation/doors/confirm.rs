//! Findings that doors and trials confirm: what they say was done, or seen.

use super::buckets;
use crate::finding::{Confidence, Evidence, Finding, ObjectKind};
use crate::model::{Command, QualifiedName, printable, quote_ident};
use crate::report::{Action, DoorKind, DoorTrial, ProbeOutcome, Trial};

/// Confirms findings by what was tried.
pub fn confirm(findings: &mut [Finding], doors: &[DoorTrial], trials: &[Trial]) {
    for finding in findings.iter_mut().filter(|f| f.confidence != Confidence::Confirmed) {
        let shown = by_door(finding, doors).or_else(|| by_trial(finding, trials));
        if let Some(text) = shown {
            finding.confidence = Confidence::Confirmed;
            finding.evidence.push(Evidence { kind: "live trial".to_owned(), text });
        }
    }
}

/// The kind of door that shows what a check finds.
fn door_of(check: &str) -> Option<DoorKind> {
    Some(match check {
        "secdef-exposed" | "secdef-no-caller-binding" | "rule-exceeded" | "call-beyond-rule" => DoorKind::Call,
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
    if finding.check == "call-beyond-rule" {
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

/// The commands of the policy that a finding is about, as its evidence tells them.
fn commands_of_policy(finding: &Finding) -> Vec<Command> {
    let policies = finding.evidence.iter().filter(|e| e.kind == "policy");
    let words: Vec<_> = policies.filter_map(|e| e.text.split_whitespace().nth(1)).collect();
    let is_named = |c: &Command| words.iter().any(|word| *word == "ALL" || *word == c.to_string());
    Command::ALL.into_iter().filter(is_named).collect()
}

/// The command that an action shows to be open to whoever may take it.
fn shows(action: Action) -> Option<Command> {
    let is_plain = matches!(
        action,
        Action::Select
            | Action::InsertForOther
            | Action::UpdateBlind
            | Action::UpdateFiltered
            | Action::DeleteBlind
            | Action::DeleteFiltered
    );
    is_plain.then(|| action.command())
}

/// Whether the persona has no rows of its own, so that whatever it reaches is another's.
fn is_stranger(trial: &Trial) -> bool {
    !trial.persona.starts_with("user ")
}

/// Findings on relations whose command did what they say that it does.
fn by_trial(finding: &Finding, trials: &[Trial]) -> Option<String> {
    let name = QualifiedName::new(finding.object.schema.as_deref()?, &finding.object.name);
    let role = finding.principal.as_deref()?;
    let of = || trials.iter().filter(|t| t.relation == name && t.role == role);
    let done = |t: &&Trial| matches!(t.outcome, ProbeOutcome::Seen { .. });
    let mentions = |t: &&Trial| {
        let column = t.column.as_deref().unwrap_or_default();
        finding.title.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == column)
    };
    let found = match finding.check.as_str() {
        "truncate-reachable" => of().filter(|t| t.action == Action::Truncate).find(done),
        "mass-assignable-authority" => of().filter(|t| t.action == Action::UpdateColumn).filter(mentions).find(done),
        "column-grant-defeated" => of().filter(|t| t.action == Action::UpdateColumn).find(done),
        "policy-tautology" | "policy-name-audience" => {
            let commands = commands_of_policy(finding);
            of().filter(|t| is_stranger(t) && shows(t.action).is_some_and(|c| commands.contains(&c))).find(done)
        }
        "fk-cascade-bypass" => {
            // Which of the two it is about, its title tells.
            let (action, from) = match finding.title.starts_with("deleting") {
                true => (Action::DeleteByCascade, format!("delete from {name} ")),
                false => (Action::UpdateByCascade, format!("update {name} set ")),
            };
            let mut all = trials.iter().filter(|t| t.action == action && t.role == role);
            all.find(|t| (t.relation == name || t.statement.starts_with(&from)) && done(t))
        }
        "rls-no-permissive" => {
            let reads: Vec<_> = of().filter(|t| t.action == Action::Select).collect();
            let all = reads.iter().all(|t| t.outcome == ProbeOutcome::Hidden);
            reads.first().filter(|_| all).copied()
        }
        _ => None,
    }?;
    let (who, what) = (&found.persona, found.action.words());
    let column = found.column.as_ref().map_or_else(String::new, |column| format!(" ({column})"));
    Some(match &found.outcome {
        ProbeOutcome::Seen { rows, .. } => {
            format!("as {who}: {what}{column} on {name} reached {rows} {}", if *rows == 1 { "row" } else { "rows" })
        }
        _ => format!("as {who}: {what} on {name} showed none of the rows there are"),
    })
}
