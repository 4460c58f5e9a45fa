//! A condition on a row of a relation, and the questions that can be asked about it.

use std::collections::BTreeSet;

use super::access::{Kept, LeftOut, pick};
use super::session::known;
use super::{Asker, Assumption, Caller, Which};
use crate::analyzer::evaluate::Evaluator;
use crate::analyzer::resolve::{Branch, Resolver, Rights};
use crate::analyzer::term::{Access, Id, Query, Row, Terms};
use crate::analyzer::verdict::{Limits, Question, Reason, Subject, Verdict, World};
use crate::analyzer::witness::{Witness, WitnessRow};
use crate::model::{Policy, QualifiedName, Relation};
use crate::sql::tree::Expr;

/// A rule: a condition on a row of the relation, evaluated without row security.
#[derive(Debug, Clone, Copy)]
pub enum Rule<'r> {
    /// SQL under an empty `search_path`.
    Text(&'r str),
    /// Bound, with the relation's row as the only source of the outermost level.
    Bound(&'r Expr),
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

/// A policy's condition, as a part of a formula.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) policy: String,
    pub(super) permissive: bool,
    pub(super) condition: Id,
}

/// A condition on one row of a relation, and questions about it.
#[derive(Debug)]
pub struct Formula<'a> {
    pub(super) resolver: Resolver<'a>,
    pub(super) relation: &'a Relation,
    pub(super) row: Row,
    pub(super) which: Which,
    pub(super) subjects: Vec<Subject>,
    pub(super) condition: Id,
    /// What the command demands of its other row.
    pub(super) beside: Id,
    /// Columns that its two rows share.
    pub(super) kept: Option<Kept<'a>>,
    /// Columns that an INSERT leaves to their defaults.
    pub(super) left_out: Option<LeftOut<'a>>,
    /// The rows that a view shows, and those it would show to whoever no row security binds.
    pub(super) view: Option<(Vec<Branch>, Vec<Branch>)>,
    /// Where a row is written through a view, what it is of the row of the table.
    pub(super) part_of: Option<Branch>,
    /// The role, if it is one of the API's.
    pub(super) api_role: Option<String>,
    pub(super) caller: Option<Caller>,
    pub(super) parts: Vec<Part>,
    /// Whether a privilege is missing.
    pub(super) refusal: bool,
    /// Whether row security does not apply.
    pub(super) open: bool,
    /// How much work a question may take.
    pub(super) limits: Limits,
}

impl<'a> Formula<'a> {
    pub(super) fn new(
        mut resolver: Resolver<'a>,
        relation: &'a Relation,
        which: Which,
        subject: Subject,
        condition: Id,
    ) -> Self {
        let beside = resolver.terms.boolean(true);
        Self {
            resolver,
            relation,
            row: subject.row,
            which,
            subjects: vec![subject],
            condition,
            beside,
            kept: None,
            left_out: None,
            view: None,
            part_of: None,
            api_role: None,
            caller: None,
            parts: Vec::new(),
            refusal: false,
            open: false,
            limits: Limits::default(),
        }
    }

