//! Values as bits: each component of values that are compared gets as many as tell its members apart.
//!
//! A formula that compares n values by `=` and `<` cannot tell more than n values apart, so that is complete. Values
//! that are never compared need no bits at all. Constants have fixed codes, in a component with `<` with room between them
//! for the others; only where the order of constants is not known (of text, by collation) are their codes open.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::circuit::{Bit, Circuit, Gate, Node, ValueId};
use crate::analyzer::term::Value;

/// The code that each leaf and constant got, as bits.
#[derive(Debug, Default)]
pub(crate) struct Encoding {
    /// The component of each leaf and mux, by the number of its value.
    component: BTreeMap<usize, usize>,
    components: Vec<Component>,
    bits: BTreeMap<(usize, usize), Vec<Bit>>,
    /// What must hold.
    pub(crate) axioms: Vec<Bit>,
}

#[derive(Debug, Default)]
struct Component {
    leaves: BTreeSet<usize>,
    literals: BTreeSet<usize>,
    ordered: bool,
    width: usize,
}

/// The values that a leaf may have, where they are few.
pub(crate) type Domains = BTreeMap<usize, Vec<ValueId>>;

impl Encoding {
    /// Encodes all values of the circuit. Comparisons in `keep` only say so from here on: see [`Self::expand`].
    pub(crate) fn new(circuit: &mut Circuit, domains: &Domains) -> Self {
        circuit.unlimit();
        let mut encoding = Self::default();
        encoding.group(circuit, domains);
        for at in 0..encoding.components.len() {
            encoding.assign(circuit, domains, at);
        }
        encoding
    }

