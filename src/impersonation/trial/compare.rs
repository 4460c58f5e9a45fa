//! What happened, held against what rules, proofs and the model say.

use super::attempt::Attempt;
use super::judge::Rows;
use super::{Setting, show};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::Which;
use crate::analyzer::effective::Extent;
use crate::finding::Reproduce;
use crate::impersonation::guest::Guest;
use crate::model::{Command, ConstraintKind, Privilege, QualifiedName, ReferentialAction, Relation};
use crate::report::{Action, Asked, Decided, ProbeOutcome, RowOf, Surprise, SurpriseKind, VerdictEntry};

/// What a trial came to, with the rows that it reached.
pub(super) struct Observed {
    pub(super) outcome: ProbeOutcome,
    /// The rows that were read, changed or deleted.
    pub(super) old: Vec<String>,
    /// What the rules say of each row that was written.
    pub(super) new: Vec<Vec<bool>>,
}

/// A trial next to what bounds it.
pub(super) struct Case<'t, 's, 'a> {
    pub(super) setting: &'t Setting<'s, 'a>,
    pub(super) guest: &'t Guest,
    pub(super) relation: &'t Relation,
    pub(super) rules: &'t [&'t Declaration],
    pub(super) attempt: &'t Attempt,
}

impl Case<'_, '_, '_> {
    /// What was expected, in words, and where it was not so.
    pub(super) fn compare(&self, observed: &Observed, before: &Rows) -> (Option<String>, Option<Surprise>) {
        // Who may delete a row may lose what hangs on it to the same statement: that is for the check of cascades to judge.
        if matches!(self.attempt.action, Action::DeleteByCascade | Action::UpdateByCascade) {
            return (None, None);
        }
        // An upsert that changed no row has added one.
        let command = match self.attempt.action {
            Action::Upsert if observed.old.is_empty() => Command::Insert,
            action => action.command(),
        };
        let bounding: Vec<_> = self.rules.iter().enumerate().filter(|(_, rule)| rule.command == command).collect();
        let expected: Vec<_> = bounding.iter().map(|(_, rule)| said(rule)).collect();
        let expected = (!expected.is_empty()).then(|| expected.join("; "));
        let beyond = bounding.iter().filter(|(_, rule)| self.binds(rule)).find_map(|(at, rule)| {
            let denied = |rules: &Vec<bool>| rules.get(*at) == Some(&false);
            let rows = match rule.row {
                Which::Old => observed.old.iter().filter(|id| before.0.get(*id).is_some_and(denied)).count(),
                Which::New => observed.new.iter().filter(|rules| denied(rules)).count(),
            };
            (rows > 0).then_some((*rule, rows))
        });
        let surprise = beyond
            .map(|(rule, rows)| self.beyond(rule, rows))
            .or_else(|| self.against_the_model(command, observed))
            .or_else(|| self.short_of_the_model(observed, before))
            .or_else(|| self.missing(&bounding, observed, before));
        (expected, surprise)
    }

    /// Whether more than a rule says is too much. What is merely read of columns and policies speaks of rows, and not of
    /// TRUNCATE, which the platform grants on every table; and no request to the Data API does that.
    fn binds(&self, rule: &Declaration) -> bool {
        let is_bound = || is_declared(rule) && !self.guest.persona.is_api;
        rule.mode.is_upper() && (self.attempt.action != Action::Truncate || is_bound())
    }

    fn beyond(&self, rule: &Declaration, rows: usize) -> Surprise {
        // Verdicts on DELETE do not speak of TRUNCATE, which has one of its own.
        let speaks = self.attempt.action != Action::Truncate && self.is_plain();
        let proved = speaks && is_proved(self.setting.verdicts, Asked::NeverExceeds, rule);
        let (who, what, rows) = (&self.guest.persona.name, self.attempt.action.words(), counted(rows));
        let (name, because) = named(rule);
        let text = format!("as {who}, {what} on {} reached {rows} that {name} denies", self.relation.name);
        if proved {
            let text = format!("{text}, though pgwitness had proved that no row is{because}");
            return self.surprise(SurpriseKind::Contradiction, text, Some(rule));
        }
        self.surprise(SurpriseKind::Beyond, text + &because, Some(rule))
    }

    /// What effective access says cannot be.
    fn against_the_model(&self, command: Command, observed: &Observed) -> Option<Surprise> {
        let ProbeOutcome::Seen { rows, .. } = observed.outcome else { return None };
        let effective = self.setting.effective;
        let relation = effective.schema().relation(&self.relation.name)?;
        let role = &self.guest.persona.role;
        let may = match self.attempt.action {
            Action::Truncate => effective.holds_on_relation(role, relation, Privilege::Truncate).is_some(),
            _ => effective.access(role, relation, command).is_some(),
        };
        if may || !self.is_plain() {
            return None;
        }
        let (who, what, rows) = (
            &self.guest.persona.name,
            self.attempt.action.words(),
            counted(usize::try_from(rows).unwrap_or(usize::MAX)),
        );
        let text = format!("the model says that {who} cannot {what} on {}, but {rows} came of it", self.relation.name);
        Some(self.surprise(SurpriseKind::Contradiction, text, None))
    }

    /// Rows that effective access says are read, all of them, and that did not come back.
    fn short_of_the_model(&self, observed: &Observed, before: &Rows) -> Option<Surprise> {
        if self.attempt.action != Action::Select || !self.relation.kind.carries_row_security() || !self.is_plain() {
            return None;
        }
        if matches!(observed.outcome, ProbeOutcome::Error { .. } | ProbeOutcome::NotTested { .. }) {
            return None;
        }
        let effective = self.setting.effective;
        let relation = effective.schema().relation(&self.relation.name)?;
        let reads_all = effective.access(&self.guest.persona.role, relation, Command::Select).extent == Extent::All;
        let hidden = before.0.keys().filter(|id| !observed.old.contains(id)).count();
        let (who, on, rows) = (&self.guest.persona.name, &self.relation.name, counted(hidden));
        let text = format!("the model says that {who} reads every row of {on}, but {rows} did not come back");
        (reads_all && hidden > 0).then(|| self.surprise(SurpriseKind::Contradiction, text, None))
    }

    /// Rows that rules grant and a plain statement does not reach.
    fn missing(&self, bounding: &[(usize, &&Declaration)], observed: &Observed, before: &Rows) -> Option<Surprise> {
        // What SELECT policies hide, a DELETE with a WHERE does not reach, but one without it does: only a proof speaks of that.
        let blind = self.attempt.action == Action::DeleteBlind;
        if !blind && !matches!(self.attempt.action, Action::Select | Action::DeleteFiltered) {
            return None;
        }
        // An error of another kind, such as a foreign key's, says nothing of access.
        if matches!(observed.outcome, ProbeOutcome::Error { .. } | ProbeOutcome::NotTested { .. }) {
            return None;
        }
        let (at, rule) = bounding.iter().find(|(_, rule)| rule.mode.is_lower() && rule.row == Which::Old)?;
        let granted =
            before.0.iter().filter(|(id, rules)| rules.get(*at) == Some(&true) && !observed.old.contains(id)).count();
        let (who, what, on) = (&self.guest.persona.name, self.attempt.action.words(), &self.relation.name);
        let (name, because) = named(rule);
        let rows = counted(granted);
        let text = format!("as {who}, {what} on {on} did not reach {rows} that {name} grants");
        let proved = || {
            (blind || self.attempt.action == Action::Select)
                && self.is_plain()
                && is_proved(self.setting.verdicts, Asked::GrantsAll, rule)
        };
        let (kind, text) = match () {
            () if granted == 0 => return None,
            () if proved() => (
                SurpriseKind::Contradiction,
                format!("{text}, though pgwitness had proved that every such row is reached{because}"),
            ),
            () if blind => return None,
            () => (SurpriseKind::Missing, text + &because),
        };
        Some(self.surprise(kind, text, Some(rule)))
    }

    /// Whether rows are reached by the statement alone: triggers, rules and actions of keys reach further, in others' names.
    fn is_plain(&self) -> bool {
        let acts =
            |action: ReferentialAction| !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict);
        let is_self = |name: &QualifiedName| *name == self.relation.name;
        let cascades = self.relation.constraints.iter().any(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => is_self(&key.relation) && (acts(key.on_delete) || acts(key.on_update)),
            _ => false,
        });
        let reads = self.attempt.action.command() == Command::Select;
        let alone = self.relation.triggers.is_empty() && self.relation.rules.is_empty() && !cascades;
        self.guest.is_standard && (reads || alone && self.relation.view.is_none())
    }

    pub(super) fn surprise(&self, kind: SurpriseKind, text: String, rule: Option<&Declaration>) -> Surprise {
        let sql = show::script(self.setting, self.guest, self.relation, self.attempt);
        let declared = rule.is_none_or(is_declared);
        let rule = rule.map(|rule| rule.predicate.text.clone());
        Surprise { kind, text, rule, declared, reproduce: Reproduce { sql: Some(sql), ..Reproduce::default() } }
    }
}

