//! A Boolean circuit over comparisons of values, shared by structure.

use std::ops::Not;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::analyzer::term::Value;

/// A wire: a gate's output, or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bit(u32);

impl Bit {
    pub(crate) const TRUE: Self = Self(0);
    pub(crate) const FALSE: Self = Self(1);

    pub(crate) fn of(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// The number of its gate.
    pub(crate) fn gate(self) -> usize {
        usize::try_from(self.0 >> 1).unwrap_or(0)
    }

    pub(crate) fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }
}

impl Not for Bit {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// A value of the ground problem; what it is decides the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueId(u32);

impl ValueId {
    pub(crate) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// A value of its own, by number: a cell, a claim, the result of a function.
    Leaf(u32),
    /// A constant.
    Literal(Value),
    /// One of two.
    Mux(Bit, ValueId, ValueId),
}

/// A gate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Gate {
    True,
    Input(u32),
    And(Rc<[Bit]>),
    Equal(ValueId, ValueId),
    Less(ValueId, ValueId),
}

/// The circuit.
#[derive(Debug)]
pub(crate) struct Circuit {
    pub(crate) gates: Vec<Gate>,
    index: FxHashMap<Gate, Bit>,
    pub(crate) nodes: Vec<Node>,
    node_index: FxHashMap<Node, ValueId>,
    inputs: u32,
    leaves: u32,
    /// Room for the parts of the gate that is being made.
    parts: Vec<Bit>,
    /// Gates that it may have, and wires that may still go into them.
    most: usize,
    wires: usize,
}

/// Wires that a gate may have in the mean: a circuit of wider ones takes as much work as one of more.
const WIRES: usize = 8;

/// Parts of a conjunction that become parts of one that it is in. More stay together: else each step of a long choice
/// between rows would copy all of the steps before.
const FLAT: usize = 32;

