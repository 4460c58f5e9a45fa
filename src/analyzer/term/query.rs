//! Sub-selects.

use super::{Id, Row, Term, Terms, Type};

/// A sub-select: for each choice of a row for each variable under which the condition is TRUE, the projection.
///
/// The row security of the relations read is a part of the condition. A join is two variables; UNION is several
/// queries; DISTINCT and ORDER BY are nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query {
    /// The row variables it binds, made with [`Terms::row`] for this query alone.
    pub rows: Box<[Row]>,
    /// ON, WHERE and row security.
    pub condition: Id,
    /// What it selects. For EXISTS any term.
    pub projection: Id,
}

/// What a sub-select that is used as a value does with more than one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pick {
    /// It raises an error (21000).
    Only,
    /// It takes one of them (LIMIT 1, or a PL/pgSQL `SELECT INTO`).
    Any,
}

impl Terms {
    /// `EXISTS (...)`, of several queries with UNION.
    pub fn exists(&mut self, queries: &[Query]) -> Id {
        let mut each = Vec::new();
        for query in queries {
            let projection = self.boolean(true);
            each.push(self.quantified(query.clone(), projection));
        }
        self.or(&each)
    }

    /// `x IN (...)` and `x = ANY (...)`.
    pub fn in_query(&mut self, x: Id, queries: &[Query]) -> Id {
        let mut each = Vec::new();
        for query in queries {
            let projection = self.equal(x, query.projection);
            each.push(self.quantified(query.clone(), projection));
        }
        self.or(&each)
    }

    /// `x op ANY (...)` and rows of several columns: TRUE if the boolean projection is in a row, NULL if it may be.
    pub fn any(&mut self, queries: &[Query]) -> Id {
        let mut each = Vec::new();
        for query in queries {
            each.push(self.quantified(query.clone(), query.projection));
        }
        self.or(&each)
    }

    /// `x op ALL (...)`: the boolean projection in every row.
    pub fn all(&mut self, queries: &[Query]) -> Id {
        let mut each = Vec::new();
        for query in queries {
            let projection = self.not(query.projection);
            each.push(self.quantified(query.clone(), projection));
        }
        let any = self.or(&each);
        self.not(any)
    }

    fn quantified(&mut self, query: Query, projection: Id) -> Id {
        let is_never = |id: Id| matches!(self.constant(id), Some(None | Some(false)));
        if is_never(query.condition) || self.constant(projection) == Some(Some(false)) {
            return self.boolean(false);
        }
        if query.rows.is_empty() {
            let holds = self.is_true(query.condition);
            return self.and(&[holds, projection]);
        }
        // Where the projection is never NULL, it is a condition like another.
        if self.is_never_null(projection) {
            let condition = self.and(&[query.condition, projection]);
            if matches!(self.constant(condition), Some(None | Some(false))) {
                return self.boolean(false);
            }
            let projection = self.boolean(true);
            return self.intern(Term::Exists(Query { condition, projection, ..query }), Type::Bool, true);
        }
        self.intern(Term::Any(Query { projection, ..query }), Type::Bool, false)
    }

    /// `(select ...)` as a value, of several queries with UNION ALL. A query without rows is just its projection.
    pub fn scalar(&mut self, queries: &[Query], pick: Pick) -> Id {
        let data_type = queries.first().map_or(Type::Bool, |q| self.type_of(q.projection).clone());
        self.scalar_of(queries, pick, data_type)
    }

    /// Whether there is more than one row in all.
    pub fn many(&mut self, queries: &[Query]) -> Id {
        let live: Box<[_]> = self.live(queries).into_iter().cloned().collect();
        match &*live {
            [] => self.boolean(false),
            [one] if one.rows.is_empty() => self.boolean(false),
            _ => self.intern(Term::Many(live), Type::Bool, true),
        }
    }

    /// The queries that may have a row.
    fn live<'q>(&self, queries: &'q [Query]) -> Vec<&'q Query> {
        queries.iter().filter(|q| !matches!(self.constant(q.condition), Some(None | Some(false)))).collect()
    }

    pub(super) fn scalar_of(&mut self, queries: &[Query], pick: Pick, data_type: Type) -> Id {
        let live = self.live(queries);
        match live.as_slice() {
            [] => self.null(data_type),
            [one] if one.rows.is_empty() => {
                let (condition, projection) = (one.condition, one.projection);
                let null = self.null(data_type);
                self.case(&[(condition, projection)], null)
            }
            _ => {
                let live = live.into_iter().cloned().collect();
                self.intern(Term::Scalar(live, pick), data_type, false)
            }
        }
    }
}
