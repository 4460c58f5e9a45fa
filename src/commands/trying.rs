//! What a run does with a server of its own: rows are made, everything is tried as everybody, and held against what is expected.

use std::collections::BTreeSet;

use super::source::Loaded;
use super::{Run, similar};
use crate::Error;
use crate::access::{Intent, Origin, Rules};
use crate::analyzer::effective::Principal;
use crate::checks::Context;
use crate::checks::words::{and_list, first_of};
use crate::finding::{Confidence, Reproduce};
use crate::impersonation::cases;
use crate::impersonation::doors::{self, Doors};
use crate::impersonation::guest::{Guest, declared, guests};
use crate::impersonation::seed::{self, Seeded};
use crate::impersonation::trial::{self, Bounds, Control, Setting, Tried};
use crate::impersonation::{Progress, Written, pgtap};
use crate::model::{Command, QualifiedName};
use crate::report::{
    Action, Asked, Case, Decided, DoorKind, Probe, ProbeOutcome, RowOf, Surprise, SurpriseKind, Trial, VerdictEntry,
};
use crate::verdicts::Verdicts;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Attempted {
    pub(super) tried: Tried,
    pub(super) doors: Doors,
    /// The tests that the project declares.
    pub(super) cases: Vec<Case>,
    pub(super) notes: Vec<String>,
    /// The pgTAP suite, where the run is for trials.
    pub(super) suite: Option<String>,
    /// How many tables and statements of the application were not tested.
    pub(super) untested: usize,
    /// Why the silence of the trials means nothing, where it does.
    pub(super) uncontrolled: Option<String>,
    /// What shows a bug of ours.
    pub(super) contradictions: Vec<String>,
    /// The writes that were tried on a running database.
    pub(super) probes: Vec<Probe>,
}

impl Attempted {
    /// Takes what was written on a running database.
    pub(super) fn take(&mut self, written: Written, judged: &mut Verdicts<'_>) {
        for one in &mut judged.judged {
            confirm(&mut one.entry, &written.trials);
        }
        let surprises = || written.trials.iter().filter_map(|trial| trial.surprise.as_ref());
        let (wrong, beyond): (Vec<_>, Vec<_>) = surprises().partition(|s| s.kind == SurpriseKind::Contradiction);
        self.contradictions.extend(wrong.iter().map(|s| s.text.clone()));
        self.notes.extend(beyond.iter().map(|s| s.text.clone()));
        self.tried.trials.extend(written.trials);
        self.probes.extend(written.probes);
    }
}

