//! What `audit` and `check` do with an intent: every question asked, violations replayed on a server of our own, told as findings.

use std::collections::BTreeSet;

use super::source::Loaded;
use super::trying::{Attempted, attempt};
use super::{Run, rules};
use crate::checks::Context;
use crate::finding::{Confidence, Evidence, Examined, Finding, Findings, Severity};
use crate::report::{Decided, VerdictEntry};
use crate::verdicts::script::Contrast;
use crate::verdicts::{self, Verdicts};
use crate::{Error, impersonation};

/// What the verdicts of a run come to.
pub(super) struct Judgement {
    pub(super) entries: Vec<VerdictEntry>,
    pub(super) findings: Vec<Finding>,
    pub(super) examined: Examined,
    pub(super) notes: Vec<String>,
    pub(super) attempted: Attempted,
}

/// Asks all questions of the declared rules, or else of the default reading. `found` is what the checks found: what
/// follows from a reading is told only where they are silent.
pub(super) async fn judgement(
    loaded: &Loaded,
    cx: &Context<'_>,
    found: &[Finding],
    replays: bool,
    run: &Run,
) -> Result<Judgement, Error> {
    let intent = rules::intent(run, cx)?;
    let mut judged = {
        let _working = run.talk.working_on("deciding");
        verdicts::judge(cx, &intent)
    };
    let mut notes = if replays { loaded.replay(&mut judged, run).await? } else { Vec::new() };
    notes.extend(judged.assumed.iter().map(|what| format!("assumed by the rules ([assume]): {what}")));
    let attempted = if replays { attempt(loaded, cx, (&intent, &mut judged), run).await? } else { None };
    let mut attempted = attempted.unwrap_or_default();
    if replays {
        let entries: Vec<_> = judged.judged.iter().map(|one| one.entry.clone()).collect();
        let written = loaded.write(cx, (&intent, &entries), run).await?;
        written.into_iter().for_each(|written| attempted.take(written, &mut judged));
    }
    notes.append(&mut attempted.notes);
    let (findings, examined) = findings(loaded, cx, &judged, found);
    let entries = judged.judged.into_iter().map(|one| one.entry).collect();
    Ok(Judgement { entries, findings, examined, notes, attempted })
}

/// The violations of another state, by the rules of the run.
pub(super) fn broken(
    loaded: &Loaded,
    cx: &Context<'_>,
    found: &[Finding],
    run: &Run,
) -> Result<(Vec<Finding>, Examined), Error> {
    let intent = rules::intent(run, cx)?;
    Ok(findings(loaded, cx, &verdicts::judge(cx, &intent), found))
}

/// The violations as findings.
fn findings(loaded: &Loaded, cx: &Context<'_>, judged: &Verdicts<'_>, found: &[Finding]) -> (Vec<Finding>, Examined) {
    let told: BTreeSet<_> = found
        .iter()
        .filter(|f| f.severity >= Severity::Low)
        .filter_map(|f| Some((f.object.schema.as_deref()?, f.object.name.as_str())))
        .collect();
    let mut out = Findings::new(&loaded.schema.files);
    verdicts::findings(cx, judged, &|relation, _| told.contains(&(relation.schema.as_str(), &relation.name)), &mut out);
    out.finish()
}

impl Loaded {
    /// Runs the scripts of findings that nothing has confirmed yet, where the server is ours.
    pub(super) async fn replay_findings(&self, findings: &mut [Finding], run: &Run) -> Result<(), Error> {
        let Some(database) = self.own_database() else { return Ok(()) };
        let working = run.talk.working_on("replaying what findings say");
        let open = |f: &&mut Finding| f.confidence != Confidence::Confirmed && f.script.is_some();
        let open: Vec<_> = findings.iter_mut().filter(open).collect();
        let total = open.len();
        for (at, finding) in open.into_iter().enumerate() {
            working.at(at, total);
            let Some(script) = &finding.script else { continue };
            let replay = impersonation::replay(database, script).await?;
            let when = script.contrast.as_ref().map_or("", Contrast::words);
            let text = match (replay.reproduced, &replay.remark) {
                (true, None) => format!("replayed on a server of our own: the row was reached{when}"),
                (true, Some(how)) => format!("replayed on a server of our own, {how}: the row was reached{when}"),
                (false, why) => format!("not reproduced: {}", why.as_deref().unwrap_or("the server did otherwise")),
            };
            if replay.reproduced {
                finding.confidence = Confidence::Confirmed;
            }
            finding.evidence.push(Evidence { kind: "live trial".to_owned(), text });
        }
        Ok(())
    }

    /// Runs the scripts of violations, where the server is ours; what came of it, in words.
    async fn replay(&self, verdicts: &mut Verdicts<'_>, run: &Run) -> Result<Vec<String>, Error> {
        let Some(database) = self.own_database() else { return Ok(Vec::new()) };
        let wanted: Vec<_> = verdicts.judged.iter_mut().filter(|one| one.script.is_some()).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let working = run.talk.working_on("replaying witnesses");
        let total = wanted.len();
        let (mut shown, mut open, mut notes) = (0, 0, Vec::new());
        for (at, one) in wanted.into_iter().enumerate() {
            working.at(at, total);
            let Some(script) = &one.script else { continue };
            let replay = impersonation::replay(database, script).await?;
            if replay.reproduced {
                shown += 1;
                one.entry.confidence = Some(Confidence::Confirmed);
                verdicts::confirm(&mut one.entry);
            } else if one.entry.verdict == Decided::Unknown {
                open += 1;
            } else {
                let why = replay.remark.as_deref().unwrap_or("the server shows nothing");
                notes.push(format!("not reproduced on the server: {}: {why}", one.entry.reason));
            }
            if let Some(witness) = &mut one.entry.witness {
                witness.replay = Some(replay);
            }
        }
        let total = total - open;
        notes.insert(0, format!("{shown} of {total} witnesses of violated rules were reproduced on the server"));
        Ok(notes)
    }
}
