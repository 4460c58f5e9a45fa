//! One declaration: its questions, put to the decider.

use std::collections::BTreeSet;

use super::script::{Scene, Script};
use super::{Judged, Kind, because, entry, trigger};
use crate::access::{Assume, Declaration, Intent, Origin};
use crate::analyzer::decide::{Ask, Asker, Assumption, Caller, Decider, Decision, Formula, Rule, Which};
use crate::analyzer::effective::{Access, Columns, Extent, Refusal, Who};
use crate::analyzer::verdict::Verdict;
use crate::checks::Context;
use crate::checks::words::first_of;
use crate::model::{Command, Privilege, Relation, printable};
use crate::report::{Asked, Decided, StatementForm};

/// The answers to the questions of a declaration.
pub(super) fn declaration(cx: &Context<'_>, declared: &Declaration, intent: &Intent) -> Vec<Judged> {
    let assume = &intent.assume;
    let Some(relation) = cx.schema.relation(&declared.relation) else { return Vec::new() };
    let case = Case {
        cx,
        intent,
        declared,
        relation,
        access: cx.effective.access(&declared.role, relation, declared.command),
        asker: asker(cx, &declared.role, assume),
    };
    let mut all = Vec::new();
    if declared.mode.is_upper() {
        let mut upper = case.upper(assume.caller);
        upper.entry.assumptions.extend(case.unseen_doors());
        all.push(upper);
        all.extend(case.doors(assume.caller));
        all.extend(case.parents(assume.caller));
        all.extend(case.children(assume.caller));
        all.extend(case.truncate(assume.caller));
    }
    if declared.mode.is_lower() {
        let mut lower = case.lower(assume.caller);
        let forms = case.forms(&mut lower, &intent.declarations);
        all.push(lower);
        all.extend(forms);
    }
    all.iter_mut().for_each(|judged| trigger::weigh(cx.schema, judged));
    all
}

/// What is known of the sessions of a role.
pub(super) fn asker(cx: &Context<'_>, role: &str, assume: &Assume) -> Asker {
    match cx.effective.principals().iter().find(|p| p.role == role).map(|p| p.who) {
        Some(Who::Anyone) => Asker::Nobody,
        Some(Who::SignedIn) if assume.signed_in => Asker::SomeUser,
        _ => Asker::Any,
    }
}

/// A declaration next to the access that it is about.
pub(super) struct Case<'c, 'a> {
    pub(super) cx: &'c Context<'a>,
    pub(super) intent: &'c Intent,
    pub(super) declared: &'c Declaration,
    pub(super) relation: &'a Relation,
    pub(super) access: Access<'a>,
    pub(super) asker: Asker,
}

/// An answer on the way to becoming plain data.
pub(super) struct Answer {
    pub(super) asked: Asked,
    pub(super) decision: Decision,
    pub(super) condition: String,
    pub(super) reason: Option<String>,
    pub(super) caller: Caller,
    pub(super) trivial: bool,
    /// The form of the command that alone does it, or is alone asked about.
    pub(super) form: Option<StatementForm>,
}

impl Case<'_, '_> {
    /// Whether nothing is reached beyond the rule.
    fn upper(&self, caller: Caller) -> Judged {
        if let Some(refusal) = self.refusal() {
            return self.told(Answer {
                asked: Asked::NeverExceeds,
                decision: Decision { verdict: Verdict::Proved, assumptions: Vec::new(), decided_by: Vec::new() },
                condition: "false".to_owned(),
                reason: Some(because::refused(&self.access, refusal)),
                caller,
                trivial: true,
                form: None,
            });
        }
        let mut formula = self.formula(caller);
        let ask = Ask::NeverExceeds(self.rule());
        let mut decision = formula.ask(ask, self.asker);
        let (mut caller, mut form) = (caller, None);
        let may_be_blind = matches!(self.declared.command, Command::Update | Command::Delete);
        if caller == Caller::Sql && may_be_blind && matches!(decision.verdict, Verdict::Violated(_)) {
            // What every request can do is worth more than what takes SQL.
            let filtered = self.formula(Caller::DataApi).ask(ask, self.asker);
            match filtered.verdict {
                Verdict::Violated(_) => (decision, caller) = (filtered, Caller::DataApi),
                Verdict::Proved => form = Some(StatementForm::Bare),
                Verdict::Unknown(_) => {}
            }
        }
        if matches!(decision.verdict, Verdict::Violated(_)) && self.is_bare_only(ask) {
            form = Some(StatementForm::Bare);
        }
        let condition = self.condition(&formula);
        let chosen = self.chosen(&formula);
        let asked = Asked::NeverExceeds;
        let mut judged = self.told(Answer { asked, decision, condition, reason: None, caller, trivial: false, form });
        judged.entry.assumptions.extend(chosen);
        judged.entry.assumptions.dedup();
        judged
    }

    /// The claims that are read and that users choose, by what is declared.
    fn chosen(&self, formula: &Formula<'_>) -> BTreeSet<String> {
        let claims = formula.terms().claims();
        let keys = claims.iter().filter_map(|(path, _)| path.first());
        let chosen = keys.filter(|key| self.intent.assume.is_chosen(key));
        chosen.map(|key| Assumption::UserChosen(key.to_string()).to_string()).collect()
    }

