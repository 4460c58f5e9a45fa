//! Questions and their verdicts.
//!
//! A question is always the same: can all of these conditions be TRUE while none of those is, over all sessions and
//! all databases that the schema admits? "No" proves; "yes" comes with a witness that the evaluator has checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::bound::{Bound, Want, bound};
use super::evaluate::{Evaluator, PassedOver, Stop, Tuple};
use super::ground::{Bit, Encoding, Ground, Problem, Source};
use super::solve::{Answer, Solver, Work};
use super::term::{Id, Terms, Value};
use super::witness::{Shape, Witness, WitnessRow, of_model};
use crate::model::QualifiedName;

pub use super::ground::{Facts, Subject, World};
pub use super::solve::Limits;

/// Whether something holds in every session and database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Proved,
    /// It does not, as the witness shows.
    Violated(Box<Witness>),
    /// Neither is known.
    Unknown(Reason),
}

/// Why nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Every counterexample rests on something that is not understood.
    Abstraction(Vec<Arc<str>>),
    /// A row is demanded for each row of another sub-select, and up to so many rows there is no counterexample.
    Unbounded(usize),
    /// There is no counterexample with so many rows of a relation, the most that are tried; it may take more.
    Rows(usize),
    /// The work exceeds the limits.
    Limit,
    /// A policy reads a relation that the role may not read.
    Privilege(QualifiedName),
}

/// What would decide it, too.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abstraction(what) => {
                write!(f, "it depends on {}, which is not understood", what.join(" and "))
            }
            Self::Unbounded(rows) => write!(
                f,
                "no violation with up to {rows} rows of a table, but a row is demanded for each row of another, so that no number of rows suffices to be sure"
            ),
            Self::Privilege(relation) => write!(
                f,
                "a policy reads {relation}, which the role may not: the server refuses the whole statement, unless it sees beforehand that the policy can do without"
            ),
            Self::Rows(rows) => write!(f, "no violation with up to {rows} rows of a table, the most that are tried"),
            Self::Limit => f.write_str("the question is too large for the limits on work"),
        }
    }
}

/// A question: can all of `holds` be TRUE and none of `fails`?
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The arena of the conditions.
    pub terms: &'a Terms,
    /// The row variables that are free in them.
    pub subjects: Vec<Subject>,
    /// Conditions that are to be TRUE.
    pub holds: Vec<Id>,
    /// Conditions that are not to be TRUE.
    pub fails: Vec<Id>,
    /// What is known of the session: conditions that are TRUE.
    pub assume: Vec<Id>,
    /// What the schema guarantees.
    pub world: &'a World,
    /// How much work it may take.
    pub limits: Limits,
}

