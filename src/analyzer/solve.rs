//! A SAT solver behind a small interface, with caps on size and time.

use std::time::{Duration, Instant};

use batsat::{BasicCallbacks, BasicSolver, Lit, SolverInterface, SolverOpts, lbool};

use super::ground::{Bit, Circuit, Encoding, Gate, Node};

/// How much work a question may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Gates of the ground problem.
    pub gates: usize,
    /// Rows of one relation.
    pub rows: usize,
    /// Time for one question.
    pub time: Duration,
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
        // Unoptimised, the same work takes ten times as long.
        let time = if cfg!(debug_assertions) { 9_000 } else { 900 };
        Self { gates: 400_000, rows: 12, time: Duration::from_millis(time), models: 12, plain: true }
    }
}

/// What the solver found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Satisfiable,
    Unsatisfiable,
    /// The time is up.
    Stopped,
}

/// A solver for one circuit; gates are handed to it as they are needed.
pub(crate) struct Solver<'c> {
    circuit: &'c mut Circuit,
    encoding: &'c mut Encoding,
    sat: BasicSolver,
    /// By gate.
    literals: Vec<Option<Lit>>,
    /// Room for the clause that is being added.
    clause: Vec<Lit>,
}

impl<'c> Solver<'c> {
    pub(crate) fn new(circuit: &'c mut Circuit, encoding: &'c mut Encoding, deadline: Instant) -> Self {
        let mut callbacks = BasicCallbacks::new();
        callbacks.set_stop(move || Instant::now() >= deadline);
        let sat = BasicSolver::new(SolverOpts::default(), callbacks);
        let mut solver = Self { circuit, encoding, sat, literals: Vec::new(), clause: Vec::new() };
        for axiom in std::mem::take(&mut solver.encoding.axioms) {
            solver.require(&[axiom]);
        }
        solver
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
        if let [one] = any {
            let literal = self.literal(*one);
            return self.add([literal]);
        }
        let mut clause: Vec<_> = any.iter().map(|b| self.literal(*b)).collect();
        self.sat.add_clause_reuse(&mut clause);
    }

    fn add<const N: usize>(&mut self, literals: [Lit; N]) {
        self.clause.clear();
        self.clause.extend(literals);
        self.sat.add_clause_reuse(&mut self.clause);
    }

    /// Looks for a model in which all of `assumed` hold.
    pub(crate) fn solve(&mut self, assumed: &[Bit]) -> Answer {
        let assumed: Vec<_> = assumed.iter().map(|b| self.literal(*b)).collect();
        match self.sat.solve_limited(&assumed) {
            answer if answer == lbool::TRUE => Answer::Satisfiable,
            answer if answer == lbool::FALSE => Answer::Unsatisfiable,
            _ => Answer::Stopped,
        }
    }

    /// A bit in the last model; an input that nothing asks for is false.
    pub(crate) fn value(&self, bit: Bit) -> bool {
        let positive = match (self.known(bit.gate()), self.circuit.gates.get(bit.gate())) {
            (Some(literal), _) => self.sat.value_lit(literal) == lbool::TRUE,
            (None, Some(Gate::True)) => true,
            (None, Some(Gate::And(parts))) => parts.iter().all(|part| self.value(*part)),
            _ => false,
        };
        positive != bit.is_negated()
    }

    fn known(&self, gate: usize) -> Option<Lit> {
        self.literals.get(gate).copied().flatten()
    }

    fn literal(&mut self, bit: Bit) -> Lit {
        let positive = match self.known(bit.gate()) {
            Some(known) => known,
            None => self.define(bit.gate()),
        };
        if bit.is_negated() { !positive } else { positive }
    }

    /// A literal that is true exactly if the gate is.
    fn define(&mut self, gate: usize) -> Lit {
        let expanded = self.encoding.expand(self.circuit, gate);
        let literal = match (expanded, self.circuit.gates.get(gate).cloned()) {
            (Some(bit), _) => self.literal(bit),
            (None, Some(Gate::And(parts))) => {
                let mut all: Vec<_> = parts.iter().map(|part| !self.literal(*part)).collect();
                let whole = Lit::new(self.sat.new_var_default(), true);
                all.iter().for_each(|not_part| self.add([!whole, !*not_part]));
                all.push(whole);
                self.sat.add_clause_reuse(&mut all);
                whole
            }
            (None, gate) => {
                let literal = Lit::new(self.sat.new_var_default(), true);
                if gate == Some(Gate::True) {
                    self.add([literal]);
                }
                literal
            }
        };
        if self.literals.len() <= gate {
            self.literals.resize(self.circuit.gates.len().max(gate + 1), None);
        }
        if let Some(slot) = self.literals.get_mut(gate) {
            *slot = Some(literal);
        }
        literal
    }
}
