//! One declaration: its questions, put to the decider.

use super::script::{Scene, Script};
use super::{Judged, Kind, because, entry};
use crate::access::{Assume, Declaration};
use crate::analyzer::decide::{Asker, Caller, Decider, Formula, Which};
use crate::analyzer::effective::{Access, Extent, Refusal, Who};
use crate::analyzer::verdict::Verdict;
use crate::checks::Context;
use crate::model::{Command, Origin, Privilege, Relation};
use crate::report::{Asked, Decided};

/// The answers to the questions of a declaration.
pub(super) fn declaration(cx: &Context<'_>, declared: &Declaration, assume: &Assume) -> Vec<Judged> {
    let Some(relation) = cx.schema.relation(&declared.relation) else { return Vec::new() };
    let case = Case {
        cx,
        declared,
        relation,
        access: cx.effective.access(&declared.role, relation, declared.command),
        asker: asker(cx, &declared.role),
    };
    let mut all = Vec::new();
    if declared.mode.is_upper() {
        all.push(case.upper(assume.caller));
        all.extend(case.truncate());
    }
    if declared.mode.is_lower() {
        all.push(case.lower());
    }
    all
}

/// What is known of the sessions of a role.
fn asker(cx: &Context<'_>, role: &str) -> Asker {
    match cx.effective.principals().iter().find(|p| p.role == role).map(|p| p.who) {
        Some(Who::Anyone) => Asker::Nobody,
        Some(Who::SignedIn) => Asker::SomeUser,
        _ => Asker::Any,
    }
}

/// A declaration next to the access that it is about.
pub(super) struct Case<'c, 'a> {
    pub(super) cx: &'c Context<'a>,
    pub(super) declared: &'c Declaration,
    pub(super) relation: &'a Relation,
    pub(super) access: Access<'a>,
    asker: Asker,
}

/// An answer on the way to becoming plain data.
pub(super) struct Answer {
    pub(super) asked: Asked,
    pub(super) verdict: Verdict,
    pub(super) condition: String,
    pub(super) reason: Option<String>,
    pub(super) caller: Caller,
    pub(super) trivial: bool,
    /// Whether a statement with a WHERE does not do it.
    pub(super) blind_only: bool,
}

impl Case<'_, '_> {
    /// Whether nothing is reached beyond the rule.
    fn upper(&self, caller: Caller) -> Judged {
        if let Some(refusal) = self.refusal() {
            return self.told(Answer {
                asked: Asked::NeverExceeds,
                verdict: Verdict::Proved,
                condition: "false".to_owned(),
                reason: Some(because::refused(&self.access, refusal)),
                caller,
                trivial: true,
                blind_only: false,
            });
        }
        let mut formula = self.formula(caller);
        let mut verdict = formula.never_exceeds(&self.declared.predicate.sql, self.asker);
        let (mut caller, mut blind_only) = (caller, false);
        let may_be_blind = matches!(self.declared.command, Command::Update | Command::Delete);
        if caller == Caller::Sql && may_be_blind && matches!(verdict, Verdict::Violated(_)) {
            // What every request can do is worth more than what takes SQL.
            match self.formula(Caller::DataApi).never_exceeds(&self.declared.predicate.sql, self.asker) {
                filtered @ Verdict::Violated(_) => (verdict, caller) = (filtered, Caller::DataApi),
                Verdict::Proved => blind_only = true,
                Verdict::Unknown(_) => {}
            }
        }
        let condition = self.condition(&formula);
        self.told(Answer {
            asked: Asked::NeverExceeds,
            verdict,
            condition,
            reason: None,
            caller,
            trivial: false,
            blind_only,
        })
    }

    /// Whether all of the rule is reached, by statements as requests make them.
    fn lower(&self) -> Judged {
        let mut formula = self.formula(Caller::DataApi);
        let verdict = formula.grants_all(&self.declared.predicate.sql, self.asker);
        let trivial = self.refusal().is_some() && verdict == Verdict::Proved;
        let reason = self.refusal().map(|refusal| because::refused(&self.access, refusal));
        let condition = self.condition(&formula);
        self.told(Answer {
            asked: Asked::GrantsAll,
            verdict,
            condition,
            reason,
            caller: Caller::DataApi,
            trivial,
            blind_only: false,
        })
    }

    /// TRUNCATE removes rows whatever a rule on DELETE says of them.
    fn truncate(&self) -> Option<Judged> {
        if self.declared.command != Command::Delete {
            return None;
        }
        let usage = self.cx.schema.namespace(&self.relation.name.schema)?;
        self.cx.effective.holds_on_namespace(&self.declared.role, usage, Privilege::Usage)?;
        let held = self.cx.effective.holds_on_relation(&self.declared.role, self.relation, Privilege::Truncate)?;
        let mut everything = Decider::new(&self.cx.effective).everything(&self.declared.role, self.relation);
        if everything.never_exceeds(&self.declared.predicate.sql, self.asker) == Verdict::Proved {
            return None;
        }
        let mut entry = entry::of(self, None, Asked::NeverExceeds, Decided::Violated);
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
        Decider::new(&self.cx.effective).access(role, self.relation, *command, *row, caller)
    }

    /// The condition as policies say it, which is what people know; of a view, what its query comes to.
    fn condition(&self, formula: &Formula<'_>) -> String {
        let of_policies = match self.declared.row {
            Which::New if self.declared.command == Command::Update => self.access.new_row(),
            _ => self.access.condition(),
        };
        of_policies.filter(|_| self.relation.view.is_none()).unwrap_or_else(|| formula.sql())
    }

    fn told(&self, answer: Answer) -> Judged {
        let witness = match &answer.verdict {
            Verdict::Violated(witness) => Some(&**witness),
            _ => None,
        };
        let script = witness.and_then(|witness| {
            let scene = Scene {
                effective: &self.cx.effective,
                role: &self.declared.role,
                relation: self.relation,
                command: self.declared.command,
                which: self.declared.row,
                caller: answer.caller,
                asked: answer.asked,
                rule: Some(&self.declared.predicate.sql),
            };
            Script::of(&scene, witness)
        });
        let cause = because::cause(self, witness);
        let entry = entry::complete(self, answer, script.as_ref());
        Judged { entry, script, cause, kind: Kind::Rows }
    }

    /// Where a policy or the relation's own statement decides.
    pub(super) fn origin_of(&self, policy: Option<&crate::model::Policy>) -> Origin {
        policy.map(|p| p.origin).filter(|o| !o.is_catalog()).unwrap_or(self.relation.origin)
    }
}