impl Circuit {
    /// One that may have so many gates.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            gates: vec![Gate::True],
            index: std::iter::once((Gate::True, Bit::TRUE)).collect(),
            nodes: Vec::new(),
            node_index: FxHashMap::default(),
            inputs: 0,
            leaves: 0,
            parts: Vec::new(),
            most,
            wires: most.saturating_mul(WIRES),
        }
    }

    /// Whether it has outgrown its limits; nothing that it says has a meaning then.
    pub(crate) fn is_full(&self) -> bool {
        self.wires == 0 || self.gates.len() > self.most
    }

    /// Takes the limits away: a circuit that kept to them is encoded whole.
    pub(crate) fn unlimit(&mut self) {
        if !self.is_full() {
            (self.most, self.wires) = (usize::MAX, usize::MAX);
        }
    }

    fn gate(&mut self, gate: Gate) -> Bit {
        if let Some(known) = self.index.get(&gate) {
            return *known;
        }
        let bit = Bit(u32::try_from(self.gates.len()).unwrap_or(u32::MAX >> 1) << 1);
        self.gates.push(gate.clone());
        self.index.insert(gate, bit);
        bit
    }

    /// A bit that may be either.
    pub(crate) fn input(&mut self) -> Bit {
        self.inputs += 1;
        self.gate(Gate::Input(self.inputs))
    }

    pub(crate) fn and(&mut self, all: &[Bit]) -> Bit {
        self.all_of(all.iter().copied())
    }

    pub(crate) fn or(&mut self, all: &[Bit]) -> Bit {
        !self.all_of(all.iter().map(|bit| !*bit))
    }

    fn all_of(&mut self, all: impl Iterator<Item = Bit>) -> Bit {
        if self.is_full() {
            return Bit::FALSE;
        }
        let mut parts = std::mem::take(&mut self.parts);
        for bit in all {
            match self.gates.get(bit.gate()) {
                Some(Gate::And(inner)) if !bit.is_negated() && inner.len() <= FLAT => {
                    parts.extend(inner.iter().copied())
                }
                _ => parts.push(bit),
            }
        }
        self.wires = self.wires.saturating_sub(parts.len());
        parts.sort_unstable();
        parts.dedup();
        parts.retain(|b| *b != Bit::TRUE);
        // A bit and its negation are neighbours in the order.
        let contradicts = |w: &[Bit]| matches!(w, [a, b] if *a == !*b);
        let bit = match parts.as_slice() {
            all if all.contains(&Bit::FALSE) || all.windows(2).any(contradicts) => Bit::FALSE,
            [] => Bit::TRUE,
            [one] => *one,
            all => self.gate(Gate::And(all.into())),
        };
        parts.clear();
        self.parts = parts;
        bit
    }

    pub(crate) fn mux(&mut self, condition: Bit, yes: Bit, no: Bit) -> Bit {
        match condition {
            Bit::TRUE => yes,
            Bit::FALSE => no,
            _ if yes == no => yes,
            _ => {
                let (a, b) = (self.and(&[condition, yes]), self.and(&[!condition, no]));
                self.or(&[a, b])
            }
        }
    }

    pub(crate) fn iff(&mut self, a: Bit, b: Bit) -> Bit {
        self.mux(a, b, !b)
    }

    fn node(&mut self, node: Node) -> ValueId {
        if let Some(known) = self.node_index.get(&node) {
            return *known;
        }
        let id = ValueId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.node_index.insert(node, id);
        id
    }

    /// A value of its own.
    pub(crate) fn leaf(&mut self) -> ValueId {
        self.leaves += 1;
        self.node(Node::Leaf(self.leaves))
    }

    pub(crate) fn literal(&mut self, value: Value) -> ValueId {
        self.node(Node::Literal(value))
    }

    pub(crate) fn mux_value(&mut self, condition: Bit, yes: ValueId, no: ValueId) -> ValueId {
        match condition {
            Bit::TRUE => yes,
            Bit::FALSE => no,
            _ if yes == no => yes,
            _ => self.node(Node::Mux(condition, yes, no)),
        }
    }

    /// `=` of values that are not NULL.
    pub(crate) fn equal(&mut self, a: ValueId, b: ValueId) -> Bit {
        if a == b {
            return Bit::TRUE;
        }
        match self.both_literals(a, b) {
            Some((x, y)) if x.equals(y).is_some() => Bit::of(x.equals(y) == Some(true)),
            _ => self.gate(Gate::Equal(a.min(b), a.max(b))),
        }
    }

    /// `<` of values that are not NULL.
    pub(crate) fn less(&mut self, a: ValueId, b: ValueId) -> Bit {
        if a == b {
            return Bit::FALSE;
        }
        match self.both_literals(a, b).and_then(|(x, y)| x.compare(y)) {
            Some(order) => Bit::of(order.is_lt()),
            None => self.gate(Gate::Less(a, b)),
        }
    }

    fn both_literals(&self, a: ValueId, b: ValueId) -> Option<(&Value, &Value)> {
        match (self.nodes.get(a.index())?, self.nodes.get(b.index())?) {
            (Node::Literal(x), Node::Literal(y)) => Some((x, y)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_fold() {
        let mut c = Circuit::new(1_000);
        let (a, b) = (c.input(), c.input());
        assert_eq!(c.and(&[a, !a]), Bit::FALSE);
        assert_eq!(c.or(&[a, !a]), Bit::TRUE);
        assert_eq!(c.and(&[a, Bit::TRUE]), a);
        assert_eq!(c.and(&[a, b]), c.and(&[b, a, b]));
        assert_eq!(c.mux(Bit::FALSE, a, b), b);
        let (x, one) = (c.leaf(), c.literal(Value::Int(1)));
        let two = c.literal(Value::Int(2));
        assert_eq!(c.equal(x, one), c.equal(one, x));
        assert_eq!(c.equal(one, two), Bit::FALSE);
        assert_eq!(c.less(one, two), Bit::TRUE);
    }
}
