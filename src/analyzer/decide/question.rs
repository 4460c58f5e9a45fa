//! Questions about a condition, and their answers with what they rest on.

use std::collections::BTreeSet;

use super::formula::{Formula, Part};
use super::{Asker, Assumption};
use crate::analyzer::term::Id;
use crate::analyzer::verdict::{Reason, Verdict};
use crate::model::Relation;
use crate::sql::tree::Expr;

/// A rule: a condition on a row of the relation, evaluated without row security.
#[derive(Debug, Clone, Copy)]
pub enum Rule<'r> {
    /// SQL under an empty `search_path`.
    Text(&'r str),
    /// Bound, with the relation's row as the only source of the outermost level.
    Bound(&'r Expr),
    /// Bound so to a parent, whose columns a partition or a child by INHERITS has by their names.
    Inherited(&'r Relation, &'r Expr),
}

impl<'r> From<&'r str> for Rule<'r> {
    fn from(text: &'r str) -> Self {
        Self::Text(text)
    }
}

impl<'r> From<&'r String> for Rule<'r> {
    fn from(text: &'r String) -> Self {
        Self::Text(text)
    }
}

impl<'r> From<&'r Expr> for Rule<'r> {
    fn from(tree: &'r Expr) -> Self {
        Self::Bound(tree)
    }
}

/// A question about a condition.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'r> {
    /// Whether it lets nothing through beyond a rule: no leak.
    NeverExceeds(Rule<'r>),
    /// Whether it lets everything through that a rule says: nobody is locked out.
    GrantsAll(Rule<'r>),
    /// Whether it is TRUE for every row.
    AlwaysTrue,
    /// Whether it is TRUE for no row.
    NeverTrue,
    /// Whether evaluating it raises no error (21000, 22P02) in any state; see [`Formula::recursion`] for 42P17.
    NeverErrors,
    /// Whether what it lets through follows from claims that the user cannot choose, given by their first keys.
    FollowsFrom(&'r [String]),
}

/// A verdict with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// What it assumes; sorted.
    pub assumptions: Vec<Assumption>,
    /// What decides: for a violation what lets the witness's row through, else all that may let one through.
    pub decided_by: Vec<DecidedBy>,
}

/// What decides access.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecidedBy {
    /// A privilege is missing.
    NoPrivilege,
    /// Row security does not apply: every row.
    NoRowSecurity,
    /// No permissive policy binds the role: no row.
    DefaultDeny,
    /// The policies call for each other without end: error 42P17.
    Recursion,
    /// A policy, by its name.
    Policy(String),
}