    /// The condition in SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        self.resolver.terms.sql(self.condition)
    }

    /// Whether the condition is TRUE of the row of a witness of the same question; `None` where that is not known.
    #[must_use]
    pub fn holds(&self, witness: &Witness) -> Option<bool> {
        let stored = self.which == Which::Old && self.relation.view.is_none();
        let is_it = |s: &&WitnessRow| s.relation == self.relation.name && s.stored == stored;
        let subject = witness.subjects.iter().find(is_it).filter(|_| self.view.is_none())?;
        let evaluator = Evaluator::new(&self.resolver.terms, &witness.database, &witness.session);
        evaluator.holds(self.condition, &[(self.row, &subject.columns)]).ok()
    }

    /// The arena of its terms.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.resolver.terms
    }

    /// The row variable of the row.
    #[must_use]
    pub fn row(&self) -> Row {
        self.row
    }

    /// The relation whose policies call for themselves, so that every query of it is error 42P17.
    #[must_use]
    pub fn recursion(&self) -> Option<&QualifiedName> {
        self.resolver.recursion.as_ref()
    }

    /// Whether the condition is TRUE for every row.
    #[must_use]
    pub fn is_always_true(&mut self, asker: Asker) -> Verdict {
        self.verdict(Ask::AlwaysTrue, asker)
    }

    /// Whether the condition is TRUE for no row.
    #[must_use]
    pub fn is_never_true(&mut self, asker: Asker) -> Verdict {
        self.verdict(Ask::NeverTrue, asker)
    }

    /// Whether it lets nothing through beyond a rule.
    #[must_use]
    pub fn never_exceeds<'r>(&mut self, rule: impl Into<Rule<'r>>, asker: Asker) -> Verdict {
        self.verdict(Ask::NeverExceeds(rule.into()), asker)
    }

    /// Whether it lets everything through that a rule says.
    #[must_use]
    pub fn grants_all<'r>(&mut self, rule: impl Into<Rule<'r>>, asker: Asker) -> Verdict {
        self.verdict(Ask::GrantsAll(rule.into()), asker)
    }

    /// Whether no state makes it raise an error.
    #[must_use]
    pub fn never_errors(&mut self, asker: Asker) -> Verdict {
        self.verdict(Ask::NeverErrors, asker)
    }

    /// Whether each row that it lets through is let through by other policies as well.
    #[must_use]
    pub fn implies(&mut self, policies: &[&Policy], asker: Asker) -> Verdict {
        let each = self.resolver.each_policy(policies, self.relation, self.row, pick(self.which));
        let other = self.resolver.join(&each);
        let other = self.surely(other);
        let holds = self.whole();
        self.decide(&holds, &[other], asker)
    }

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

    /// The condition where evaluating it raises no error: neither for the row nor, while a table is read, for another.
    pub(super) fn surely(&mut self, condition: Id) -> Id {
        let terms = &mut self.resolver.terms;
        let here = terms.raises(condition);
        let no = terms.boolean(false);
        if here == no {
            return condition;
        }
        let mut raises = vec![here];
        if self.subjects.first().is_some_and(|s| s.stored) {
            let other = terms.row(&self.relation.name, &self.relation.name.name);
            let (there, projection) = (terms.with_row(here, self.row, other), terms.boolean(true));
            raises.push(terms.exists(&[Query { rows: [other].into(), condition: there, projection }]));
        }
        let raises = terms.or(&raises);
        terms.case(&[(raises, no)], condition)
    }

    /// The condition on the row; of a view, that it shows a row of these columns.
    fn shown(&mut self) -> Id {
        match self.view.take() {
            None => self.condition,
            Some(view) => {
                let shown = self.resolver.is_among(&view.0, self.relation, self.row);
                self.view = Some(view);
                shown
            }
        }
    }

    /// That the row is one that exists: of a view, that its query gives it.
    fn there(&mut self) -> Vec<Id> {
        if self.part_of.is_some() {
            return self.part();
        }
        let Some(view) = self.view.take() else { return Vec::new() };
        let there = self.resolver.is_among(&view.1, self.relation, self.row);
        self.view = Some(view);
        vec![there]
    }

    /// That the row of a view is what it shows of the row that is written.
    fn part(&mut self) -> Vec<Id> {
        let Some(branch) = self.part_of.take() else { return Vec::new() };
        let same = self.resolver.is_row_of(&branch, self.relation, self.row);
        self.part_of = Some(branch);
        same
    }

    /// All that a command demands, of both its rows.
    pub(super) fn whole(&mut self) -> Vec<Id> {
        let mut all = vec![self.shown(), self.beside];
        all.extend(self.part());
        if let Some(kept) = self.kept.clone() {
            all.extend(self.same(&kept));
        }
        if let Some(left_out) = self.left_out.clone() {
            all.extend(self.defaults(left_out.relation, &left_out.columns, left_out.row));
        }
        all
    }

    pub(super) fn rule(&mut self, rule: Rule<'_>) -> Id {
        let rights = self.resolver.set_rights(Rights::Everything);
        let rule = match rule {
            Rule::Text(text) => self.resolver.condition(text, self.relation, self.row),
            Rule::Bound(tree) => self.resolver.bound_condition(tree, self.relation, self.row),
        };
        self.resolver.set_rights(rights);
        rule
    }

    /// What is known of the session. A request made as a role by the API carries that role in its claims, if it has
    /// any.
    fn session(&mut self, asker: Asker) -> Vec<Id> {
        let mut known = known(&mut self.resolver.terms, asker);
        if let Some(role) = self.api_role.clone() {
            let terms = &mut self.resolver.terms;
            let (claimed, role) = (terms.claim(&["role"], Access::Text), terms.text(&role));
            let (none, same) = (terms.is_null(claimed), terms.equal(claimed, role));
            known.push(terms.or(&[none, same]));
        }
        known
    }

    pub(super) fn decide(&mut self, holds: &[Id], fails: &[Id], asker: Asker) -> Verdict {
        let world = self.resolver.world();
        self.decide_in(&world, holds, fails, asker)
    }

    fn decide_in(&mut self, world: &World, holds: &[Id], fails: &[Id], asker: Asker) -> Verdict {
        let assume = self.session(asker);
        let question = Question {
            terms: &self.resolver.terms,
            subjects: self.subjects.clone(),
            holds: holds.to_vec(),
            fails: fails.to_vec(),
            assume,
            world,
            limits: self.limits,
        };
        question.decide()
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