impl Question<'_> {
    /// The verdict on "no": proved if it cannot be, violated by a witness if it can.
    #[must_use]
    pub fn decide(&self) -> Verdict {
        self.decide_at_cost().0
    }

    /// The same, and what it cost.
    pub(crate) fn decide_at_cost(&self) -> (Verdict, u64) {
        let work = Work::new(&self.limits);
        let verdict = self.decide_once(&work);
        let present = matches!(verdict, Verdict::Violated(_)).then(|| self.world.with_present()).flatten();
        let Some((world, what)) = present else { return (verdict, work.cost()) };
        let second = Work::new(&self.limits);
        let verdict = match (Question { world: &world, ..self.clone() }).decide_once(&second) {
            Verdict::Proved => Verdict::Unknown(Reason::Abstraction(vec![what.into()])),
            other => other,
        };
        (verdict, work.cost().saturating_add(second.cost()))
    }

    fn decide_once(&self, work: &Work) -> Verdict {
        if let Some(witness) = self.nothing() {
            return Verdict::Violated(Box::new(witness));
        }
        // The same condition, or one that stands beside others in it.
        let kept = |fail: &Id| self.holds.iter().any(|h| h == fail || self.parts(*h).contains(fail));
        if !self.fails.is_empty() && self.fails.iter().any(kept) {
            return Verdict::Proved;
        }
        let needed = self.bound();
        if needed.too_long {
            return Verdict::Unknown(Reason::Limit);
        }
        let mut rows = needed.rows();
        let most = rows.values().copied().max().unwrap_or(0);
        if needed.open {
            rows.values_mut().for_each(|count| *count += 1);
        }
        rows.values_mut().for_each(|count| *count = (*count).min(self.limits.rows));
        // Most violations show with few rows, and many make the problem large.
        let few: BTreeMap<_, _> = rows.iter().map(|(relation, count)| (relation.clone(), FEW.min(*count))).collect();
        if few != rows
            && let decided @ (Verdict::Violated(_) | Verdict::Unknown(Reason::Limit)) = self.search(&few, false, work)
        {
            return decided;
        }
        let first = self.search(&rows, false, work);
        match first {
            Verdict::Proved if most > self.limits.rows => Verdict::Unknown(Reason::Rows(self.limits.rows)),
            Verdict::Proved if needed.open => match self.search(&rows, true, work) {
                Verdict::Proved => Verdict::Proved,
                Verdict::Unknown(Reason::Limit) => Verdict::Unknown(Reason::Limit),
                _ => Verdict::Unknown(Reason::Unbounded(rows.values().copied().max().unwrap_or(0))),
            },
            other => other,
        }
    }

    fn parts(&self, id: Id) -> &[Id] {
        if let super::term::Term::And(parts) = self.terms.term(id) { parts } else { &[] }
    }

    /// The plainest of witnesses, if it is one: no claims, and the subject rows alone with NULL wherever it can be.
    /// It is tried first because it settles most questions of "always true" without any search.
    fn nothing(&self) -> Option<Witness> {
        let mut witness = Witness::default();
        for subject in &self.subjects {
            let relation = (*self.terms.row_info(subject.row)?.relation).clone();
            let columns: Tuple = self.terms.nullable_columns(subject.row).into_iter().map(|c| (c, None)).collect();
            if subject.stored {
                witness.database.relations.entry(relation.clone()).or_default().push(columns.clone());
            }
            if self.world.relations.get(&relation).is_some_and(|facts| !facts.checks.is_empty()) {
                return None;
            }
            witness.subjects.push(WitnessRow { row: subject.row, relation, columns, stored: subject.stored });
        }
        let shape = Shape { slots: &[], sources: &BTreeMap::new(), calls: &[], world: self.world };
        self.check(witness, &shape).ok()
    }

    fn bound(&self) -> Bound {
        let each = |ids: &[Id], want| ids.iter().map(|id| bound(self.terms, *id, want)).collect::<Vec<_>>();
        let mut all = each(&self.holds, Want::True);
        all.extend(each(&self.fails, Want::NotTrue));
        all.extend(each(&self.assume, Want::True));
        all.into_iter().fold(Bound::default(), Bound::and)
    }

    fn search(&self, rows: &BTreeMap<Arc<QualifiedName>, usize>, nested: bool, work: &Work) -> Verdict {
        let mut problem = Problem::new(self.terms, &self.subjects, rows, nested, self.limits.gates);
        let subjects = problem.subjects();
        let mut demands = Vec::new();
        for id in self.holds.iter().chain(&self.assume) {
            demands.push(problem.truth(*id, &subjects).yes);
        }
        let mut refusals = Vec::new();
        for id in &self.fails {
            let truth = problem.truth(*id, &subjects);
            demands.push(!truth.yes);
            refusals.push(truth.no);
        }
        if demands.contains(&Bit::FALSE) && !problem.is_too_large() {
            return Verdict::Proved;
        }
        let axioms = problem.axioms(self.world);
        work.built(problem.circuit.gates.len());
        if problem.is_too_large() {
            return Verdict::Unknown(Reason::Limit);
        }
        let encoding_domains = std::mem::take(&mut problem.domains);
        let mut encoding = Encoding::new(&mut problem.circuit, &encoding_domains);
        let (shape, circuit) = Shape::split(&mut problem, self.world);
        let mut solver = Solver::new(circuit, &mut encoding, work);
        for bit in demands.iter().chain(&axioms) {
            solver.require(&[*bit]);
        }
        self.models(&shape, &mut solver, &refusals)
    }

    /// Looks through models for one that stands the check.
    fn models(&self, shape: &Shape<'_>, solver: &mut Solver<'_>, refusals: &[Bit]) -> Verdict {
        let mut doubts: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut assumed: Vec<Bit> = Vec::new();
        for attempt in 0..=self.limits.models {
            match solver.solve(&assumed) {
                Answer::Stopped => return Verdict::Unknown(Reason::Limit),
                Answer::Unsatisfiable if attempt == 0 => return Verdict::Proved,
                Answer::Unsatisfiable if assumed.is_empty() => break,
                Answer::Unsatisfiable => {
                    assumed.clear();
                    continue;
                }
                Answer::Satisfiable if attempt == self.limits.models => break,
                Answer::Satisfiable => {}
            }
            if self.limits.plain {
                shrink(shape, solver, &assumed, self.limits.steps / SHRINKING);
            }
            let witness = of_model(shape, solver);
            match self.check(witness, shape) {
                Ok(witness) => return Verdict::Violated(Box::new(witness)),
                Err(doubt) => {
                    doubts.insert(doubt);
                }
            }
            if attempt == 0 {
                // Perhaps what is not understood does not matter: NULL in its place decides nothing.
                assumed = unmodelled(shape).into_iter().chain(refusals.iter().copied()).collect();
            }
            block(shape, solver);
        }
        Verdict::Unknown(if doubts.is_empty() {
            Reason::Limit
        } else {
            Reason::Abstraction(doubts.into_iter().collect())
        })
    }

    /// The witness, if it shows what was asked for, with what it passes over; else what stands in the way.
    fn check(&self, mut witness: Witness, shape: &Shape<'_>) -> Result<Witness, Arc<str>> {
        let passed_over = PassedOver::default();
        if !self.shows(&witness, &passed_over)? {
            return Err(unmatched(shape));
        }
        witness.passed_over = passed_over.take();
        Ok(witness)
    }

    fn shows(&self, witness: &Witness, passed_over: &PassedOver) -> Result<bool, Arc<str>> {
        let evaluator = Evaluator::new(self.terms, &witness.database, &witness.session);
        let rows: Vec<_> = witness.subjects.iter().map(|s| (s.row, &s.columns)).collect();
        let holds = |evaluator: Evaluator<'_>, id: &Id| match evaluator.holds(*id, &rows) {
            Ok(holds) => Ok(holds),
            Err(Stop::Raises | Stop::MayRaise) => Err(Arc::from("an expression that raises an error")),
            Err(Stop::Unknown(what)) => Err(what),
        };
        let asked = self.holds.iter().map(|id| (id, true)).chain(self.fails.iter().map(|id| (id, false)));
        for (id, wanted) in asked {
            if holds(evaluator.noting(passed_over), id)? != wanted {
                return Ok(false);
            }
        }
        for id in &self.assume {
            if !holds(evaluator, id)? {
                return Ok(false);
            }
        }
        self.is_admitted(witness, &evaluator)
    }

    /// Whether the schema admits the rows of a witness.
    fn is_admitted(&self, witness: &Witness, evaluator: &Evaluator<'_>) -> Result<bool, Arc<str>> {
        let new = witness.subjects.iter().filter(|s| !s.stored).map(|s| (&s.relation, &s.columns));
        let stored = witness.database.relations.iter().flat_map(|(name, rows)| rows.iter().map(move |row| (name, row)));
        for (name, columns) in stored.chain(new) {
            for (row, check) in self.world.relations.get(name).map_or(&[][..], |facts| &facts.checks) {
                match evaluator.value(*check, &[(*row, columns)]) {
                    Ok(Some(Value::Bool(false))) => return Ok(false),
                    Ok(_) => {}
                    Err(Stop::Raises | Stop::MayRaise) => return Err("an expression that raises an error".into()),
                    Err(Stop::Unknown(what)) => return Err(what),
                }
            }
        }
        Ok(true)
    }
}

