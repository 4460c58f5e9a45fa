//! A condition on a row of a relation.

use super::access::{Kept, LeftOut, pick};
use super::question::{Ask, Rule};
use super::session::known;
use super::{Asker, Caller, Which};
use crate::analyzer::evaluate::Evaluator;
use crate::analyzer::resolve::{Branch, Resolver, Rights};
use crate::analyzer::term::{Access, Id, Query, Row, Terms};
use crate::analyzer::verdict::{Limits, Question, Subject, Verdict, World};
use crate::analyzer::witness::{Witness, WitnessRow};
use crate::model::{Policy, QualifiedName, Relation};

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
    /// What its questions have cost so far.
    pub(super) spent: u64,
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
            spent: 0,
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
        terms.choice_alone(&[(raises, no)], condition)
    }

    /// The condition on the row; of a view, that it shows a row of these columns.
    pub(super) fn shown(&mut self) -> Id {
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
    pub(super) fn there(&mut self) -> Vec<Id> {
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
            Rule::Inherited(parent, tree) => self.resolver.bound_condition(tree, parent, self.row),
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

    pub(super) fn decide_in(&mut self, world: &World, holds: &[Id], fails: &[Id], asker: Asker) -> Verdict {
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
        let (verdict, cost) = question.decide_at_cost();
        self.spent = self.spent.saturating_add(cost);
        verdict
    }
}
