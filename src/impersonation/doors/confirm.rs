//! Findings that doors confirm: what they say of a function was seen when it was called.

use crate::finding::{Confidence, Evidence, Finding, ObjectKind};
use crate::model::quote_ident;
use crate::report::{DoorKind, DoorTrial, ProbeOutcome};

/// Findings on functions that a call confirms where it reached what the caller does not reach otherwise.
const REACHED: [&str; 3] = ["secdef-exposed", "secdef-no-caller-binding", "rule-exceeded"];

/// Confirms findings by what doors showed.
pub fn confirm(findings: &mut [Finding], trials: &[DoorTrial]) {
    for finding in findings.iter_mut().filter(|f| f.object.kind == ObjectKind::Function) {
        let namespace = finding.object.schema.as_deref().map(quote_ident).unwrap_or_default();
        let name = format!("{namespace}.{}", finding.object.name);
        // The principal first: what it shows is worth more than what others do.
        let by_principal = |t: &&DoorTrial| finding.principal.as_ref() != Some(&t.role);
        let mut of: Vec<_> = trials.iter().filter(|t| t.object == name).collect();
        of.sort_by_key(by_principal);
        let shows = |t: &&DoorTrial| match finding.check.as_str() {
            check if REACHED.contains(&check) => t.door == DoorKind::Call && !t.reached.is_empty(),
            "dynamic-sql-injection" => t.door == DoorKind::Injection && !t.reached.is_empty(),
            "call-beyond-rule" => {
                t.door == DoorKind::Call && !matches!(t.outcome, ProbeOutcome::Refused | ProbeOutcome::NotTested { .. })
            }
            _ => false,
        };
        let Some(trial) = of.into_iter().find(shows) else { continue };
        let text = match trial.reached.first() {
            Some(reached) => reached.clone(),
            None => format!("as {}, {} was called and ran", trial.persona, trial.object),
        };
        finding.confidence = Confidence::Confirmed;
        finding.evidence.push(Evidence { kind: "live call".to_owned(), text });
    }
}