    pub(super) fn rule(&self) -> Rule<'_> {
        Rule::Bound(&self.declared.predicate.tree)
    }

    /// Whether all of the rule is reached: by statements as requests make them, or else by any SQL. What SELECT policies
    /// hide is within reach of a statement without WHERE only.
    fn lower(&self, most: Caller) -> Judged {
        let ask = Ask::GrantsAll(self.rule());
        let mut formula = self.formula(Caller::DataApi);
        let mut decision = formula.ask(ask, self.asker);
        let mut caller = Caller::DataApi;
        if most == Caller::Sql && decision.verdict != Verdict::Proved {
            let blind = self.formula(Caller::Sql).ask(ask, self.asker);
            if blind.verdict == Verdict::Proved {
                (decision, caller) = (blind, Caller::Sql);
            }
        }
        let trivial = self.refusal().is_some() && decision.verdict == Verdict::Proved;
        let reason = self.refusal().map(|refusal| because::refused(&self.access, refusal));
        let condition = self.condition(&formula);
        let (asked, form) = (Asked::GrantsAll, (caller == Caller::Sql).then_some(StatementForm::Bare));
        let mut judged = self.told(Answer { asked, decision, condition, reason, caller, trivial, form });
        judged.entry.assumptions.extend(self.columns_left_out());
        judged
    }

    /// That not every column can be written: a row that the rule names is one whose other columns hold their defaults.
    fn columns_left_out(&self) -> Option<String> {
        let Columns::Only(held) = &self.access.columns else { return None };
        let names: Vec<_> = held.iter().map(|(column, _)| printable(column)).collect();
        let rest = match self.declared.command {
            Command::Insert => "the others hold their defaults",
            Command::Update => "the others stay as they are",
            Command::Select | Command::Delete => return None,
        };
        let (command, listed) = (self.declared.command, first_of(&names, 6));
        Some(format!("{command} is granted on {listed} alone: {rest}"))
    }

    /// TRUNCATE removes rows whatever a rule on DELETE says of them.
    fn truncate(&self, caller: Caller) -> Option<Judged> {
        // What the platform grants on its own relations nobody can take back.
        let decider = self.decider();
        let is_asked = self.declared.command == Command::Delete
            && !self.cx.is_platform(self.relation)
            // The Data API has no request for it.
            && caller == Caller::Sql;
        if !is_asked || !decider.truncates(&self.declared.role, self.relation) {
            return None;
        }
        let held = self.cx.effective.holds_on_relation(&self.declared.role, self.relation, Privilege::Truncate)?;
        // No restrictive policy at all: every row.
        let mut everything = decider.floor(&self.declared.role, self.relation, &[], Which::Old);
        if everything.verdict(Ask::NeverExceeds(self.rule()), self.asker) == Verdict::Proved {
            return None;
        }
        let mut entry = entry::of(self, Asked::NeverExceeds, Decided::Violated, Vec::new());
        entry.condition = "true".to_owned();
        entry.reason =
            "TRUNCATE removes every row, and row-level security does not filter it; it takes SQL, which the \
                        Data API does not pass on"
                .to_owned();
        entry.decided_by = vec![format!("TRUNCATE {held}")];
        let cause = self.relation.acl.granting(Privilege::Truncate).map(|g| g.origin).max().unwrap_or_default();
        let cause = if cause.is_catalog() { self.relation.origin } else { cause };
        Some(Judged { entry, script: None, cause, kind: Kind::Truncate })
    }

    /// Why nothing is reached, where a missing grant or default deny settles it.
    fn refusal(&self) -> Option<Refusal> {
        match self.access.extent {
            Extent::None(refusal) if refusal != Refusal::NeverTrue => Some(refusal),
            _ => None,
        }
    }

    fn formula(&self, caller: Caller) -> Formula<'_> {
        let Declaration { role, command, row, .. } = self.declared;
        self.decider().access(role, self.relation, *command, *row, caller)
    }

    /// Of what is merely likely a witness is not worth long.
    pub(super) fn decider(&self) -> Decider<'_> {
        match self.declared.origin {
            Origin::Reading { .. } => Decider::brief(&self.cx.effective),
            _ => Decider::new(&self.cx.effective),
        }
    }

    /// The condition as policies say it, which is what people know; of a view, what its query comes to.
    fn condition(&self, formula: &Formula<'_>) -> String {
        let of_policies = match self.declared.row {
            Which::New if self.declared.command == Command::Update => self.access.new_row(),
            _ => self.access.condition(),
        };
        of_policies.filter(|_| self.relation.view.is_none()).unwrap_or_else(|| formula.sql())
    }

    /// What a script is to show.
    pub(super) fn scene(&self, asked: Asked, caller: Caller, form: Option<StatementForm>) -> Scene<'_> {
        Scene {
            effective: &self.cx.effective,
            role: &self.declared.role,
            relation: self.relation,
            parent: None,
            command: self.declared.command,
            which: self.declared.row,
            caller,
            asked,
            form,
            rule: Some(&self.declared.predicate.sql),
        }
    }

    pub(super) fn told(&self, answer: Answer) -> Judged {
        let witness = match &answer.decision.verdict {
            Verdict::Violated(witness) => Some(&**witness),
            _ => None,
        };
        let script =
            witness.and_then(|witness| Script::of(&self.scene(answer.asked, answer.caller, answer.form), witness));
        let cause = because::cause(self, &answer.decision.decided_by);
        let entry = entry::complete(self, answer, script.as_ref());
        Judged { entry, script, cause, kind: Kind::Rows }
    }
}
