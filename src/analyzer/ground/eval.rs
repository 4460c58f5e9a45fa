//! Terms over chosen rows.

use super::{Bindings, Bit, Ground, Problem, Source, Truth, ValueId};
use crate::analyzer::term::{Id, Row, Term, Type};

impl Problem<'_> {
    /// A condition over chosen rows.
    pub(crate) fn truth(&mut self, id: Id, rows: &Bindings) -> Truth {
        match self.ground(id, rows) {
            Ground::Bool(truth) => truth,
            Ground::Value { .. } => Truth { yes: Bit::FALSE, no: Bit::FALSE },
        }
    }

    /// A term over chosen rows.
    pub(crate) fn ground(&mut self, id: Id, rows: &Bindings) -> Ground {
        let free = self.terms.free_rows(id);
        let chosen = free.iter().map(|row| slot(*row, rows)).collect();
        let key = (id, chosen);
        if let Some(known) = self.memo.get(&key) {
            return *known;
        }
        let ground = if self.is_too_large() { self.nothing(id) } else { self.build(id, rows) };
        self.memo.insert(key, ground);
        ground
    }

    fn nothing(&mut self, id: Id) -> Ground {
        let null = Bit::TRUE;
        match self.terms.type_of(id) {
            Type::Bool => Ground::Bool(Truth { yes: Bit::FALSE, no: Bit::FALSE }),
            _ => Ground::Value { null, value: self.circuit.leaf() },
        }
    }

    fn build(&mut self, id: Id, rows: &Bindings) -> Ground {
        let terms = self.terms;
        let data_type = terms.type_of(id);
        let truth = match terms.term(id) {
            Term::Null => return self.nothing(id),
            Term::Literal(crate::analyzer::term::Value::Bool(b)) => Truth { yes: Bit::of(*b), no: Bit::of(!b) },
            Term::Literal(value) => {
                let value = self.literal(value, data_type);
                return Ground::Value { null: Bit::FALSE, value };
            }
            Term::Column(row, name) => {
                let source = Source::Cell(slot(*row, rows), name.clone());
                return self.source(source, data_type, terms.is_never_null(id));
            }
            Term::Claim(path, access) => return self.source(Source::Claim(path.clone(), *access), data_type, false),
            Term::Setting(name) => return self.source(Source::Setting(name.clone()), data_type, false),
            Term::Opaque(number) => {
                let depends = terms.opaque_info(*number).map(|o| o.depends.clone()).unwrap_or_default();
                let chosen = depends.iter().map(|row| slot(*row, rows)).collect();
                return self.source(Source::Opaque(*number, chosen), data_type, false);
            }
            Term::Call(function, args) => return self.call(function, args, data_type, rows),
            Term::Case(branches, otherwise) => return self.case(branches, *otherwise, rows),
            Term::Behind(done, value) => {
                // What is evaluated needs its values, too.
                self.ground(*done, rows);
                return self.ground(*value, rows);
            }
            Term::Exists(_) | Term::Any(_) | Term::Scalar(..) | Term::Many(_) => return self.query(id, rows),
            Term::Raises(of, when) => {
                // What is evaluated needs its values, too.
                self.ground(*of, rows);
                certain(self.truth(*when, rows).yes)
            }
            Term::Equal(a, b) => self.equal(*a, *b, rows),
            Term::Less(a, b) => self.order(*a, *b, rows, false),
            Term::LessEqual(a, b) => self.order(*a, *b, rows, true),
            Term::IsNull(a) => {
                let a = self.ground(*a, rows);
                certain(self.null(a))
            }
            Term::NotDistinct(a, b) => self.not_distinct(*a, *b, rows),
            Term::IsTrue(a) => certain(self.truth(*a, rows).yes),
            Term::Not(a) => {
                let Truth { yes, no } = self.truth(*a, rows);
                Truth { yes: no, no: yes }
            }
            Term::And(all) => self.all(all, rows),
            Term::Or(all) => {
                let each: Vec<_> = all.iter().map(|part| self.truth(*part, rows)).collect();
                let yes: Vec<_> = each.iter().map(|t| t.yes).collect();
                let no: Vec<_> = each.iter().map(|t| t.no).collect();
                Truth { yes: self.circuit.or(&yes), no: self.circuit.and(&no) }
            }
        };
        Ground::Bool(truth)
    }

    fn all(&mut self, all: &[Id], rows: &Bindings) -> Truth {
        let each: Vec<_> = all.iter().map(|part| self.truth(*part, rows)).collect();
        let yes: Vec<_> = each.iter().map(|t| t.yes).collect();
        let no: Vec<_> = each.iter().map(|t| t.no).collect();
        Truth { yes: self.circuit.and(&yes), no: self.circuit.or(&no) }
    }

    fn equal(&mut self, a: Id, b: Id, rows: &Bindings) -> Truth {
        let (a, b) = (self.ground(a, rows), self.ground(b, rows));
        match (a, b) {
            (Ground::Bool(a), Ground::Bool(b)) => self.equal_bools(a, b),
            (Ground::Value { null: m, value: a }, Ground::Value { null: n, value: b }) => {
                self.compared(m, n, |c| c.circuit.equal(a, b))
            }
            _ => Truth { yes: Bit::FALSE, no: Bit::FALSE },
        }
    }

    pub(super) fn equal_bools(&mut self, a: Truth, b: Truth) -> Truth {
        let c = &mut self.circuit;
        let (both, neither) = (c.and(&[a.yes, b.yes]), c.and(&[a.no, b.no]));
        let (one, other) = (c.and(&[a.yes, b.no]), c.and(&[a.no, b.yes]));
        Truth { yes: c.or(&[both, neither]), no: c.or(&[one, other]) }
    }

    fn order(&mut self, a: Id, b: Id, rows: &Bindings, or_equal: bool) -> Truth {
        let (a, b) = (self.ground(a, rows), self.ground(b, rows));
        match (a, b) {
            (Ground::Bool(a), Ground::Bool(b)) => {
                let less = self.circuit.and(&[a.no, b.yes]);
                let equal = self.equal_bools(a, b);
                let yes = if or_equal { self.circuit.or(&[less, equal.yes]) } else { less };
                let known = self.circuit.or(&[equal.yes, equal.no]);
                Truth { yes, no: self.circuit.and(&[known, !yes]) }
            }
            (Ground::Value { null: m, value: a }, Ground::Value { null: n, value: b }) => {
                self.compared(m, n, |c| if or_equal { !c.circuit.less(b, a) } else { c.circuit.less(a, b) })
            }
            _ => Truth { yes: Bit::FALSE, no: Bit::FALSE },
        }
    }

    /// A comparison of operands that are NULL as the bits say; of what is surely NULL there is none.
    fn compared(&mut self, m: Bit, n: Bit, comparison: impl FnOnce(&mut Self) -> Bit) -> Truth {
        let known = self.circuit.and(&[!m, !n]);
        if known == Bit::FALSE {
            return Truth { yes: Bit::FALSE, no: Bit::FALSE };
        }
        let holds = comparison(self);
        Truth { yes: self.circuit.and(&[known, holds]), no: self.circuit.and(&[known, !holds]) }
    }

    fn not_distinct(&mut self, a: Id, b: Id, rows: &Bindings) -> Truth {
        let equal = self.equal(a, b, rows);
        let (a, b) = (self.ground(a, rows), self.ground(b, rows));
        let (a, b) = (self.null(a), self.null(b));
        let both_null = self.circuit.and(&[a, b]);
        certain(self.circuit.or(&[equal.yes, both_null]))
    }

    fn case(&mut self, branches: &[(Id, Id)], otherwise: Id, rows: &Bindings) -> Ground {
        let mut result = self.ground(otherwise, rows);
        for (condition, value) in branches.iter().rev() {
            let condition = self.truth(*condition, rows).yes;
            if condition == Bit::FALSE {
                continue;
            }
            let value = self.ground(*value, rows);
            result = self.choose(condition, value, result);
        }
        result
    }

    /// One of two.
    pub(super) fn choose(&mut self, condition: Bit, yes: Ground, no: Ground) -> Ground {
        let c = &mut self.circuit;
        match (yes, no) {
            (Ground::Bool(a), Ground::Bool(b)) => {
                Ground::Bool(Truth { yes: c.mux(condition, a.yes, b.yes), no: c.mux(condition, a.no, b.no) })
            }
            (Ground::Value { null: m, value: a }, Ground::Value { null: n, value: b }) => {
                let value = match (m, n) {
                    (Bit::TRUE, _) => b,
                    (_, Bit::TRUE) => a,
                    _ => c.mux_value(condition, a, b),
                };
                Ground::Value { null: c.mux(condition, m, n), value }
            }
            // A NULL without a type of its own.
            (Ground::Bool(a), Ground::Value { .. }) => {
                Ground::Bool(Truth { yes: c.and(&[condition, a.yes]), no: c.and(&[condition, a.no]) })
            }
            (Ground::Value { .. }, Ground::Bool(b)) => {
                Ground::Bool(Truth { yes: c.and(&[!condition, b.yes]), no: c.and(&[!condition, b.no]) })
            }
        }
    }

    /// Whether two are the same: both NULL, or the same value as far as `=` tells.
    pub(super) fn same(&mut self, a: Ground, b: Ground) -> Bit {
        if a == b {
            return Bit::TRUE;
        }
        match (a, b) {
            (Ground::Bool(a), Ground::Bool(b)) => {
                let (yes, no) = (self.circuit.iff(a.yes, b.yes), self.circuit.iff(a.no, b.no));
                self.circuit.and(&[yes, no])
            }
            (Ground::Value { null: m, value: a }, Ground::Value { null: n, value: b }) => self.same_values(m, a, n, b),
            _ => Bit::FALSE,
        }
    }

    fn same_values(&mut self, m: Bit, a: ValueId, n: Bit, b: ValueId) -> Bit {
        let both_null = self.circuit.and(&[m, n]);
        let neither = self.circuit.and(&[!m, !n]);
        if neither == Bit::FALSE {
            return both_null;
        }
        let equal = self.circuit.equal(a, b);
        let equal = self.circuit.and(&[neither, equal]);
        self.circuit.or(&[both_null, equal])
    }
}

/// A truth value that is never NULL.
pub(super) fn certain(yes: Bit) -> Truth {
    Truth { yes, no: !yes }
}

/// The innermost binding; an unbound variable has a row of its own.
pub(super) fn slot(row: Row, rows: &Bindings) -> usize {
    rows.iter().rev().find(|(variable, _)| *variable == row).map_or(usize::MAX, |(_, slot)| *slot)
}