/// Makes rows and tries everything, where the server is ours; `None` where it is not.
pub(super) async fn attempt(
    loaded: &Loaded,
    cx: &Context<'_>,
    (intent, judged): (&Intent, &mut Verdicts<'_>),
    run: &Run,
) -> Result<Option<Attempted>, Error> {
    let Some(database) = loaded.own_database() else { return Ok(None) };
    let seeded = {
        let _working = run.talk.working_on("making rows");
        seed::seed(&*database.client().await?, &cx.effective).await?
    };
    let guests = everybody(cx, &seeded, run)?;
    let entries: Vec<_> = judged.judged.iter().map(|one| one.entry.clone()).collect();
    let setting = Setting { effective: &cx.effective, seeded: &seeded, intent, verdicts: &entries, guests: &guests };
    let bounds = Bounds::default();
    let mut tried = {
        let working = run.talk.working_on("trying what everybody can do");
        let progress = |at: Progress| working.at(at.done, at.total);
        trial::run(database, &setting, &bounds, &progress).await?
    };
    let doors = {
        let working = run.talk.working_on("calling functions as everybody");
        let progress = |at: Progress| working.at(at.done, at.total);
        doors::run(database, &setting, (&bounds, &tried.trials), &progress).await?
    };
    let tests = run.rules.as_ref().map(Rules::tests).unwrap_or_default();
    let cases = cases::run(&*database.client().await?, &setting, (&bounds, tests)).await?;
    show(cx, &mut tried);
    let suite = if run.testing {
        let rows = pgtap::rows(&*database.client().await?, &setting).await?;
        Some(pgtap::suite(&setting, &rows, &tried.trials, &cases))
    } else {
        None
    };
    for one in &mut judged.judged {
        confirm(&mut one.entry, &tried.trials);
    }
    let mut notes = notes(cx, &seeded, &tried);
    notes.extend(truncated(intent, &tried));
    notes.extend(of_doors(&doors));
    let unanswered = unanswered(&doors, &cases);
    notes.extend(unanswered.iter().cloned());
    let contradictions = contradictions(&tried, &doors);
    let tables = tables(cx);
    let unseeded = seeded.unseeded.iter().filter(|u| tables.contains(&u.relation)).count();
    let untested = unseeded + untried(&tried).len() + tried.left + tried.unjudged.len() + doors.left + unanswered.len();
    let means_nothing = tried.trials.is_empty() || matches!(tried.control, Control::Failed(_));
    let untested = untested + usize::from(means_nothing);
    // Where there is no table, or nobody who is not trusted with everything, there is nothing to try.
    let expected = !tables.is_empty() && !guests.is_empty();
    let uncontrolled = uncontrolled(&tried).filter(|_| means_nothing && expected);
    let probes = Vec::new();
    Ok(Some(Attempted { suite, untested, uncontrolled, tried, doors, cases, notes, contradictions, probes }))
}

/// The guests of every principal that is not trusted with everything, then those that the project declares.
fn everybody(cx: &Context<'_>, seeded: &Seeded, run: &Run) -> Result<Vec<Guest>, Error> {
    let untrusted = cx.effective.principals().iter().filter(|p| p.is_untrusted());
    let mut all: Vec<_> = untrusted.flat_map(|principal| guests(&cx.effective, seeded, principal)).collect();
    let Some(rules) = &run.rules else { return Ok(all) };
    for persona in rules.personas() {
        if !cx.schema.roles.iter().any(|role| role.name == persona.role) {
            let names = || cx.schema.roles.iter().map(|r| r.name.as_str()).filter(|name| !name.starts_with("pg_"));
            let help = similar::to(&persona.role, names());
            let help = help.or_else(|| Some(format!("there are {}", names().collect::<Vec<_>>().join(", "))));
            let message = format!("{}: there is no role `{}`", persona.place, persona.role);
            return Err(Error::Usage { message, help });
        }
        all.push(declared(&cx.effective, seeded, persona));
    }
    for test in rules.tests() {
        if cases::named(&all, &test.who).is_none() {
            let names = || all.iter().map(|g| g.persona.name.as_str());
            let help = similar::to(&test.who, names());
            let help = help.unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
            return Err(Error::usage(format!("{}: there is no persona `{}`", test.place, test.who), help));
        }
        if test.request.is_some() && cases::named(&all, &test.who).is_some_and(|guest| !guest.persona.is_api) {
            let message = format!("{}: `{}` makes no requests: it speaks SQL", test.place, test.who);
            let help = "leave out method, path, headers and cookies, or name a persona of the Data API";
            return Err(Error::usage(message, help));
        }
    }
    Ok(all)
}

/// Adds to surprises how they are seen from outside. Of those that are alike the first is enough.
fn show(cx: &Context<'_>, tried: &mut Tried) {
    let mut met = BTreeSet::new();
    for trial in &mut tried.trials {
        let Some(surprise) = &mut trial.surprise else { continue };
        if !met.insert((trial.relation.clone(), trial.role.clone(), trial.action, surprise.kind)) {
            surprise.reproduce = Reproduce::default();
            continue;
        }
        let principal = |role: &str| cx.effective.principals().iter().find(|p: &&Principal| p.role == role);
        let (Some(principal), Some(relation)) = (principal(&trial.role), cx.schema.relation(&trial.relation)) else {
            continue;
        };
        let outside = cx.reproduce(principal, relation, trial.action.command());
        (surprise.reproduce.curl, surprise.reproduce.supabase_js) = (outside.curl, outside.supabase_js);
    }
}

/// A violation that a trial shows is confirmed; what could not be decided is, by what was seen.
fn confirm(entry: &mut VerdictEntry, trials: &[Trial]) {
    if entry.question != Asked::NeverExceeds || entry.through.is_some() || entry.verdict == Decided::Proved {
        return;
    }
    let shows = |t: &&Trial| {
        t.role == entry.principal
            && t.relation == entry.relation
            && t.action.command() == entry.command
            && t.surprise
                .as_ref()
                .is_some_and(|s| s.kind == SurpriseKind::Beyond && s.rule.as_ref() == Some(&entry.rule.text))
    };
    let Some(surprise) = trials.iter().find(shows).and_then(|t| t.surprise.as_ref()) else { return };
    if entry.verdict == Decided::Unknown {
        // Which of the two rows of an UPDATE it was about, the trial does not tell.
        if entry.row == RowOf::New && entry.command == Command::Update {
            return;
        }
        entry.verdict = Decided::Violated;
        entry.reason.clone_from(&surprise.text);
    }
    entry.confidence = Some(Confidence::Confirmed);
}

/// What cannot both be true, and runs that mean nothing.
fn contradictions(tried: &Tried, doors: &Doors) -> Vec<String> {
    let of_doors = doors.trials.iter().filter_map(|t| t.surprise.as_ref());
    let surprises = tried.trials.iter().filter_map(|t| t.surprise.as_ref()).chain(of_doors);
    let told = |s: &Surprise| match &s.rule {
        Some(rule) => format!("{} (`{rule}`)", s.text),
        None => s.text.clone(),
    };
    let mut all: Vec<_> = surprises.filter(|s| s.kind == SurpriseKind::Contradiction).map(told).collect();
    if tried.control == Control::NotSeen {
        all.push("access that the tester widened itself was not seen: its run is void".to_owned());
    }
    all.dedup();
    all
}

/// The tables of the application that rows are to be made in.
fn tables<'a>(cx: &Context<'a>) -> BTreeSet<&'a QualifiedName> {
    let wanted = |r: &&crate::model::Relation| r.kind.carries_row_security() && !r.is_partition;
    cx.relations().filter(wanted).map(|r| &r.name).collect()
}

