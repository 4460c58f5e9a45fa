//! Which way a condition moves when a relation gets rows.

use std::collections::HashMap;

use super::{Id, Query, Term, Terms};
use crate::model::QualifiedName;

/// How more rows move a truth value in the order FALSE, NULL, TRUE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Moves {
    /// It may rise.
    pub(crate) up: bool,
    /// It may fall.
    pub(crate) down: bool,
}

impl Moves {
    const ANYWHERE: Self = Self { up: true, down: true };

    fn and(self, other: Self) -> Self {
        Self { up: self.up || other.up, down: self.down || other.down }
    }
}

impl Terms {
    /// How rows that a relation gets move a condition; those that it loses move it the other way.
    pub(crate) fn moves(&self, id: Id, relation: &QualifiedName) -> Moves {
        self.moved(id, relation, &mut HashMap::new())
    }

    fn moved(&self, id: Id, relation: &QualifiedName, known: &mut HashMap<Id, Moves>) -> Moves {
        if let Some(moves) = known.get(&id) {
            return *moves;
        }
        let mut each = |of: &Self, all: &[Id]| {
            all.iter().map(|id| of.moved(*id, relation, known)).fold(Moves::default(), Moves::and)
        };
        let moves = match self.term(id) {
            Term::Opaque(_) => Moves::ANYWHERE,
            // What is not read may read any table.
            Term::Call(function, _) if function.is_unread() => Moves::ANYWHERE,
            Term::And(all) | Term::Or(all) => each(self, all),
            Term::IsTrue(inner) => each(self, &[*inner]),
            Term::Behind(done, value) if each(self, &[*done]) == Moves::default() => each(self, &[*value]),
            Term::Not(inner) => {
                let inner = each(self, &[*inner]);
                Moves { up: inner.down, down: inner.up }
            }
            Term::Exists(query) => {
                let found = Moves { up: self.reads(query, relation), down: false };
                found.and(each(self, &[query.condition]))
            }
            Term::Any(query) => {
                let found = Moves { up: self.reads(query, relation), down: false };
                found.and(each(self, &[query.condition, query.projection]))
            }
            term => {
                let mut inside = Vec::new();
                term.operands(|id| inside.push(id));
                inside.extend(term.queries().iter().flat_map(|q| [q.condition, q.projection]));
                let reads = term.queries().iter().any(|q| self.reads(q, relation));
                if reads || each(self, &inside) != Moves::default() { Moves::ANYWHERE } else { Moves::default() }
            }
        };
        known.insert(id, moves);
        moves
    }

    fn reads(&self, query: &Query, relation: &QualifiedName) -> bool {
        // Of a set of rows that is no stored relation nobody knows what it is made of.
        let is_it = |info: &super::RowInfo| info.unknown.is_some() || *info.relation == *relation;
        query.rows.iter().filter_map(|row| self.row_info(*row)).any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_let_exists_rise_and_its_negation_fall() {
        let mut terms = Terms::new();
        let (members, others) = (QualifiedName::new("public", "members"), QualifiedName::new("public", "others"));
        let row = terms.row(&members, "m");
        let column = terms.column(row, "ok", super::super::Type::Bool, false);
        let projection = terms.boolean(true);
        let exists = terms.exists(&[Query { rows: [row].into(), condition: column, projection }]);
        let (up, down) = (Moves { up: true, down: false }, Moves { up: false, down: true });
        assert_eq!(terms.moves(exists, &members), up);
        assert_eq!(terms.moves(exists, &others), Moves::default());
        let none = terms.not(exists);
        assert_eq!(terms.moves(none, &members), down);
        let unread = terms.opaque("something", super::super::Type::Bool, &[]);
        let both = terms.and(&[none, unread]);
        assert_eq!(terms.moves(both, &members), Moves::ANYWHERE);
    }
}
