//! Trials for people: who could do what, where it is not what was to be expected, and the tests of the project.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::Table;

use super::Human;
use super::personas;
use super::text::{BOLD, counted, styled, wrapped};
use crate::model::{Command, printable};
use crate::report::{Action, ProbeOutcome, Report, Surprise, Trial};

/// Surprises that are shown with the script, before the rest become single lines.
const FULL: usize = 3;

impl Human<'_> {
    /// The report of `test`.
    #[must_use]
    pub fn trials(&self, report: &Report) -> String {
        let surprises = surprises(report);
        let failed = report.tests.iter().filter(|case| case.failed()).count();
        let told = |n: usize, one: &str| counted(u64::try_from(n).unwrap_or(u64::MAX), one);
        let verdict = match (surprises.len(), failed) {
            (0, 0) => {
                let bounded = report.trials.iter().filter(|t| t.expected.is_some()).count();
                let tests = told(report.tests.iter().filter(|case| case.passed).count(), "declared test");
                format!(
                    "{}, {bounded} of them bounded by rules, {}, and {tests} came out as expected.",
                    told(report.trials.len(), "trial"),
                    told(report.doors.len(), "call")
                )
            }
            (n, f) => format!(
                "{} of {} did not come out as expected, and {} of {}.",
                n,
                told(report.trials.len() + report.doors.len(), "trial"),
                f,
                told(report.tests.len(), "declared test")
            ),
        };
        let mut out = format!("{}\n", styled(BOLD, &wrapped(&verdict, self.width, 0)));
        self.surprises(surprises, &mut out);
        self.cases(report, &mut out);
        out.push_str(&format!("\n{}\n{}\n", styled(BOLD, "Who can do what"), self.table(&report.trials)));
        if let Some(buckets) = self.buckets(&report.doors) {
            out.push_str(&format!(
                "\n{}\n{buckets}\n",
                styled(BOLD, "Files of oneself and of another user, in each bucket")
            ));
        }
        // What was not tested counts in the end, and so stands where lists are not cut short.
        let mut notes = report.source.notes.clone();
        notes.sort_by_key(|note| {
            !["not tested", "no time for", "not run", "not evaluated"].iter().any(|w| note.contains(w))
        });
        self.list("Notes", &notes, &mut out);
        out
    }

    fn surprises(&self, surprises: Vec<(Alike<'_>, &Surprise)>, out: &mut String) {
        let (mut met, mut rules) = (BTreeSet::new(), BTreeSet::new());
        let told: Vec<_> = surprises.into_iter().filter(|(alike, s)| met.insert((alike.clone(), s.kind))).collect();
        if told.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", styled(BOLD, "Not as expected")));
        for (at, (_, surprise)) in told.iter().enumerate() {
            out.push_str(&format!("  - {}\n", wrapped(&printable(&surprise.text), self.width, 4)));
            if let Some(rule) = surprise.rule.as_ref().filter(|rule| rules.insert(*rule)) {
                out.push_str(&format!("    rule: {}\n", wrapped(rule, self.width, 10)));
            }
            if at >= FULL && !self.verbose {
                continue;
            }
            let show = [&surprise.reproduce.sql, &surprise.reproduce.curl, &surprise.reproduce.supabase_js];
            for text in show.into_iter().flatten() {
                for line in text.lines() {
                    out.push_str(&format!("      {}\n", printable(line)));
                }
            }
        }
    }

    fn cases(&self, report: &Report, out: &mut String) {
        if report.tests.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", styled(BOLD, "Tests")));
        for case in &report.tests {
            let line = match (case.passed, case.unanswered) {
                (true, _) => format!("ok      as {}: {}", case.persona, case.name),
                (false, true) => format!("not run as {}: {}: {}", case.persona, case.name, case.actual),
                (false, false) => format!(
                    "FAILED  as {}: {}: expected {}, got {} ({}:{})",
                    case.persona, case.name, case.expected, case.actual, case.file, case.line
                ),
            };
            out.push_str(&format!("  {}\n", wrapped(&printable(&line), self.width, 10)));
        }
    }

    /// A line for each relation and persona, a column for each command; personas that could do the same share a line.
    fn table(&self, trials: &[Trial]) -> Table {
        let mut table = self.table_of(&["relation", "persona", "SELECT", "INSERT", "UPDATE", "DELETE"]);
        let mut by_relation: BTreeMap<_, BTreeMap<_, Vec<&Trial>>> = BTreeMap::new();
        for trial in trials {
            by_relation
                .entry(&trial.relation)
                .or_default()
                .entry((&trial.role, &trial.persona))
                .or_default()
                .push(trial);
        }
        for (relation, of_relation) in by_relation {
            let cells = |tried: &[&Trial]| Command::ALL.map(|command| cell(tried, command));
            let lines = of_relation.iter().map(|((_, persona), tried)| (persona.as_str(), cells(tried)));
            personas::add(&mut table, &relation.to_string(), lines);
        }
        table
    }
}

