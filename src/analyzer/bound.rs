//! How many rows a counterexample needs: the existential row variables of a question, by polarity.
//!
//! A sub-select that must find a row adds its row variables; one that must find none adds nothing, for rows can be
//! dropped from a counterexample. A sub-select that must find a row *for every* row of another (∀∃) has no bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::term::{Id, Query, Row, Term, Terms, Type};
use crate::model::QualifiedName;

/// What a condition is wanted to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    True,
    False,
    NotTrue,
    NotFalse,
}

impl Want {
    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::NotTrue => Self::NotFalse,
            Self::NotFalse => Self::NotTrue,
        }
    }
}

/// Rows that suffice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// By relation.
    pub(crate) rows: BTreeMap<Arc<QualifiedName>, usize>,
    /// Whether some row is demanded for each row of another sub-select, so that no number suffices for sure.
    pub(crate) open: bool,
}

impl Bound {
    /// Rows for both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        for (relation, count) in other.rows {
            *self.rows.entry(relation).or_default() += count;
        }
        self.open |= other.open;
        self
    }

    /// Rows for either.
    fn or(mut self, other: Self) -> Self {
        for (relation, count) in other.rows {
            let most = self.rows.entry(relation).or_default();
            *most = count.max(*most);
        }
        self.open |= other.open;
        self
    }
}

/// The rows that suffice for `id` to be as wanted.
pub(crate) fn bound(terms: &Terms, id: Id, want: Want) -> Bound {
    Walk { terms, universal: Vec::new() }.condition(id, want)
}

struct Walk<'a> {
    terms: &'a Terms,
    /// The row variables that range over every row.
    universal: Vec<Row>,
}