impl Formula<'_> {
    /// Whether the answer is "proved", where no witness is wanted.
    #[must_use]
    pub fn proves(&mut self, ask: Ask<'_>, asker: Asker) -> bool {
        let models = std::mem::take(&mut self.limits.models);
        let proved = self.verdict(ask, asker) == Verdict::Proved;
        self.limits.models = models;
        proved
    }

    /// The answer to a question.
    #[must_use]
    pub fn verdict(&mut self, ask: Ask<'_>, asker: Asker) -> Verdict {
        self.put(ask, asker).0
    }

    /// The answer, and the conditions that were to hold and to fail.
    fn put(&mut self, ask: Ask<'_>, asker: Asker) -> (Verdict, Vec<Id>, Vec<Id>) {
        if matches!(ask, Ask::NeverErrors) {
            // An error that no order of evaluation avoids is the better witness.
            let whole = self.whole();
            let raises: Vec<_> = whole.iter().map(|id| self.resolver.terms.surely_raises(*id)).collect();
            let holds = vec![self.resolver.terms.or(&raises)];
            let verdict = self.decide(&holds, &[], asker);
            if matches!(verdict, Verdict::Violated(_)) {
                return (verdict, holds, Vec::new());
            }
        }
        let (holds, fails) = self.question(ask);
        let verdict = self.decide(&holds, &fails, asker);
        (self.unless_denied(verdict, ask), holds, fails)
    }

    /// Where policies read what the role may not, the server refuses whole statements, and when it does that is the
    /// planner's business: neither that something is reached is sure then, nor that all is.
    fn unless_denied(&self, verdict: Verdict, ask: Ask<'_>) -> Verdict {
        let Some(relation) = &self.resolver.denied else { return verdict };
        let within = matches!(ask, Ask::NeverExceeds(_) | Ask::NeverTrue | Ask::FollowsFrom(_));
        match verdict {
            Verdict::Violated(_) if within => Verdict::Unknown(Reason::Privilege(relation.clone())),
            Verdict::Unknown(Reason::Abstraction(_)) => Verdict::Unknown(Reason::Privilege(relation.clone())),
            Verdict::Proved if !within => Verdict::Unknown(Reason::Privilege(relation.clone())),
            other => other,
        }
    }

    /// The answer to a question, with what it rests on.
    #[must_use]
    pub fn ask(&mut self, ask: Ask<'_>, asker: Asker) -> Decision {
        let (verdict, holds, fails) = self.put(ask, asker);
        let assumptions = self.assumptions(&verdict, &holds, &fails, asker);
        let decided_by = self.deciding(&verdict);
        Decision { verdict, assumptions, decided_by }
    }

    /// What would refute: conditions that hold, and conditions that fail.
    fn question(&mut self, ask: Ask<'_>) -> (Vec<Id>, Vec<Id>) {
        match ask {
            Ask::NeverExceeds(rule) => {
                let rule = self.rule(rule);
                (self.whole(), vec![rule])
            }
            Ask::GrantsAll(rule) => {
                let rule = self.rule(rule);
                let (condition, mut holds) = (self.shown(), self.there());
                holds.push(rule);
                (holds, vec![self.surely(condition)])
            }
            Ask::AlwaysTrue => {
                let (condition, holds) = (self.shown(), self.there());
                (holds, vec![self.surely(condition)])
            }
            Ask::NeverTrue => (self.whole(), Vec::new()),
            Ask::NeverErrors => {
                let whole = self.whole();
                let raises: Vec<_> = whole.iter().map(|id| self.resolver.terms.raises(*id)).collect();
                (vec![self.resolver.terms.or(&raises)], Vec::new())
            }
            Ask::FollowsFrom(trusted) => {
                let whole = self.whole();
                let all = self.resolver.terms.and(&whole);
                let other = super::claims::with_other_claims(&mut self.resolver.terms, all, trusted);
                (whole, vec![self.surely(other)])
            }
        }
    }

    /// What the verdict rests on. Keys and CHECKs only where there is no proof without them.
    fn assumptions(&mut self, verdict: &Verdict, holds: &[Id], fails: &[Id], asker: Asker) -> Vec<Assumption> {
        let mut all: BTreeSet<_> = self.resolver.assumed.iter().cloned().collect();
        all.extend(self.caller.map(Assumption::Caller));
        let terms = &self.resolver.terms;
        all.extend(super::claims::read(terms));
        all.extend(terms.calls(&["+", "-", "*"]).then_some(Assumption::InRange));
        let reads_sub =
            terms.claims().iter().any(|(path, _)| path.len() == 1 && path.iter().all(|key| &**key == "sub"));
        let reads_role = terms.claims().iter().any(|(path, _)| path.first().is_none_or(|key| &**key == "role"));
        all.extend((reads_role && self.api_role.is_some()).then_some(Assumption::ClaimedRole));
        all.extend(match asker {
            Asker::Any => None,
            Asker::Nobody => Some(Assumption::KeyWithoutUser),
            Asker::SomeUser | Asker::AnonymousUser | Asker::OneFactor => Some(Assumption::SignedIn),
        });
        all.extend((reads_sub && terms.calls(&["::uuid"])).then_some(Assumption::SubjectIsUuid));
        if let Verdict::Violated(witness) = verdict {
            all.extend(witness.passed_over.iter().map(|what| Assumption::NoError(what.to_string())));
        }
        if *verdict == Verdict::Proved {
            let world = self.resolver.world();
            let bare = world.of_types();
            if !world.is_empty() && self.decide_in(&bare, holds, fails, asker) != Verdict::Proved {
                all.extend(world.relations.into_keys().map(Assumption::Constraints));
            }
        }
        all.into_iter().collect()
    }

    fn deciding(&self, verdict: &Verdict) -> Vec<DecidedBy> {
        if self.resolver.recursion.is_some() {
            return vec![DecidedBy::Recursion];
        }
        if self.refusal {
            return vec![DecidedBy::NoPrivilege];
        }
        let shows = |part: &&Part| match verdict {
            Verdict::Violated(witness) => witness.holds(&self.resolver.terms, part.condition) == Some(true),
            _ => true,
        };
        let mut by: Vec<_> = self.parts.iter().filter(shows).map(|p| DecidedBy::Policy(p.policy.clone())).collect();
        if self.open {
            by.push(DecidedBy::NoRowSecurity);
        } else if self.view.is_none() && self.caller.is_some() && !self.parts.iter().any(|p| p.permissive) {
            by.push(DecidedBy::DefaultDeny);
        }
        by.sort();
        by.dedup();
        by
    }
}