    fn group(&mut self, circuit: &Circuit, domains: &Domains) {
        let mut parent: Vec<usize> = (0..circuit.nodes.len()).collect();
        let is_literal = |v: ValueId| matches!(circuit.nodes.get(v.index()), Some(Node::Literal(_)));
        let mut pairs: Vec<(ValueId, ValueId, bool)> = Vec::new();
        for gate in &circuit.gates {
            match gate {
                Gate::Equal(a, b) => pairs.push((*a, *b, false)),
                Gate::Less(a, b) => pairs.push((*a, *b, true)),
                _ => {}
            }
        }
        let mut attached: Vec<(usize, usize)> = Vec::new();
        for (at, node) in circuit.nodes.iter().enumerate() {
            if let Node::Mux(_, a, b) = node {
                for child in [a, b] {
                    if is_literal(*child) {
                        attached.push((at, child.index()));
                    } else {
                        union(&mut parent, at, child.index());
                    }
                }
            }
        }
        for (a, b, _) in &pairs {
            match (is_literal(*a), is_literal(*b)) {
                (false, false) => union(&mut parent, a.index(), b.index()),
                (true, false) => attached.push((b.index(), a.index())),
                (false, true) => attached.push((a.index(), b.index())),
                // Of types whose constants are not compared: they meet in no component, and stay free.
                (true, true) => {}
            }
        }
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, node) in circuit.nodes.iter().enumerate() {
            if matches!(node, Node::Literal(_)) {
                continue;
            }
            let root = find(&mut parent, at);
            let number = *numbers.entry(root).or_insert_with(|| {
                self.components.push(Component::default());
                self.components.len() - 1
            });
            self.component.insert(at, number);
            if matches!(node, Node::Leaf(_))
                && let Some(component) = self.components.get_mut(number)
            {
                component.leaves.insert(at);
                component.literals.extend(domains.get(&at).into_iter().flatten().map(|v| v.index()));
            }
        }
        for (at, literal) in attached {
            if let Some(c) = self.component.get(&at).and_then(|n| self.components.get_mut(*n)) {
                c.literals.insert(literal);
            }
        }
        for (a, b, ordered) in pairs {
            let number = self.component.get(&a.index()).or_else(|| self.component.get(&b.index()));
            if let Some(c) = number.and_then(|n| self.components.get_mut(*n)).filter(|_| ordered) {
                c.ordered = true;
            }
        }
    }

    /// Gives the members of a component their bits.
    fn assign(&mut self, circuit: &mut Circuit, domains: &Domains, number: usize) {
        let Some(component) = self.components.get(number) else { return };
        let (leaves, ordered) = (component.leaves.clone(), component.ordered);
        let classes = classes(circuit, &component.literals);
        // Of the labels of an enum, all are there and in order.
        let closed = !leaves.is_empty() && leaves.iter().all(|l| domains.contains_key(l));
        let known_order =
            classes.windows(2).all(|w| matches!(w, [a, b] if compare(circuit, a, b) == Some(Ordering::Less)));
        let (fixed, spaced) = (!ordered || known_order, ordered && known_order && !closed);
        let (codes, members) = if spaced {
            spaced_codes(circuit, &classes, leaves.len())
        } else {
            ((0..classes.len()).collect(), leaves.len() + classes.len())
        };
        let width = usize::try_from(members.max(1).next_power_of_two().trailing_zeros()).unwrap_or(0);
        for (class, code) in classes.iter().zip(codes) {
            let bits: Vec<_> = match fixed {
                true => (0..width).map(|b| Bit::of(code >> b & 1 == 1)).collect(),
                false => (0..width).map(|_| circuit.input()).collect(),
            };
            for literal in class {
                self.bits.insert((number, *literal), bits.clone());
            }
        }
        for leaf in &leaves {
            let bits = (0..width).map(|_| circuit.input()).collect();
            self.bits.insert((number, *leaf), bits);
        }
        if let Some(component) = self.components.get_mut(number) {
            component.width = width;
        }
        if !fixed {
            self.order_constants(circuit, number, &classes);
        }
        for leaf in leaves {
            let Some(domain) = domains.get(&leaf) else { continue };
            let each: Vec<_> = domain.iter().map(|v| self.same(circuit, number, leaf, v.index())).collect();
            let one_of = circuit.or(&each);
            self.axioms.push(one_of);
        }
    }

    /// Constants of a component with `<` of which not all have a known order: those that have, in theirs, and all distinct.
    fn order_constants(&mut self, circuit: &mut Circuit, number: usize, classes: &[Vec<usize>]) {
        let first = |class: &Vec<usize>| class.first().copied().unwrap_or(0);
        for (at, class) in classes.iter().enumerate() {
            for later in classes.get(at + 1..).unwrap_or_default() {
                let (a, b) = (first(class), first(later));
                let apart = match compare(circuit, class, later) {
                    Some(Ordering::Less) => self.below(circuit, number, a, b),
                    Some(Ordering::Greater) => self.below(circuit, number, b, a),
                    _ => !self.same(circuit, number, a, b),
                };
                self.axioms.push(apart);
            }
        }
    }

    /// The bits of a value in a component; a mux takes those of what it chooses.
    fn code(&mut self, circuit: &mut Circuit, number: usize, value: usize) -> Vec<Bit> {
        if let Some(known) = self.bits.get(&(number, value)) {
            return known.clone();
        }
        let bits = match circuit.nodes.get(value) {
            Some(Node::Mux(condition, a, b)) => {
                let (condition, a, b) = (*condition, a.index(), b.index());
                let (a, b) = (self.code(circuit, number, a), self.code(circuit, number, b));
                a.iter().zip(&b).map(|(a, b)| circuit.mux(condition, *a, *b)).collect()
            }
            _ => Vec::new(),
        };
        self.bits.insert((number, value), bits.clone());
        bits
    }

    fn same(&mut self, circuit: &mut Circuit, number: usize, a: usize, b: usize) -> Bit {
        let (a, b) = (self.code(circuit, number, a), self.code(circuit, number, b));
        let each: Vec<_> = a.iter().zip(&b).map(|(a, b)| circuit.iff(*a, *b)).collect();
        circuit.and(&each)
    }

    fn below(&mut self, circuit: &mut Circuit, number: usize, a: usize, b: usize) -> Bit {
        let (a, b) = (self.code(circuit, number, a), self.code(circuit, number, b));
        // From the least significant bit up: a later bit decides before.
        a.iter().zip(&b).fold(Bit::FALSE, |below, (a, b)| {
            let equal = circuit.iff(*a, *b);
            circuit.mux(equal, below, *b)
        })
    }

    /// A comparison in bits; `None` if the gate is none.
    pub(crate) fn expand(&mut self, circuit: &mut Circuit, gate: usize) -> Option<Bit> {
        let (a, b, is_equal) = match circuit.gates.get(gate)? {
            Gate::Equal(a, b) => (a.index(), b.index(), true),
            Gate::Less(a, b) => (a.index(), b.index(), false),
            _ => return None,
        };
        let number = *self.component.get(&a).or_else(|| self.component.get(&b))?;
        Some(if is_equal { self.same(circuit, number, a, b) } else { self.below(circuit, number, a, b) })
    }

    /// The component of a leaf, and the bits of its code.
    pub(crate) fn leaf(&self, leaf: ValueId) -> Option<(usize, &[Bit])> {
        let number = *self.component.get(&leaf.index())?;
        Some((number, self.bits.get(&(number, leaf.index()))?))
    }

    /// The constants of a component, with the bits of their codes.
    pub(crate) fn constants(&self, number: usize) -> Vec<(usize, &[Bit])> {
        let Some(component) = self.components.get(number) else { return Vec::new() };
        let with_bits = |l: &usize| Some((*l, self.bits.get(&(number, *l))?.as_slice()));
        component.literals.iter().filter_map(with_bits).collect()
    }

    /// Whether the component is ordered.
    pub(crate) fn is_ordered(&self, number: usize) -> bool {
        self.components.get(number).is_some_and(|c| c.ordered)
    }
}