/// What surprises that are alike have in common: the object, the role, and what was done.
type Alike<'r> = (String, &'r str, &'static str);

/// What did not come out as expected.
fn surprises(report: &Report) -> Vec<(Alike<'_>, &Surprise)> {
    let of_trials = report.trials.iter().filter_map(|t| {
        let alike = (t.relation.to_string(), t.role.as_str(), t.action.command().privilege().sql());
        Some((alike, t.surprise.as_ref()?))
    });
    let of_doors = report
        .doors
        .iter()
        .filter_map(|t| Some(((t.object.clone(), t.role.as_str(), t.door.words()), t.surprise.as_ref()?)));
    of_trials.chain(of_doors).collect()
}

/// Whether a row was reached by another way than a statement of the command on its relation.
fn is_detour(trial: &Trial) -> bool {
    matches!(trial.action, Action::Truncate | Action::DeleteByCascade | Action::UpdateByCascade)
}

/// The most that a persona got done with any statement of a command, and by a detour where that is more; `!` where it was not
/// expected.
fn cell(trials: &[&Trial], command: Command) -> String {
    let of: Vec<_> = trials.iter().filter(|t| t.action.command() == command).collect();
    let (by_detour, plain): (Vec<&Trial>, Vec<&Trial>) = of.iter().copied().partition(|t| is_detour(t));
    let rank = |outcome: &ProbeOutcome| match outcome {
        ProbeOutcome::Seen { rows, .. } => 1_000 + u64::from(*rows),
        ProbeOutcome::Hidden => 5,
        ProbeOutcome::Empty | ProbeOutcome::NothingSeen => 4,
        ProbeOutcome::Refused => 3,
        ProbeOutcome::Error { .. } => 2,
        ProbeOutcome::NotTested { .. } => 1,
    };
    let Some(most) = plain.iter().max_by_key(|t| rank(&t.outcome)) else { return "-".to_owned() };
    let text = match &most.outcome {
        ProbeOutcome::Seen { rows, .. } if command == Command::Select => format!("{rows} seen"),
        ProbeOutcome::Seen { rows, .. } => format!("{rows} written"),
        ProbeOutcome::Hidden => "hidden".to_owned(),
        ProbeOutcome::Empty | ProbeOutcome::NothingSeen => "no rows".to_owned(),
        ProbeOutcome::Refused => "refused".to_owned(),
        ProbeOutcome::Error { sqlstate, .. } => format!("error {sqlstate}"),
        ProbeOutcome::NotTested { .. } => "not tested".to_owned(),
    };
    let more =
        by_detour.iter().max_by_key(|t| rank(&t.outcome)).filter(|t| rank(&t.outcome) > rank(&most.outcome).max(1_000));
    let more = more.map_or_else(String::new, |trial| match (trial.action, &trial.outcome) {
        (Action::Truncate, ProbeOutcome::Seen { rows, .. }) => format!(", {rows} by TRUNCATE"),
        (_, ProbeOutcome::Seen { rows, .. }) => format!(", {rows} by cascade"),
        _ => String::new(),
    });
    let mark = if of.iter().any(|t| t.surprise.is_some()) { " !" } else { "" };
    format!("{text}{more}{mark}")
}