fn is_declared(rule: &Declaration) -> bool {
    matches!(rule.origin, Origin::Declared(_))
}

/// A rule by where it is declared, and what it was read from where nobody declared it: its text may be long.
fn named(rule: &Declaration) -> (String, String) {
    match &rule.origin {
        Origin::Declared(place) => (format!("the rule at {place}"), String::new()),
        Origin::Reading { because } => ("the default reading".to_owned(), format!(": {because}")),
    }
}

fn said(rule: &Declaration) -> String {
    let mode = match (rule.mode.is_upper(), rule.mode.is_lower()) {
        (true, true) => "exactly",
        (false, _) => "at least",
        _ => "at most",
    };
    let row = match (rule.command, rule.row) {
        (Command::Update, Which::Old) => "rows that were ",
        (Command::Update, Which::New) => "rows that become ",
        _ => "",
    };
    format!("{mode} {row}`{}`", rule.predicate.text)
}

fn counted(rows: usize) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

/// Whether an answer to a question about a rule is that it holds.
pub(in crate::impersonation) fn is_proved(verdicts: &[VerdictEntry], question: Asked, rule: &Declaration) -> bool {
    verdicts.iter().any(|entry| {
        entry.verdict == Decided::Proved
            && entry.question == question
            && entry.through.is_none()
            && entry.principal == rule.role
            && entry.relation == rule.relation
            && entry.command == rule.command
            && (entry.row == RowOf::Old) == (rule.row == Which::Old)
            && entry.rule.text == rule.predicate.text
    })
}