/// The relations that were not tested, and why.
fn untried(tried: &Tried) -> BTreeSet<(&QualifiedName, &str)> {
    let all = tried.trials.iter().filter_map(|t| match &t.outcome {
        ProbeOutcome::NotTested { reason } => Some((&t.relation, reason.as_str())),
        _ => None,
    });
    all.collect()
}

/// What was tested and what was not.
fn notes(cx: &Context<'_>, seeded: &Seeded, tried: &Tried) -> Vec<String> {
    let tables = tables(cx);
    let mut notes = Vec::new();
    let made = seeded.count(tables.iter().copied());
    let guests: BTreeSet<_> = tried.trials.iter().map(|t| (&t.role, &t.persona)).collect();
    if !tried.trials.is_empty() {
        notes.push(format!(
            "rows were made in {made} of {} tables, and {} statements tried on them as {} personas, each rolled back",
            tables.len(),
            tried.trials.len(),
            guests.len()
        ));
    }
    notes.extend(uncontrolled(tried));
    let untested = seeded.unseeded.iter().filter(|u| tables.contains(&u.relation));
    notes.extend(untested.map(|u| format!("{} was not tested: no row could be made: {}", u.relation, u.reason)));
    notes.extend(
        seeded
            .forced
            .iter()
            .map(|(name, why)| format!("rows of {name} were made with triggers and foreign keys switched off: {why}")),
    );
    if tried.left > 0 {
        notes.push(format!("there was no time for {} statements that were to be tried", tried.left));
    }
    notes.extend(untried(tried).into_iter().map(|(name, why)| format!("{name} was not tested: {why}")));
    notes.extend(tried.unjudged.iter().cloned());
    notes
}

