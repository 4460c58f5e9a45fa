//! A SAT solver behind a small interface, with caps on size and work.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use batsat::{Callbacks, ClauseKind, Lit, SolverInterface, SolverOpts, lbool};
use rustc_hash::FxHashMap;

use super::ground::{Bit, Circuit, Encoding, Gate, Node};

/// How much work a question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Gates of the ground problem.
    pub gates: usize,
    /// Rows of one relation.
    pub rows: usize,
    /// Steps of the solver for one question: the same on every machine, whatever else it does.
    pub steps: u64,
    /// Steps, and gates as steps, for several questions together: those about own writes.
    pub together: u64,
    /// Models that are tried for one that stands the evaluator's check; 0 where only a proof is wanted.
    pub models: usize,
    /// Whether a witness is to be plain, for people to read: few rows and claims.
    pub plain: bool,
}

impl Limits {
    /// For questions that are many and of which a witness is not worth long: if the first models do not stand the check,
    /// later ones hardly ever do.
    #[must_use]
    pub fn brief() -> Self {
        Self { models: 2, ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        // What takes more gates takes over a second, and of real projects' questions none was decided with more.
        Self { gates: 60_000, rows: 12, steps: 80_000, together: 200_000, models: 12, plain: true }
    }
}

/// How long a question may take at the very most: a guard against what the counts do not see. It is far beyond what they
/// allow even where the machine does other things, so that answers do not depend on the clock.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 12 });

/// How many gates cost as much as a step.
const GATES: u64 = 2;

/// How many steps a clause is worth that a conflict teaches.
const CLAUSE: u64 = 8;

/// The work that is left for a question, over all its searches.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    steps: Rc<Cell<u64>>,
    /// What it has cost so far: steps, and gates that were made.
    cost: Rc<Cell<u64>>,
    deadline: Instant,
}

impl Work {
    pub(crate) fn new(limits: &Limits) -> Self {
        let steps = Rc::new(Cell::new(limits.steps));
        Self { steps, cost: Rc::default(), deadline: Instant::now() + PATIENCE }
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> u64 {
        self.steps.get()
    }

    /// What was done so far, as so many steps.
    pub(crate) fn cost(&self) -> u64 {
        self.cost.get()
    }

    /// Counts the gates of a problem.
    pub(crate) fn built(&self, gates: usize) {
        self.cost.set(self.cost().saturating_add(u64::try_from(gates).unwrap_or(u64::MAX) / GATES));
    }

    fn spend(&self, steps: u64) {
        self.steps.set(self.left().saturating_sub(steps));
        self.cost.set(self.cost().saturating_add(steps));
    }
}

impl Callbacks for Work {
    fn on_new_clause(&mut self, _: &[Lit], kind: ClauseKind) {
        if kind == ClauseKind::Learnt {
            self.spend(CLAUSE);
        }
    }

    fn stop(&self) -> bool {
        self.spend(1);
        self.left() == 0 || Instant::now() >= self.deadline
    }
}

/// What the solver found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Satisfiable,
    Unsatisfiable,
    /// There is no work left.
    Stopped,
}

/// A solver for one circuit; gates are handed to it as they are needed.
///
/// A gate is told only in the direction that a clause needs of it: that its parts hold where it does, or that it holds
/// where its parts do (Plaisted and Greenbaum's form). So the solver's word on a gate may be too weak, and what a gate is
/// in a model follows from the inputs.
pub(crate) struct Solver<'c> {
    circuit: &'c mut Circuit,
    encoding: &'c mut Encoding,
    sat: batsat::Solver<Work>,
    work: Work,
    /// By gate.
    told: Vec<Told>,
    /// Gates of the last model that follow from others.
    followed: RefCell<FxHashMap<usize, bool>>,
}

/// What the solver was told of a gate.
#[derive(Debug, Clone, Copy, Default)]
struct Told {
    literal: Option<Lit>,
    /// The bit that it is the same as, if it is a comparison.
    same_as: Option<Bit>,
    /// That its parts hold where it does.
    down: bool,
    /// That it holds where its parts do.
    up: bool,
}

