//! Forms of a command that SELECT policies hold back: an INSERT that returns its row, and an upsert.
//!
//! A rule that grants rows to INSERT is met by a bare one. What a client sends is often more: supabase-js adds RETURNING
//! for `.insert().select()`, and `.upsert()` names columns in ON CONFLICT; both read, so that SELECT policies become checks
//! on the new row. It is asked only where the bare command reaches all that is granted, and told where it surprises: rows
//! that the rules on SELECT keep from the role anyway are no news.

use super::Judged;
use super::judge::{Answer, Case};
use crate::access::{Declaration, Origin};
use crate::analyzer::decide::{Ask, Caller, Decision, Formula, Rule, Which};
use crate::analyzer::effective::Extent;
use crate::analyzer::verdict::Verdict;
use crate::model::{Command, ConstraintKind, quote_ident};
use crate::report::{Asked, Decided, StatementForm};

impl Case<'_, '_> {
    /// Whether a violation takes a bare INSERT: one that returns its row is refused.
    pub(super) fn is_bare_only(&self, ask: Ask<'_>) -> bool {
        if self.declared.command != Command::Insert || self.relation.view.is_some() {
            return false;
        }
        let mut returning = self.decider().returning(&self.declared.role, self.relation, Caller::Sql);
        returning.proves(ask, self.asker)
    }

    /// The answers on other forms of what the bare command was found to reach.
    pub(super) fn forms(&self, lower: &mut Judged, all: &[Declaration]) -> Option<Judged> {
        let Declaration { command, origin, .. } = self.declared;
        let is_asked = lower.entry.verdict == Decided::Proved
            && !lower.entry.trivial
            && matches!(origin, Origin::Declared(_))
            && self.relation.view.is_none();
        if !is_asked {
            return None;
        }
        let (form, answered) = match command {
            Command::Insert => (StatementForm::Returning, self.returning(all)?),
            Command::Update => (StatementForm::Upsert, self.upsert(all)?),
            _ => return None,
        };
        let Answered { decision, condition } = answered;
        if let Verdict::Unknown(reason) = &decision.verdict {
            // What was declared is decided; that more is not known is said with it.
            let words = if form == StatementForm::Returning { "with RETURNING or ON CONFLICT" } else { "by an upsert" };
            lower.entry.reason.push_str(&format!("; whether {words} too is not decided: {reason}"));
            return None;
        }
        let (asked, caller) = (Asked::GrantsAll, Caller::DataApi);
        Some(self.told(Answer { asked, decision, condition, reason: None, caller, trivial: false, form: Some(form) }))
    }

    /// Whether an INSERT can return what it may add.
    fn returning(&self, all: &[Declaration]) -> Option<Answered> {
        let select = self.cx.effective.access(&self.declared.role, self.relation, Command::Select);
        // Who reads nothing at all is meant to write only.
        if matches!(select.extent, Extent::None(_)) {
            return None;
        }
        let formula = || self.decider().returning(&self.declared.role, self.relation, Caller::DataApi);
        let mut whole = formula();
        let decision = whole.ask(Ask::GrantsAll(self.rule()), self.asker);
        if !matches!(decision.verdict, Verdict::Violated(_)) {
            return Some(Answered::of(decision, &whole));
        }
        let readable = self.with(all, Command::Select, Which::Old);
        let Some(readable) = readable else { return Some(Answered::of(decision, &whole)) };
        let within = formula().ask(Ask::GrantsAll(Rule::Text(&readable)), self.asker);
        match within.verdict {
            // By rule the role cannot read the rest; only that nothing at all comes back would be a surprise.
            Verdict::Proved if !self.is_always_refused() => Some(Answered::of(within, &whole)),
            Verdict::Proved => Some(Answered::of(decision, &whole)),
            _ => Some(Answered::of(within, &whole)),
        }
    }

    /// Whether RETURNING is refused for every row: what could let it through are rows that refer to the new one, and
    /// there are none yet.
    fn is_always_refused(&self) -> bool {
        let name = &self.relation.name;
        let mut referring = Vec::new();
        for child in &self.cx.schema.relations {
            for constraint in child.constraints.iter().filter(|c| c.enforced) {
                let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
                if key.relation != *name {
                    continue;
                }
                let pairs = constraint.columns.iter().zip(&key.columns);
                let same: Vec<_> = pairs
                    .map(|(own, its)| {
                        format!("referring.{} = {}.{}", quote_ident(own), quote_ident(&name.name), quote_ident(its))
                    })
                    .collect();
                referring.push(format!("exists (select from {} referring where {})", child.name, same.join(" and ")));
            }
        }
        if referring.is_empty() {
            return false;
        }
        let mut formula = self.decider().returning(&self.declared.role, self.relation, Caller::DataApi);
        formula.proves(Ask::NeverExceeds(Rule::Text(&referring.join(" or "))), self.asker)
    }

    /// Whether an upsert can change what an UPDATE may, where rules grant an INSERT as well.
    fn upsert(&self, all: &[Declaration]) -> Option<Answered> {
        let Declaration { role, row, predicate, .. } = self.declared;
        let inserts = |d: &&Declaration| d.command == Command::Insert && d.mode.is_lower() && self.is_beside(d);
        all.iter().find(inserts)?;
        let rule = match row {
            Which::Old => predicate.sql.clone(),
            Which::New => self.with(all, Command::Insert, Which::New)?,
        };
        let access = self.cx.effective.access(role, self.relation, Command::Insert);
        if matches!(access.extent, Extent::None(_)) {
            return None;
        }
        let mut formula = self.decider().upsert(role, self.relation, *row);
        let decision = formula.ask(Ask::GrantsAll(Rule::Text(&rule)), self.asker);
        Some(Answered::of(decision, &formula))
    }

    /// The rule and what the rules on another command of the role say as well; `None` where there are none.
    fn with(&self, all: &[Declaration], command: Command, row: Which) -> Option<String> {
        let others = all.iter().filter(|d| d.command == command && d.row == row && self.is_beside(d));
        let others: Vec<_> = others.map(|d| format!("({})", d.predicate.sql)).collect();
        (!others.is_empty()).then(|| format!("({}) and {}", self.declared.predicate.sql, others.join(" and ")))
    }

    /// Whether a declaration is on the same role and relation.
    fn is_beside(&self, other: &Declaration) -> bool {
        other.role == self.declared.role && other.relation == self.declared.relation
    }
}

/// An answer with the condition that it is about.
struct Answered {
    decision: Decision,
    condition: String,
}

impl Answered {
    fn of(decision: Decision, formula: &Formula<'_>) -> Self {
        Self { decision, condition: formula.sql() }
    }
}
