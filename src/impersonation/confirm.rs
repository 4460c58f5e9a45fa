//! What was seen, held against what was said: findings are confirmed, or their failure to show is said aloud; and
//! what effective access says is held against the server.

use std::collections::BTreeMap;

use super::Tested;
use crate::analyzer::effective::{Access, Effective, Extent, Refusal};
use crate::finding::{Confidence, Evidence, Finding, ReadProbe};
use crate::model::{Command, QualifiedName, RelationKind, printable};
use crate::report::{Probe, ProbeOutcome};

/// How far what was said and what was seen agree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agreement {
    /// The number of findings that a read confirmed.
    pub confirmed: u64,
    /// Reads that should have shown a finding and did not, though there was something to see: our mistake.
    pub not_reproduced: Vec<String>,
    /// Where effective access and the server say opposite things: a bug of ours, the worst kind.
    pub contradictions: Vec<Contradiction>,
    /// Contradictions that are no bug, as sentences with the reason; see [`Agreement::recheck`].
    pub explained: Vec<String>,
}

/// What effective access and a read say that cannot both be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The relation that was read.
    pub relation: QualifiedName,
    /// Both sides, as a sentence.
    pub text: String,
}

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Holds what was seen against findings and effective access.
///
/// A finding whose reads saw rows becomes [`Confidence::Confirmed`]. Every read that a finding asked for leaves a
/// `live read` among its evidence, whatever came of it.
pub fn confirm(findings: &mut [Finding], tested: &Tested, effective: &Effective<'_>) -> Agreement {
    let mut agreement = Agreement::default();
    let seen_by: ByReader<'_> = by_reader(tested);
    for finding in findings.iter_mut().filter(|f| !f.confirm.is_empty()) {
        let mut seen = false;
        for read in std::mem::take(&mut finding.confirm) {
            let shown = Shown::of(&read, tested, &seen_by, finding.confidence);
            seen |= shown.seen;
            if shown.not_reproduced {
                agreement.not_reproduced.push(format!("{} {}: {}", finding.check, finding.object, shown.text));
            }
            let evidence = Evidence { kind: "live read".to_owned(), text: shown.text };
            if !finding.evidence.contains(&evidence) {
                finding.evidence.push(evidence);
            }
            finding.confirm.push(read);
        }
        if seen {
            finding.confidence = Confidence::Confirmed;
            agreement.confirmed += 1;
        }
    }
    agreement.contradictions = tested.probes.iter().filter_map(|p| contradiction(p, effective)).collect();
    agreement
}

/// The probes of a run by role and relation.
type ByReader<'t> = BTreeMap<(&'t str, &'t QualifiedName), Vec<&'t Probe>>;

fn by_reader(tested: &Tested) -> ByReader<'_> {
    let mut found = ByReader::new();
    for probe in &tested.probes {
        found.entry((&probe.role, &probe.relation)).or_default().push(probe);
    }
    found
}

/// What a read that a finding asked for has shown.
struct Shown {
    text: String,
    seen: bool,
    not_reproduced: bool,
}

impl Shown {
    /// By the persona of the role that saw most. A finding that is only likely may show nothing as things are.
    fn of(read: &ReadProbe, tested: &Tested, seen_by: &ByReader<'_>, confidence: Confidence) -> Self {
        let probes = seen_by.get(&(read.role.as_str(), &read.relation)).into_iter().flatten();
        let quiet = |text| Self { text, seen: false, not_reproduced: false };
        let Some(probe) = probes.min_by_key(|p| rank(&p.outcome)) else {
            let role = printable(&read.role);
            return quiet(match tested.untested.iter().find(|u| u.role == read.role) {
                // The same for all relations, so that it is said once.
                Some(untested) => format!("nothing was read as {role}: {}", untested.reason),
                None => format!("{} was not read as {role}: no read was planned", read.relation),
            });
        };
        let (relation, who) = (&probe.relation, &probe.persona);
        match &probe.outcome {
            ProbeOutcome::Seen { rows, at_least } => {
                let text = format!("as {who}: {} seen in {relation}", counted(*rows, *at_least));
                Self { text, seen: true, not_reproduced: false }
            }
            ProbeOutcome::Hidden if confidence < Confidence::Proved => {
                quiet(format!("as {who} none of the rows of {relation} was seen: none is open as things are"))
            }
            ProbeOutcome::Hidden => {
                let text = format!("not reproduced: as {who} no row was seen in {relation}, though it has rows");
                Self { text, seen: false, not_reproduced: true }
            }
            ProbeOutcome::Refused => {
                let text = format!("not reproduced: as {who} reading {relation} was refused (SQLSTATE 42501)");
                Self { text, seen: false, not_reproduced: true }
            }
            ProbeOutcome::Empty => quiet(format!("{relation} is empty: nothing to see yet")),
            ProbeOutcome::NothingSeen => {
                quiet(format!("as {who} no row was seen in {relation}; whether it has any could not be told"))
            }
            ProbeOutcome::Error { sqlstate, message } => {
                quiet(format!("as {who} reading {relation} failed: {message} (SQLSTATE {sqlstate})"))
            }
            ProbeOutcome::NotTested { reason } => quiet(format!("{relation} was not read as {who}: {reason}")),
        }
    }
}

/// The most telling outcome first.
fn rank(outcome: &ProbeOutcome) -> u8 {
    match outcome {
        ProbeOutcome::Seen { .. } => 0,
        ProbeOutcome::Hidden => 1,
        ProbeOutcome::Refused => 2,
        ProbeOutcome::Error { .. } => 3,
        ProbeOutcome::Empty => 4,
        ProbeOutcome::NothingSeen => 5,
        ProbeOutcome::NotTested { .. } => 6,
    }
}

fn counted(rows: u32, at_least: bool) -> String {
    match (rows, at_least) {
        (1, false) => "1 row".to_owned(),
        (n, false) => format!("{n} rows"),
        (n, true) => format!("at least {n} rows"),
    }
}

/// What effective access and a read say that cannot both be true.
fn contradiction(probe: &Probe, effective: &Effective<'_>) -> Option<Contradiction> {
    let relation = effective.schema().relation(&probe.relation)?;
    let access = effective.access(&probe.role, relation, Command::Select);
    let (who, name) = (&probe.persona, &probe.relation);
    let privileged = !matches!(access.extent, Extent::None(Refusal::Schema | Refusal::Privilege));
    let text = match &probe.outcome {
        ProbeOutcome::Seen { rows, at_least } if !access.is_some() => {
            format!("the model says {who} cannot read {name}, but {} came back", counted(*rows, *at_least))
        }
        ProbeOutcome::Hidden | ProbeOutcome::Empty | ProbeOutcome::NothingSeen if !privileged => {
            format!("the model says {who} has no privilege to read {name}, but the server did not refuse")
        }
        ProbeOutcome::Refused if privileged => {
            format!("the model says {who} has the privilege to read {name}, but the server refused")
        }
        ProbeOutcome::Hidden if reads_all(&access) => {
            format!("the model says {who} reads every row of {name}, but none of its rows came back")
        }
        _ => return None,
    };
    Some(Contradiction { relation: name.clone(), text })
}

/// Whether a read must see every row there is: what a view or another server leaves out is not in the model.
fn reads_all(access: &Access<'_>) -> bool {
    access.extent == Extent::All && !matches!(access.relation.kind, RelationKind::View | RelationKind::ForeignTable)
}