impl<'c> Solver<'c> {
    pub(crate) fn new(circuit: &'c mut Circuit, encoding: &'c mut Encoding, work: &Work) -> Self {
        let sat = batsat::Solver::new(SolverOpts::default(), work.clone());
        let told = vec![Told::default(); circuit.gates.len()];
        let (work, followed) = (work.clone(), RefCell::default());
        let mut solver = Self { circuit, encoding, sat, work, told, followed };
        for axiom in std::mem::take(&mut solver.encoding.axioms) {
            solver.require(&[axiom]);
        }
        solver
    }

    /// The work that is left.
    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    pub(crate) fn encoding(&self) -> &Encoding {
        self.encoding
    }

    /// What a value of the circuit is.
    pub(crate) fn node(&self, value: usize) -> Option<&Node> {
        self.circuit.nodes.get(value)
    }

    /// Demands that one of the bits holds.
    pub(crate) fn require(&mut self, any: &[Bit]) {
        match any {
            [one] => match self.parts(one.gate()) {
                Some(parts) if !one.is_negated() => parts.iter().for_each(|part| self.require(&[*part])),
                _ => self.clause_of(any),
            },
            _ => self.clause_of(any),
        }
    }

    fn clause_of(&mut self, any: &[Bit]) {
        let mut clause = Vec::with_capacity(any.len());
        any.iter().for_each(|bit| self.push(*bit, &mut clause));
        self.sat.add_clause_reuse(&mut clause);
    }

    /// Adds a bit to a clause; of a disjunction each of its parts, which needs no literal of its own.
    fn push(&mut self, bit: Bit, clause: &mut Vec<Lit>) {
        match self.parts(bit.gate()).filter(|_| bit.is_negated()) {
            Some(parts) => parts.iter().for_each(|part| clause.push(self.literal(!*part))),
            None => clause.push(self.literal(bit)),
        }
    }

    /// Looks for a model in which all of `assumed` hold.
    pub(crate) fn solve(&mut self, assumed: &[Bit]) -> Answer {
        let assumed: Vec<_> = assumed.iter().map(|b| self.literal(*b)).collect();
        self.followed.get_mut().clear();
        match self.sat.solve_limited(&assumed) {
            answer if answer == lbool::TRUE => Answer::Satisfiable,
            answer if answer == lbool::FALSE => Answer::Unsatisfiable,
            _ => Answer::Stopped,
        }
    }

    /// A bit in the last model; an input that nothing asks for is false.
    pub(crate) fn value(&self, bit: Bit) -> bool {
        let told = self.told(bit.gate());
        let positive = match (told.literal, told.same_as, self.circuit.gates.get(bit.gate())) {
            (_, Some(same), _) => self.value(same),
            (_, _, Some(Gate::And(parts))) => self.all(bit.gate(), parts),
            (_, _, Some(Gate::True)) => true,
            (Some(literal), _, _) => self.sat.value_lit(literal) == lbool::TRUE,
            _ => false,
        };
        positive != bit.is_negated()
    }

    fn all(&self, gate: usize, parts: &[Bit]) -> bool {
        let known = self.followed.borrow().get(&gate).copied();
        known.unwrap_or_else(|| {
            let all = parts.iter().all(|part| self.value(*part));
            self.followed.borrow_mut().insert(gate, all);
            all
        })
    }

    fn told(&self, gate: usize) -> Told {
        self.told.get(gate).copied().unwrap_or_default()
    }

    fn tell(&mut self, gate: usize, told: Told) {
        if self.told.len() <= gate {
            self.told.resize(self.circuit.gates.len().max(gate + 1), Told::default());
        }
        if let Some(slot) = self.told.get_mut(gate) {
            *slot = told;
        }
    }

    /// The parts of a conjunction.
    fn parts(&self, gate: usize) -> Option<Rc<[Bit]>> {
        if let Some(Gate::And(parts)) = self.circuit.gates.get(gate) { Some(Rc::clone(parts)) } else { None }
    }