/// Tables that were emptied past declared rules on DELETE by a statement that no request makes.
fn truncated(intent: &Intent, tried: &Tried) -> Option<String> {
    let is_denied = |t: &Trial| {
        intent.declarations.iter().any(|d| {
            let is_it = d.role == t.role && d.relation == t.relation && d.command == Command::Delete;
            is_it && d.mode.is_upper() && matches!(d.origin, Origin::Declared(_))
        })
    };
    let emptied = |t: &&Trial| {
        t.action == Action::Truncate
            && matches!(t.outcome, ProbeOutcome::Seen { .. })
            && t.surprise.is_none()
            && is_denied(t)
    };
    let of: Vec<_> = tried.trials.iter().filter(emptied).collect();
    let roles: BTreeSet<_> = of.iter().map(|t| t.role.as_str()).collect();
    let tables: BTreeSet<_> = of.iter().map(|t| t.relation.to_string()).collect();
    let roles: Vec<_> = roles.into_iter().map(ToOwned::to_owned).collect();
    let tables: Vec<_> = tables.into_iter().collect();
    (!of.is_empty()).then(|| {
        format!(
            "{} may empty {} by TRUNCATE, which takes SQL and no request to the Data API: rules on DELETE were not held \
             against it",
            and_list(&roles),
            first_of(&tables, 6)
        )
    })
}

/// Why silence of the trials may mean little.
fn uncontrolled(tried: &Tried) -> Option<String> {
    match &tried.control {
        _ if tried.trials.is_empty() => {
            Some("nothing was tried: there is no relation of the application, or no role that is not trusted with all".to_owned())
        }
        Control::NothingHidden => Some(
            "no row was hidden from anybody by policies, so that no control could show that the trials would notice a leak"
                .to_owned(),
        ),
        Control::Failed(why) => Some(format!("no control showed that the trials would notice a leak: {why}")),
        Control::Seen | Control::NotSeen => None,
    }
}

/// What else the server gave no answer to.
fn unanswered(doors: &Doors, cases: &[Case]) -> BTreeSet<String> {
    let of_doors = doors.trials.iter().filter_map(|trial| match &trial.outcome {
        ProbeOutcome::NotTested { reason } => Some(format!("{} was not tested: {reason}", trial.object)),
        _ => None,
    });
    let of_tests = cases.iter().filter(|case| case.unanswered);
    of_doors.chain(of_tests.map(|case| format!("the test `{}` was not run: {}", case.name, case.actual))).collect()
}

/// What was called, and what was not.
fn of_doors(doors: &Doors) -> Vec<String> {
    const NAMED: usize = 5;
    let mut notes = Vec::new();
    let (calls, others): (Vec<_>, Vec<_>) =
        doors.trials.iter().partition(|t| matches!(t.door, DoorKind::Call | DoorKind::Injection));
    let functions: BTreeSet<_> = calls.iter().map(|t| &t.object).collect();
    if !functions.is_empty() {
        notes.push(format!(
            "{} called as everybody who may, with what is another user's: {} calls, each rolled back",
            if functions.len() == 1 {
                "1 function was".to_owned()
            } else {
                format!("{} functions were", functions.len())
            },
            calls.len()
        ));
    }
    if !others.is_empty() {
        let kinds = "SET ROLE, GRANT, triggers on others' tables, row-level security taken off, DROP OWNED, sequences, large \
                     objects, channels, buckets, tables of the platform, temporary and new tables, views that filter, settings";
        notes.push(format!("{} times what rights open was tried: {kinds}", others.len()));
    }
    if !doors.uncalled.is_empty() {
        let named: Vec<_> = doors.uncalled.iter().take(NAMED).map(String::as_str).collect();
        let more = match doors.uncalled.len() {
            n if n > NAMED => format!(" and {} more", n - NAMED),
            _ => String::new(),
        };
        notes.push(format!(
            "functions that no arguments could be made up for were not called: {}{more}",
            named.join(", ")
        ));
    }
    if doors.left > 0 {
        notes.push(format!("there was no time for {} calls of functions", doors.left));
    }
    notes
}
