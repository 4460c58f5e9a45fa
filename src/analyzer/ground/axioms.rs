//! What holds in every database and session of a problem.

use std::sync::Arc;

use super::{Bit, Ground, Problem, Source, World};
use crate::analyzer::term::{Access, CLAIMS, Type, Value, in_range};

impl Problem<'_> {
    /// All axioms, one bit each; to be asked for when every condition of the question is ground.
    pub(crate) fn axioms(&mut self, world: &World) -> Vec<Bit> {
        let mut axioms = self.check_axioms(world);
        axioms.extend(self.key_axioms(world));
        axioms.extend(self.width_axioms(world));
        axioms.extend(self.range_axioms());
        axioms.extend(self.claim_axioms());
        axioms.extend(self.subject_axioms());
        axioms.extend(self.call_axioms());
        axioms.extend(self.slot_axioms());
        axioms
    }

    /// CHECK constraints: not FALSE in a row that is there, nor in a new one.
    fn check_axioms(&mut self, world: &World) -> Vec<Bit> {
        let mut axioms = Vec::new();
        for at in 0..self.slots.len() {
            let Some(slot) = self.slots.get(at).cloned() else { continue };
            let Some(facts) = world.relations.get(&*slot.relation) else { continue };
            for (row, check) in &facts.checks {
                let truth = self.truth(*check, &vec![(*row, at)]);
                axioms.push(self.circuit.or(&[!slot.exists, !truth.no]));
            }
        }
        axioms
    }

    /// No two stored rows share a key.
    fn key_axioms(&mut self, world: &World) -> Vec<Bit> {
        let mut axioms = Vec::new();
        for (relation, slots) in self.by_relation.clone() {
            let Some(facts) = world.relations.get(&*relation) else { continue };
            for key in &facts.keys {
                for (at, a) in slots.iter().enumerate() {
                    for b in slots.get(at + 1..).unwrap_or_default() {
                        axioms.extend(self.differ(*a, *b, key));
                    }
                }
            }
        }
        axioms
    }

    /// That two rows, if both are there, differ in a column of a key. One that nothing speaks of may always differ.
    fn differ(&mut self, a: usize, b: usize, key: &[Arc<str>]) -> Option<Bit> {
        let mut equal = vec![self.slots.get(a)?.exists, self.slots.get(b)?.exists];
        for column in key {
            let cell = |slot: usize| self.sources.get(&Source::Cell(slot, column.clone())).map(|(_, g)| *g);
            let (x, y) = (cell(a)?, cell(b)?);
            let null = self.null(x);
            let same = self.same(x, y);
            equal.extend([!null, same]);
        }
        Some(!self.circuit.and(&equal))
    }

    /// A column of limited length is no longer text.
    fn width_axioms(&mut self, world: &World) -> Vec<Bit> {
        let mut short = Vec::new();
        for (source, (_, ground)) in &self.sources {
            if let (Source::Cell(slot, column), Ground::Value { null, value }) = (source, ground)
                && let Some(width) = self.slots.get(*slot).and_then(|s| world.width(&s.relation, column))
            {
                short.push((width, *null, *value));
            }
        }
        let texts: Vec<_> = if short.is_empty() { Vec::new() } else { self.texts() };
        let mut axioms = Vec::new();
        for (width, null, value) in short {
            for (literal, _) in texts.iter().filter(|(_, length)| *length > width) {
                let same = self.circuit.equal(value, *literal);
                axioms.push(self.circuit.or(&[null, !same]));
            }
        }
        axioms
    }

    /// A number of a narrow type is below what is too large for it, and above what is too small.
    fn range_axioms(&mut self) -> Vec<Bit> {
        let whole = |id: &super::ValueId| match self.circuit.nodes.get(id.index()) {
            Some(super::Node::Literal(Value::Int(number))) => Some((*id, *number)),
            _ => None,
        };
        let numbers: Vec<_> = self.literals.keys().filter_map(whole).collect();
        let mut wrong = Vec::new();
        for (data_type, ground) in self.sources.values() {
            if let (Type::Int2 | Type::Int4, Ground::Value { null, value }) = (data_type, ground) {
                let out = numbers.iter().filter(|(_, number)| !in_range(*number, data_type));
                wrong.extend(out.map(|(literal, number)| (*null, *value, *literal, *number > 0)));
            }
        }
        wrong
            .into_iter()
            .map(|(null, value, literal, is_large)| {
                let within =
                    if is_large { self.circuit.less(value, literal) } else { self.circuit.less(literal, value) };
                self.circuit.or(&[null, within])
            })
            .collect()
    }

    /// The literals that are text, with their lengths.
    fn texts(&self) -> Vec<(super::ValueId, usize)> {
        let length = |id: &super::ValueId| match self.circuit.nodes.get(id.index()) {
            Some(super::Node::Literal(Value::Text(text))) => Some((*id, text.chars().count())),
            _ => None,
        };
        self.literals.keys().filter_map(length).collect()
    }

    /// What is in the claims is only there if what it is in is.
    fn claim_axioms(&mut self) -> Vec<Bit> {
        let claims: Vec<_> = self
            .sources
            .iter()
            .filter_map(|(source, (_, ground))| match (source, ground) {
                (Source::Claim(path, access), Ground::Value { null, .. }) => Some((path.clone(), *access, *null)),
                _ => None,
            })
            .collect();
        let mut axioms = Vec::new();
        for (outer, access, outer_null) in &claims {
            for (inner, inner_access, inner_null) in &claims {
                let is_inside = inner.len() > outer.len() && inner.starts_with(outer);
                let is_text = inner == outer && *access == Access::Json && *inner_access == Access::Text;
                if is_inside || is_text {
                    axioms.push(self.circuit.or(&[!*outer_null, *inner_null]));
                }
            }
        }
        let setting = self.sources.get(&Source::Setting(CLAIMS.into())).map(|(_, g)| *g);
        if let Some(Ground::Value { null, value }) = setting {
            let empty = self.literal(&Value::Text("".into()), &Type::Text);
            let is_empty = self.circuit.equal(value, empty);
            for (_, _, claim_null) in claims {
                axioms.push(self.circuit.or(&[!null, claim_null]));
                axioms.push(self.circuit.or(&[!is_empty, claim_null]));
            }
        }
        axioms
    }

    /// A `sub` that is read as a uuid is one, in the spelling that uuids are printed in.
    fn subject_axioms(&mut self) -> Vec<Bit> {
        let sub = self.sources.get(&Source::Claim(Arc::from([Arc::from("sub")]), Access::Text)).map(|(_, g)| *g);
        let Some(sub) = sub else { return Vec::new() };
        let is_cast = |name: &str, arg: Ground| {
            self.calls.iter().find(|c| *c.function.name == *name && c.args == [arg]).map(|c| c.result)
        };
        let Some(id) = is_cast("::uuid", sub) else { return Vec::new() };
        let printed = is_cast("::text", id);
        let (no_sub, no_id) = (self.null(sub), self.null(id));
        let mut axioms = vec![self.circuit.or(&[no_sub, !no_id])];
        if let Some(printed) = printed {
            let same = self.same(printed, sub);
            axioms.push(self.circuit.or(&[no_sub, same]));
        }
        axioms
    }

    /// Rows that nothing tells apart come in one order.
    fn slot_axioms(&mut self) -> Vec<Bit> {
        let mut axioms = Vec::new();
        for slots in self.by_relation.values() {
            let free: Vec<_> =
                slots.iter().filter_map(|s| self.slots.get(*s)).filter(|s| s.subject.is_none()).collect();
            for pair in free.windows(2) {
                if let [first, second] = pair {
                    axioms.push((first.exists, second.exists));
                }
            }
        }
        axioms.into_iter().map(|(first, second)| self.circuit.or(&[first, !second])).collect()
    }
}