    /// A literal for a place in a clause: where it is true, so is the bit.
    fn literal(&mut self, bit: Bit) -> Lit {
        let mut told = self.told(bit.gate());
        if told.literal.is_none() && told.same_as.is_none() {
            told = self.introduce(bit.gate());
        }
        if let Some(same) = told.same_as {
            return self.literal(if bit.is_negated() { !same } else { same });
        }
        let whole = told.literal.unwrap_or(Lit::UNDEF);
        let side = if bit.is_negated() { &mut told.up } else { &mut told.down };
        if !std::mem::replace(side, true) {
            self.tell(bit.gate(), told);
            self.relate(bit, whole);
        }
        if bit.is_negated() { !whole } else { whole }
    }

    /// Gives a gate that the solver has not heard of a literal, or finds what it is the same as.
    fn introduce(&mut self, gate: usize) -> Told {
        let mut told = Told { same_as: self.encoding.expand(self.circuit, gate), ..Told::default() };
        if told.same_as.is_none() {
            let literal = Lit::new(self.sat.new_var_default(), true);
            told.literal = Some(literal);
            if matches!(self.circuit.gates.get(gate), Some(Gate::True)) {
                self.sat.add_clause_reuse(&mut vec![literal]);
            }
        }
        self.tell(gate, told);
        told
    }

    /// Tells the solver what follows where a gate holds, or where it does not.
    fn relate(&mut self, bit: Bit, whole: Lit) {
        let Some(parts) = self.parts(bit.gate()) else { return };
        if bit.is_negated() {
            let mut clause = vec![whole];
            self.push(bit, &mut clause);
            self.sat.add_clause_reuse(&mut clause);
            return;
        }
        for part in parts.iter() {
            let mut clause = vec![!whole];
            self.push(*part, &mut clause);
            self.sat.add_clause_reuse(&mut clause);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analyzer::term::Value;

    /// What the solver finds where all bits are to hold, and the bits in its model.
    fn solved(circuit: &mut Circuit, all: &[Bit]) -> (Answer, Vec<bool>) {
        let mut encoding = Encoding::new(circuit, &BTreeMap::new());
        let mut solver = Solver::new(circuit, &mut encoding, &Work::new(&Limits::default()));
        all.iter().for_each(|bit| solver.require(&[*bit]));
        let answer = solver.solve(&[]);
        let values = all.iter().map(|bit| answer == Answer::Satisfiable && solver.value(*bit)).collect();
        (answer, values)
    }

    #[test]
    fn what_is_required_holds_in_the_model() {
        let mut circuit = Circuit::new(1_000);
        let [a, b, c, d] = std::array::from_fn(|_| circuit.input());
        let (both, either) = (circuit.and(&[a, b]), circuit.or(&[c, d]));
        let (nested, neither) = (circuit.or(&[!both, either]), circuit.and(&[!c, !d]));
        let (answer, values) = solved(&mut circuit, &[nested, !either, neither, a]);
        assert_eq!((answer, values), (Answer::Satisfiable, vec![true; 4]));
        assert_eq!(solved(&mut circuit, &[nested, !either, both]).0, Answer::Unsatisfiable);
    }

    #[test]
    fn there_is_room_between_constants_but_not_between_neighbours() {
        let between = |low: i64, high: i64, leaves: usize| {
            let mut circuit = Circuit::new(1_000);
            let mut last = circuit.literal(Value::Int(low));
            let high = circuit.literal(Value::Int(high));
            let mut all = Vec::new();
            for _ in 0..leaves {
                let leaf = circuit.leaf();
                all.push(circuit.less(last, leaf));
                last = leaf;
            }
            all.push(circuit.less(last, high));
            solved(&mut circuit, &all).0
        };
        assert_eq!(between(1, 2, 1), Answer::Unsatisfiable);
        assert_eq!(between(1, 9, 3), Answer::Satisfiable);
        assert_eq!(between(9, 1, 3), Answer::Unsatisfiable);
    }
}