impl Walk<'_> {
    fn condition(&mut self, id: Id, want: Want) -> Bound {
        let terms = self.terms;
        match (terms.term(id), want) {
            (Term::Not(a), _) => self.condition(*a, want.negated()),
            (Term::And(all), Want::True | Want::NotFalse) | (Term::Or(all), Want::False | Want::NotTrue) => {
                all.iter().fold(Bound::default(), |sum, part| sum.and(self.condition(*part, want)))
            }
            (Term::And(all) | Term::Or(all), _) => self.one_of(all.iter().map(|part| (*part, want))),
            (Term::IsTrue(a), Want::True | Want::NotFalse) => self.condition(*a, Want::True),
            (Term::IsTrue(a), _) => self.condition(*a, Want::NotTrue),
            (Term::IsNull(a), _) if *terms.type_of(*a) == Type::Bool => match want {
                Want::True | Want::NotFalse => self.both(*a, Want::NotTrue, Want::NotFalse),
                _ => self.one_of([(*a, Want::True), (*a, Want::False)].into_iter()),
            },
            (Term::Exists(query), Want::True | Want::NotFalse) => self.some_row(query, None),
            (Term::Exists(query), _) => self.every_row(query, None),
            (Term::Any(query), Want::True | Want::NotFalse) => self.some_row(query, Some(want)),
            (Term::Any(query), _) => self.every_row(query, Some(want)),
            (Term::Many(queries), Want::True | Want::NotFalse) => {
                queries.iter().fold(Bound::default(), |sum, query| {
                    sum.and(self.some_row(query, None)).and(self.some_row(query, None))
                })
            }
            (Term::Many(queries), _) => {
                queries.iter().fold(Bound::default(), |sum, query| sum.and(self.every_row(query, None)))
            }
            (Term::Raises(_, when), _) => self.condition(*when, want),
            (Term::Case(branches, otherwise), _) => {
                let mut sum = self.condition(*otherwise, want);
                for (condition, value) in branches {
                    sum = sum.and(self.both(*condition, Want::True, Want::NotTrue)).and(self.condition(*value, want));
                }
                sum
            }
            _ => self.value(id),
        }
    }

    /// One of several. For each row of a sub-select it may be another one.
    fn one_of(&mut self, all: impl Iterator<Item = (Id, Want)>) -> Bound {
        let mut result = Bound::default();
        for (id, want) in all {
            let bound = self.condition(id, want);
            result = if self.universal.is_empty() { result.or(bound) } else { result.and(bound) };
        }
        result
    }

    fn both(&mut self, id: Id, one: Want, other: Want) -> Bound {
        self.condition(id, one).and(self.condition(id, other))
    }

    /// A row that meets the condition, with the projection as wanted.
    fn some_row(&mut self, query: &Query, projection: Option<Want>) -> Bound {
        let mut sum = self.condition(query.condition, Want::True);
        if let Some(want) = projection {
            sum = sum.and(self.condition(query.projection, want));
        }
        sum.and(self.rows_of(query))
    }

    fn rows_of(&self, query: &Query) -> Bound {
        let mut bound = Bound::default();
        for row in &query.rows {
            if let Some(info) = self.terms.row_info(*row) {
                *bound.rows.entry(info.relation.clone()).or_default() += 1;
            }
        }
        let outer = [query.condition, query.projection].map(|part| self.terms.free_rows(part));
        bound.open = outer.iter().any(|free| free.iter().any(|row| self.universal.contains(row)));
        bound
    }

    /// No row that meets the condition, but with the projection as wanted.
    fn every_row(&mut self, query: &Query, projection: Option<Want>) -> Bound {
        let outer = self.universal.len();
        self.universal.extend(query.rows.iter());
        let mut sum = self.condition(query.condition, Want::NotTrue);
        if let Some(want) = projection {
            sum = sum.and(self.condition(query.projection, want));
        }
        self.universal.truncate(outer);
        sum
    }

    /// Any value.
    fn value(&mut self, id: Id) -> Bound {
        let terms = self.terms;
        let term = terms.term(id);
        let mut sum = Bound::default();
        match term {
            Term::Scalar(queries, _) => {
                for query in queries {
                    let none = self.every_row(query, None);
                    let one = self.some_row(query, None);
                    sum = sum.and(none).and(one).and(self.any_value(query.projection));
                }
            }
            _ => {
                let mut operands = Vec::new();
                term.operands(|operand| operands.push(operand));
                for operand in operands {
                    sum = sum.and(self.any_value(operand));
                }
            }
        }
        sum
    }

    /// Any value of an operand, which may be a condition.
    fn any_value(&mut self, id: Id) -> Bound {
        if *self.terms.type_of(id) != Type::Bool {
            return self.value(id);
        }
        let known = self.both(id, Want::True, Want::False);
        let null = self.both(id, Want::NotTrue, Want::NotFalse);
        // For each row of a sub-select it may be another one.
        if self.universal.is_empty() { known.or(null) } else { known.and(null) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(terms: &mut Terms, relation: &str, condition: impl FnOnce(&mut Terms, Row) -> Id) -> Id {
        let row = terms.row(&QualifiedName::new("public", relation), "x");
        let condition = condition(terms, row);
        let projection = terms.boolean(true);
        terms.exists(&[Query { rows: [row].into(), condition, projection }])
    }

    fn yes(terms: &mut Terms, row: Row) -> Id {
        terms.column(row, "ok", Type::Bool, true)
    }

    fn count(bound: &Bound) -> usize {
        bound.rows.values().sum()
    }

    #[test]
    fn rows_are_counted_where_they_must_be_found() {
        let mut t = Terms::new();
        let (a, b) = (some(&mut t, "a", yes), some(&mut t, "a", yes));
        let (both, either) = (t.and(&[a, b]), t.or(&[a, b]));
        assert_eq!(count(&bound(&t, both, Want::True)), 2);
        assert_eq!(count(&bound(&t, either, Want::True)), 1);
        assert_eq!(count(&bound(&t, both, Want::NotTrue)), 0);
        let not = t.not(a);
        assert_eq!(count(&bound(&t, not, Want::NotTrue)), 1);
    }

    #[test]
    fn a_row_for_every_row_has_no_bound() {
        let mut t = Terms::new();
        let related = some(&mut t, "a", |t, outer| {
            some(t, "b", |t, inner| {
                let (x, y) = (t.column(outer, "x", Type::Int4, true), t.column(inner, "x", Type::Int4, true));
                let found = t.equal(x, y);
                t.not(found)
            })
        });
        assert!(!bound(&t, related, Want::True).open);
        assert!(!bound(&t, related, Want::NotTrue).open);
        let lonely = some(&mut t, "a", |t, outer| {
            let found = some(t, "b", |t, inner| {
                let (x, y) = (t.column(outer, "x", Type::Int4, true), t.column(inner, "x", Type::Int4, true));
                t.equal(x, y)
            });
            t.not(found)
        });
        assert!(bound(&t, lonely, Want::NotTrue).open, "each row of a has one in b");
        let unrelated = some(&mut t, "a", |t, _| {
            let found = some(t, "b", yes);
            t.not(found)
        });
        let needed = bound(&t, unrelated, Want::NotTrue);
        assert!(!needed.open && count(&needed) == 1, "{needed:?}");
    }
}
