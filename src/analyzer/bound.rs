//! How many rows a counterexample needs: the existential row variables of a question, by polarity.
//!
//! A sub-select that must find a row adds its row variables; one that must find none adds nothing, for rows can be
//! dropped from a counterexample. A sub-select that must find a row *for every* row of another (∀∃) has no bound.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::term::{Id, Query, Row, Term, Terms, Type};
use crate::model::QualifiedName;

/// What a condition is wanted to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// How many terms are looked at.
const LONGEST: usize = 100_000;

/// Rows by relation.
type Rows = BTreeMap<Arc<QualifiedName>, usize>;

/// What must be found: a row for which term, as what it is wanted, and the how-manieth of its queries it is.
type Step = (Id, Want, usize);

/// A row that must be found, with those around it that its condition speaks of.
type Demand = Vec<Step>;

/// Rows that suffice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// For what must be found; what is demanded twice is found once.
    demands: BTreeMap<Demand, Rows>,
    /// For what cannot be told apart by that.
    loose: Rows,
    /// Whether some row is demanded for each row of another sub-select, so that no number suffices for sure.
    pub(crate) open: bool,
    /// Whether it takes too long to work out.
    pub(crate) too_long: bool,
}

impl Bound {
    /// Rows for both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.demands.extend(other.demands);
        add(&mut self.loose, other.loose);
        self.open |= other.open;
        self.too_long |= other.too_long;
        self
    }

    /// Rows for either.
    fn or(mut self, mut other: Self) -> Self {
        let shared: BTreeMap<_, _> = self
            .demands
            .iter()
            .filter(|(d, _)| other.demands.contains_key(*d))
            .map(|(d, r)| (d.clone(), r.clone()))
            .collect();
        for bound in [&mut self, &mut other] {
            bound.demands.retain(|d, _| !shared.contains_key(d));
        }
        let (open, too_long) = (self.open | other.open, self.too_long | other.too_long);
        let mut loose = self.rows();
        for (relation, count) in other.rows() {
            let most = loose.entry(relation).or_default();
            *most = count.max(*most);
        }
        Self { demands: shared, loose, open, too_long }
    }

    /// The same, as what is demanded by one step that depends on nothing around: elsewhere it is not demanded anew.
    fn demanded(mut self, step: Step) -> Self {
        if !self.loose.is_empty() {
            let loose = std::mem::take(&mut self.loose);
            self.demands.insert(vec![step], loose);
        }
        self
    }

    /// The rows in all.
    pub(crate) fn rows(&self) -> Rows {
        let mut rows = self.loose.clone();
        self.demands.values().for_each(|r| add(&mut rows, r.clone()));
        rows
    }
}

fn add(rows: &mut Rows, more: Rows) {
    for (relation, count) in more {
        *rows.entry(relation).or_default() += count;
    }
}

/// The rows that suffice for `id` to be as wanted.
pub(crate) fn bound(terms: &Terms, id: Id, want: Want) -> Bound {
    let mut walk = Walk {
        terms,
        universal: Vec::new(),
        found: Vec::new(),
        path: Vec::new(),
        known: HashMap::new(),
        known_values: HashMap::new(),
        here: Vec::new(),
        left: LONGEST,
    };
    walk.condition(id, want)
}

struct Walk<'a> {
    terms: &'a Terms,
    /// The row variables that range over every row.
    universal: Vec<Row>,
    /// The row variables that stand for rows that were found.
    found: Vec<Row>,
    /// What they were found for.
    path: Vec<Step>,
    /// Bounds that depend on nothing around, by term, want, and whether all is within a sub-select's every row.
    known: HashMap<(Id, Want, bool), Bound>,
    /// The same of any value.
    known_values: HashMap<(Id, bool), Bound>,
    /// Bounds of what depends on the rows around, for each sub-select that is being walked; of no want for any value.
    here: Vec<HashMap<(Id, Option<Want>), Bound>>,
    /// How many terms may still be looked at.
    left: usize,
}