/// The constants, equal ones together, in their order as far as it is known.
fn classes(circuit: &Circuit, literals: &BTreeSet<usize>) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for literal in literals {
        let equal = |c: &Vec<usize>| compare(circuit, c, &[*literal]) == Some(Ordering::Equal);
        match classes.iter_mut().find(|c| equal(c)) {
            Some(class) => class.push(*literal),
            None => classes.push(vec![*literal]),
        }
    }
    classes.sort_by(|a, b| compare(circuit, a, b).unwrap_or(Ordering::Equal));
    classes
}

/// Codes of constants in order, between which and around which there is room for all leaves, and how many codes there are
/// in all. Between neighbouring integers there is nothing.
fn spaced_codes(circuit: &Circuit, classes: &[Vec<usize>], leaves: usize) -> (Vec<usize>, usize) {
    let first = |class: &Vec<usize>| class.first().copied().unwrap_or(0);
    let mut codes: Vec<usize> = Vec::with_capacity(classes.len());
    let mut next = leaves;
    for (at, class) in classes.iter().enumerate() {
        codes.push(next);
        let later = classes.get(at + 1).filter(|later| are_neighbours(circuit, first(class), first(later)));
        next += if later.is_some() { 1 } else { leaves + 1 };
    }
    (codes, next)
}

fn compare(circuit: &Circuit, a: &[usize], b: &[usize]) -> Option<Ordering> {
    value(circuit, *a.first()?)?.compare(value(circuit, *b.first()?)?)
}

fn value(circuit: &Circuit, at: usize) -> Option<&Value> {
    if let Some(Node::Literal(value)) = circuit.nodes.get(at) { Some(value) } else { None }
}

fn are_neighbours(circuit: &Circuit, low: usize, high: usize) -> bool {
    match (value(circuit, low), value(circuit, high)) {
        (Some(Value::Int(a)), Some(Value::Int(b))) => a.checked_add(1) == Some(*b),
        (Some(Value::Date(a)), Some(Value::Date(b))) => a.checked_add(1) == Some(*b),
        _ => false,
    }
}

fn find(parent: &mut [usize], at: usize) -> usize {
    let mut root = at;
    while let Some(up) = parent.get(root).filter(|up| **up != root) {
        root = *up;
    }
    if let Some(slot) = parent.get_mut(at) {
        *slot = root;
    }
    root
}

fn union(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(parent, a), find(parent, b));
    if let Some(slot) = parent.get_mut(a) {
        *slot = b;
    }
}