/// The functions for which no values could be made up that agree with the model.
fn unmatched(shape: &Shape<'_>) -> Arc<str> {
    let names: BTreeSet<&str> = shape.calls.iter().map(|c| &*c.function.name).collect();
    let names: Vec<_> = names.into_iter().take(3).map(|n| n.trim_start_matches("::")).collect();
    if names.is_empty() {
        return "values that are not modelled".into();
    }
    format!("the values of {}", names.join(", ")).into()
}

/// Rows of each relation that are tried first.
const FEW: usize = 2;

/// Which part of the work a model may be made plainer with.
const SHRINKING: u64 = 16;

/// Leaves the solver with a model of few rows and claims, as far as that takes few steps.
fn shrink(shape: &Shape<'_>, solver: &mut Solver<'_>, assumed: &[Bit], steps: u64) {
    let rows = shape.slots.iter().rev().filter(|s| s.subject.is_none()).map(|s| !s.exists);
    let claims = shape.sources.iter().filter_map(|(source, (_, ground))| match (source, ground) {
        (Source::Claim(..) | Source::Setting(_), Ground::Value { null, .. }) => Some(*null),
        _ => None,
    });
    let wishes: Vec<_> = rows.chain(claims).collect();
    let mut kept = assumed.to_vec();
    let until = solver.work().left().saturating_sub(steps);
    for wish in wishes {
        if solver.work().left() <= until {
            break;
        }
        kept.push(wish);
        if !solver.value(wish) && solver.solve(&kept) != Answer::Satisfiable {
            kept.pop();
            // An attempt that failed leaves no model.
            solver.solve(&kept);
        }
    }
}

