//! Sub-selects over chosen rows.

use std::sync::Arc;

use super::eval::certain;
use super::{Bindings, Bit, Ground, Problem, Truth};
use crate::analyzer::term::{Function, Id, Pick, Query, Row, Term, Type};

impl Problem<'_> {
    pub(super) fn query(&mut self, id: Id, rows: &Bindings) -> Ground {
        let terms = self.terms;
        if self.nested_as_functions && self.is_nested(id) {
            return self.as_function(id, rows);
        }
        match terms.term(id) {
            Term::Exists(query) => {
                let each: Vec<_> = self.choices_of(query, rows).into_iter().map(|(active, _)| active).collect();
                Ground::Bool(certain(self.circuit.or(&each)))
            }
            Term::Any(query) => {
                let (mut yes, mut no) = (Vec::new(), Vec::new());
                for (active, rows) in self.choices_of(query, rows) {
                    let projection = self.truth(query.projection, &rows);
                    yes.push(self.circuit.and(&[active, projection.yes]));
                    no.push(self.circuit.or(&[!active, projection.no]));
                }
                Ground::Bool(Truth { yes: self.circuit.or(&yes), no: self.circuit.and(&no) })
            }
            Term::Many(queries) => {
                let mut each = Vec::new();
                for query in queries {
                    each.extend(self.choices_of(query, rows).into_iter().map(|(active, _)| active));
                }
                Ground::Bool(certain(self.two_of(&each)))
            }
            Term::Scalar(queries, pick) => {
                let mut found = Vec::new();
                for query in queries {
                    for (active, rows) in self.choices_of(query, rows) {
                        found.push((active, self.ground(query.projection, &rows)));
                    }
                }
                self.scalar(found, *pick, terms.type_of(id))
            }
            _ => Ground::Bool(Truth { yes: Bit::FALSE, no: Bit::FALSE }),
        }
    }

    /// Whether two of the bits are set: in one half, or one in each.
    fn two_of(&mut self, bits: &[Bit]) -> Bit {
        if bits.len() < 2 || self.is_too_large() {
            return Bit::FALSE;
        }
        let (left, right) = bits.split_at(bits.len() / 2);
        let (in_left, in_right) = (self.two_of(left), self.two_of(right));
        let (one, other) = (self.circuit.or(left), self.circuit.or(right));
        let both = self.circuit.and(&[one, other]);
        self.circuit.or(&[in_left, in_right, both])
    }

    /// Each choice of rows, and whether they exist and meet the condition.
    fn choices_of(&mut self, query: &Query, rows: &Bindings) -> Vec<(Bit, Bindings)> {
        let mut found = Vec::new();
        self.choose_rows(&query.rows, query.condition, Bit::TRUE, &mut rows.clone(), &mut found);
        found
    }

    fn choose_rows(
        &mut self,
        variables: &[Row],
        condition: Id,
        exist: Bit,
        rows: &mut Bindings,
        found: &mut Vec<(Bit, Bindings)>,
    ) {
        self.choices_left = self.choices_left.saturating_sub(1);
        if self.is_too_large() {
            return;
        }
        let Some((variable, rest)) = variables.split_first() else {
            let holds = self.truth(condition, rows).yes;
            let active = self.circuit.and(&[exist, holds]);
            if active != Bit::FALSE {
                found.push((active, rows.clone()));
            }
            return;
        };
        let Some(info) = self.terms.row_info(*variable) else { return };
        let slots = self.by_relation.get(&info.relation).cloned().unwrap_or_default();
        for slot in slots {
            let exists = self.slots.get(slot).map_or(Bit::FALSE, |s| s.exists);
            let both = self.circuit.and(&[exist, exists]);
            rows.push((*variable, slot));
            self.choose_rows(rest, condition, both, rows, found);
            rows.pop();
        }
    }

    /// The value of one of the rows; NULL if none is there.
    ///
    /// Of several, `Only` raises, so that any choice will do: the first is taken. `Any` may take each; the same rows
    /// with the same conditions are always chosen from in the same way.
    fn scalar(&mut self, found: Vec<(Bit, Ground)>, pick: Pick, data_type: &Type) -> Ground {
        let chosen =
            if pick == Pick::Any && found.len() > 1 { self.any_of(&found) } else { vec![Bit::TRUE; found.len()] };
        let mut result = match data_type {
            Type::Bool => Ground::Bool(Truth { yes: Bit::FALSE, no: Bit::FALSE }),
            _ => Ground::Value { null: Bit::TRUE, value: self.circuit.leaf() },
        };
        for ((active, value), chosen) in found.into_iter().zip(chosen).rev() {
            if self.is_too_large() {
                break;
            }
            let taken = self.circuit.and(&[active, chosen]);
            result = self.choose(taken, value, result);
        }
        result
    }

    /// Bits of which one is set for a row that is there, if any is.
    fn any_of(&mut self, found: &[(Bit, Ground)]) -> Vec<Bit> {
        if let Some(known) = self.choices.get(found) {
            return known.clone();
        }
        let wanted: Vec<_> = found.iter().map(|_| self.circuit.input()).collect();
        let taken: Vec<_> =
            found.iter().zip(&wanted).map(|((active, _), w)| self.circuit.and(&[*active, *w])).collect();
        let one = self.circuit.or(&taken);
        // If none of the wanted rows is there, any other is taken.
        let bits: Vec<_> = wanted.iter().map(|w| self.circuit.or(&[*w, !one])).collect();
        self.choices.insert(found.to_vec(), bits.clone());
        bits
    }

    /// Whether the sub-select reads columns of a row of another sub-select.
    fn is_nested(&self, id: Id) -> bool {
        let is_subject = |row: &Row| self.slots.iter().any(|s| s.subject == Some(*row));
        self.terms.free_rows(id).iter().any(|row| !is_subject(row))
    }

    /// A sub-select as a function of the columns it reads, which its text tells from any other.
    fn as_function(&mut self, id: Id, rows: &Bindings) -> Ground {
        let (function, columns) = match self.patterns.get(&id) {
            Some(known) => known.clone(),
            None => {
                let (text, columns) = self.terms.pattern(id);
                let never_null = self.terms.is_never_null(id);
                let function = Arc::new(Function { name: text.into(), strict: false, never_null });
                self.patterns.insert(id, (function.clone(), columns.clone()));
                (function, columns)
            }
        };
        let data_type = self.terms.type_of(id).clone();
        self.call(&function, &columns, &data_type, rows)
    }
}