impl Walk<'_> {
    fn condition(&mut self, id: Id, want: Want) -> Bound {
        let free = self.terms.free_rows(id);
        if free.iter().any(|row| self.found.contains(row) || self.universal.contains(row)) {
            return self.once_here((id, Some(want)), |this| this.work_out(id, want));
        }
        let key = (id, want, self.universal.is_empty());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let bound = self.work_out(id, want).demanded((id, want, self.whole()));
        self.known.insert(key, bound.clone());
        bound
    }

    /// What depends on the rows around is the same as long as those are.
    fn once_here(&mut self, key: (Id, Option<Want>), work_out: impl FnOnce(&mut Self) -> Bound) -> Bound {
        if let Some(known) = self.here.last().and_then(|here| here.get(&key)) {
            return known.clone();
        }
        let bound = work_out(self);
        if let Some(here) = self.here.last_mut() {
            here.insert(key, bound.clone());
        }
        bound
    }

    /// In place of the number of a sub-select: all that a condition comes to, one less for a value. Within every row of a
    /// sub-select it comes to more.
    fn whole(&self) -> usize {
        if self.universal.is_empty() { usize::MAX } else { usize::MAX - 2 }
    }

    fn work_out(&mut self, id: Id, want: Want) -> Bound {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Bound { too_long: true, ..Bound::default() };
        }
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
            (Term::Exists(query), Want::True | Want::NotFalse) => self.some_row(query, None, (id, want, 0)),
            (Term::Exists(query), _) => self.every_row(query, None),
            (Term::Any(query), Want::True | Want::NotFalse) => self.some_row(query, Some(want), (id, want, 0)),
            (Term::Any(query), _) => self.every_row(query, Some(want)),
            (Term::Many(queries), Want::True | Want::NotFalse) => {
                queries.iter().fold(Bound::default(), |sum, query| {
                    let one = self.some_row(query, None, (id, want, 0));
                    let mut loose = one.rows();
                    add(&mut loose, one.rows());
                    sum.and(Bound { demands: BTreeMap::new(), loose, ..one })
                })
            }
            (Term::Many(queries), _) => {
                queries.iter().fold(Bound::default(), |sum, query| sum.and(self.every_row(query, None)))
            }
            (Term::Raises(_, when), _) => self.condition(*when, want),
            (Term::Case(branches, otherwise), _) => {
                self.case(branches, |this, value| this.condition(value, want), *otherwise)
            }
            (Term::Behind(_, value), _) => self.condition(*value, want),
            _ => self.value(id),
        }
    }

    /// One of the values of a CASE is taken, after the conditions before it were not TRUE.
    fn case(&mut self, branches: &[(Id, Id)], mut value: impl FnMut(&mut Self, Id) -> Bound, otherwise: Id) -> Bound {
        let mut result = value(self, otherwise);
        for (condition, chosen) in branches.iter().rev() {
            let (yes, no) = (self.condition(*condition, Want::True), self.condition(*condition, Want::NotTrue));
            let yes = yes.and(value(self, *chosen));
            result = self.either(yes, no.and(result));
        }
        result
    }

    /// Either, and for each row of a sub-select another one.
    fn either(&self, one: Bound, other: Bound) -> Bound {
        if self.universal.is_empty() { one.or(other) } else { one.and(other) }
    }

    /// One of several. For each row of a sub-select it may be another one.
    fn one_of(&mut self, all: impl Iterator<Item = (Id, Want)>) -> Bound {
        let mut result = Bound::default();
        for (id, want) in all {
            let bound = self.condition(id, want);
            result = self.either(result, bound);
        }
        result
    }

    fn both(&mut self, id: Id, one: Want, other: Want) -> Bound {
        self.condition(id, one).and(self.condition(id, other))
    }

    /// A row that meets the condition, with the projection as wanted.
    fn some_row(&mut self, query: &Query, projection: Option<Want>, step: Step) -> Bound {
        let here = self.rows_of(query, step);
        let (rows, steps) = (self.found.len(), self.path.len());
        self.found.extend(query.rows.iter());
        self.path.push(step);
        self.here.push(HashMap::new());
        let mut sum = self.condition(query.condition, Want::True);
        if let Some(want) = projection {
            sum = sum.and(self.condition(query.projection, want));
        }
        self.here.pop();
        self.found.truncate(rows);
        self.path.truncate(steps);
        sum.and(here)
    }

    fn rows_of(&self, query: &Query, step: Step) -> Bound {
        let free = self.terms.free_rows(step.0);
        let depends = free.iter().any(|row| self.found.contains(row) || self.universal.contains(row));
        let mut demand = if depends { self.path.clone() } else { Vec::new() };
        demand.push(step);
        let mut rows = Rows::new();
        for row in &query.rows {
            if let Some(info) = self.terms.row_info(*row) {
                *rows.entry(info.relation.clone()).or_default() += 1;
            }
        }
        let mut bound = Bound { demands: BTreeMap::from([(demand, rows)]), ..Bound::default() };
        let outer = [query.condition, query.projection].map(|part| self.terms.free_rows(part));
        bound.open = outer.iter().any(|free| free.iter().any(|row| self.universal.contains(row)));
        bound
    }

    /// No row that meets the condition, but with the projection as wanted.
    fn every_row(&mut self, query: &Query, projection: Option<Want>) -> Bound {
        let outer = self.universal.len();
        self.universal.extend(query.rows.iter());
        self.here.push(HashMap::new());
        let mut sum = self.condition(query.condition, Want::NotTrue);
        if let Some(want) = projection {
            sum = sum.and(self.condition(query.projection, want));
        }
        self.here.pop();
        self.universal.truncate(outer);
        sum
    }

    /// Any value.
    fn value(&mut self, id: Id) -> Bound {
        let free = self.terms.free_rows(id);
        if free.iter().any(|row| self.found.contains(row) || self.universal.contains(row)) {
            return self.once_here((id, None), |this| this.work_out_value(id));
        }
        let key = (id, self.universal.is_empty());
        if let Some(known) = self.known_values.get(&key) {
            return known.clone();
        }
        let bound = self.work_out_value(id).demanded((id, Want::True, self.whole() - 1));
        self.known_values.insert(key, bound.clone());
        bound
    }

    fn work_out_value(&mut self, id: Id) -> Bound {
        let terms = self.terms;
        let term = terms.term(id);
        let mut sum = Bound::default();
        match term {
            Term::Scalar(queries, _) => {
                for (at, query) in queries.iter().enumerate() {
                    let none = self.every_row(query, None);
                    let one = self.some_row(query, None, (id, Want::True, at));
                    let (rows, steps) = (self.found.len(), self.path.len());
                    self.found.extend(query.rows.iter());
                    self.path.push((id, Want::True, at));
                    self.here.push(HashMap::new());
                    let one = one.and(self.any_value(query.projection));
                    self.here.pop();
                    self.found.truncate(rows);
                    self.path.truncate(steps);
                    sum = sum.and(self.either(none, one));
                }
            }
            Term::Case(branches, otherwise) => {
                sum = self.case(branches, |this, value| this.any_value(value), *otherwise);
            }
            Term::Behind(_, value) => sum = self.any_value(*value),
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
        let yes = self.condition(id, Want::True);
        let no = self.condition(id, Want::False);
        let null = self.both(id, Want::NotTrue, Want::NotFalse);
        let known = self.either(yes, no);
        self.either(known, null)
    }
}

#[cfg(test)]
mod tests;