/// That all which is not modelled is NULL.
fn unmodelled(shape: &Shape<'_>) -> Vec<Bit> {
    let is_unknown = |source: &Source| match source {
        Source::Opaque(..) => true,
        Source::Call(number) => shape.calls.get(*number).is_some_and(|c| !is_modelled(c)),
        _ => false,
    };
    let mut bits = Vec::new();
    for (source, (_, ground)) in shape.sources {
        if !is_unknown(source) {
            continue;
        }
        match ground {
            Ground::Bool(truth) => bits.extend([!truth.yes, !truth.no]),
            Ground::Value { null, .. } if !null.is_negated() || null.gate() != 0 => bits.push(*null),
            Ground::Value { .. } => {}
        }
    }
    bits
}

/// Whether the evaluator knows the function at all.
fn is_modelled(call: &super::ground::Call) -> bool {
    call.function.name.starts_with("::") || super::term::is_modelled(&call.function.name)
}

/// Forbids the last model's results of functions and opaque terms, and its comparisons.
fn block(shape: &Shape<'_>, solver: &mut Solver<'_>) {
    let mut clause = Vec::new();
    for (source, (_, ground)) in shape.sources {
        let bits = match ground {
            Ground::Bool(truth) => vec![truth.yes, truth.no],
            Ground::Value { null, value } => {
                let code = match source {
                    Source::Call(_) => solver.encoding().leaf(*value).map(|(_, bits)| bits.to_vec()),
                    _ => None,
                };
                std::iter::once(*null).chain(code.into_iter().flatten()).collect()
            }
        };
        clause.extend(bits.into_iter().map(|bit| if solver.value(bit) { !bit } else { bit }));
    }
    solver.require(&clause);
}
