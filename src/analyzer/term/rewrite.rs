//! Terms rewritten: leaves by other leaves, rows by other rows, and sub-selects as they read after a write.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Id, Query, Row, Term, Terms, Type};
use crate::model::QualifiedName;

/// The columns of a key.
pub(crate) type Key = Vec<(Arc<str>, Type)>;

/// Row variables that stay, and those that stand for another row.
type Way = (Vec<Row>, Vec<(Row, Row)>);

/// A write: one row less, one row more, or one row changed.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// The relation.
    pub(crate) relation: QualifiedName,
    /// The row that is no longer there, told by its key: columns that are never NULL.
    pub(crate) removed: Option<(Row, Key)>,
    /// The row that is there now.
    pub(crate) added: Option<Row>,
}

type Leaf<'r> = &'r dyn Fn(&Term) -> Option<Term>;

/// How terms are rewritten below one set of bound rows.
struct Rewrite<'r> {
    leaf: Leaf<'r>,
    write: Option<&'r Write>,
    rows: Vec<(Row, Row)>,
    memo: HashMap<Id, Id>,
}

impl Terms {
    /// The term with leaves replaced where `leaf` gives another of the same type.
    pub(crate) fn replace(&mut self, id: Id, leaf: Leaf<'_>) -> Id {
        let mut rewrite = Rewrite { leaf, write: None, rows: Vec::new(), memo: HashMap::new() };
        rewrite.term(self, id)
    }

    /// The term with one row in the place of another.
    pub(crate) fn with_row(&mut self, id: Id, from: Row, to: Row) -> Id {
        let mut rewrite = Rewrite { leaf: &|_| None, write: None, rows: vec![(from, to)], memo: HashMap::new() };
        rewrite.term(self, id)
    }

    /// What the term, read after the write, is in the state before it.
    pub(crate) fn after(&mut self, id: Id, write: &Write) -> Id {
        let mut rewrite = Rewrite { leaf: &|_| None, write: Some(write), rows: Vec::new(), memo: HashMap::new() };
        rewrite.term(self, id)
    }
}

impl Rewrite<'_> {
    fn term(&mut self, terms: &mut Terms, id: Id) -> Id {
        if let Some(known) = self.memo.get(&id) {
            return *known;
        }
        let new = self.build(terms, id);
        self.memo.insert(id, new);
        new
    }

    fn each(&mut self, terms: &mut Terms, all: &[Id]) -> Vec<Id> {
        all.iter().map(|id| self.term(terms, *id)).collect()
    }

    fn row(&self, row: Row) -> Row {
        self.rows.iter().find(|(from, _)| *from == row).map_or(row, |(_, to)| *to)
    }

    fn build(&mut self, terms: &mut Terms, id: Id) -> Id {
        let (data_type, never_null) = (terms.type_of(id).clone(), terms.is_never_null(id));
        let term = terms.term(id).clone();
        if let Some(leaf) = (self.leaf)(&term) {
            return terms.intern(leaf, data_type, never_null);
        }
        match term {
            Term::Null | Term::Literal(_) | Term::Claim(..) | Term::Setting(_) => id,
            Term::Column(row, name) => match self.row(row) {
                same if same == row => id,
                other => terms.intern(Term::Column(other, name), data_type, never_null),
            },
            Term::Opaque(number) => {
                let Some(info) = terms.opaque_info(number).cloned() else { return id };
                let depends: Vec<_> = info.depends.iter().map(|r| self.row(*r)).collect();
                // In another state it may be another value.
                if depends[..] == info.depends[..] && self.write.is_none() {
                    return id;
                }
                terms.opaque(&info.reason, data_type, &depends)
            }
            Term::Call(function, args) => {
                let args = self.each(terms, &args);
                // One that is not read may read tables, which are others now.
                if self.write.is_some() && function.is_unread() {
                    let name = format!("{}, after a write", function.name).into();
                    return terms.call(&super::Function { name, ..(*function).clone() }, &args, data_type);
                }
                terms.call(&function, &args, data_type)
            }
            Term::Exists(query) => {
                let queries = self.queries(terms, &[query]);
                terms.exists(&queries)
            }
            Term::Any(query) => {
                let queries = self.queries(terms, &[query]);
                terms.any(&queries)
            }
            Term::Scalar(queries, pick) => {
                let queries = self.queries(terms, &queries);
                terms.scalar_of(&queries, pick, data_type)
            }
            Term::Many(queries) => {
                let queries = self.queries(terms, &queries);
                terms.many(&queries)
            }
            Term::Case(branches, otherwise) => {
                let each: Vec<_> = branches.iter().map(|(c, v)| (self.term(terms, *c), self.term(terms, *v))).collect();
                let otherwise = self.term(terms, otherwise);
                terms.case(&each, otherwise)
            }
            Term::Behind(done, value) => {
                let (done, value) = (self.term(terms, done), self.term(terms, value));
                terms.behind(done, value)
            }
            _ => self.connective(terms, &term, id),
        }
    }

    fn connective(&mut self, terms: &mut Terms, term: &Term, id: Id) -> Id {
        match term {
            Term::Equal(a, b) => {
                let (a, b) = (self.term(terms, *a), self.term(terms, *b));
                terms.equal(a, b)
            }
            Term::Less(a, b) => {
                let (a, b) = (self.term(terms, *a), self.term(terms, *b));
                terms.less(a, b)
            }
            Term::LessEqual(a, b) => {
                let (a, b) = (self.term(terms, *a), self.term(terms, *b));
                terms.less_equal(a, b)
            }
            Term::NotDistinct(a, b) => {
                let (a, b) = (self.term(terms, *a), self.term(terms, *b));
                terms.not_distinct(a, b)
            }
            Term::IsNull(a) => {
                let a = self.term(terms, *a);
                terms.is_null(a)
            }
            Term::IsTrue(a) => {
                let a = self.term(terms, *a);
                terms.is_true(a)
            }
            Term::Not(a) => {
                let a = self.term(terms, *a);
                terms.not(a)
            }
            Term::And(all) => {
                let all = self.each(terms, all);
                terms.and(&all)
            }
            Term::Or(all) => {
                let all = self.each(terms, all);
                terms.or(&all)
            }
            Term::Raises(of, _) => {
                let of = self.term(terms, *of);
                terms.raises(of)
            }
            _ => id,
        }
    }

    /// Each sub-select as those that it reads as.
    fn queries(&mut self, terms: &mut Terms, queries: &[Query]) -> Vec<Query> {
        queries.iter().flat_map(|query| self.query(terms, query)).collect()
    }

    fn query(&mut self, terms: &mut Terms, query: &Query) -> Vec<Query> {
        // Each variable ranges over the rows that stay, or is the one that was added.
        let mut ways: Vec<Way> = vec![(Vec::new(), Vec::new())];
        for row in &query.rows {
            let mut more = Vec::new();
            for (kept, chosen) in ways {
                if let Some(added) = self.written(terms, *row).and_then(|w| w.added) {
                    let with = chosen.iter().copied().chain([(*row, added)]).collect();
                    more.push((kept.clone(), with));
                }
                let kept = kept.into_iter().chain([*row]).collect();
                more.push((kept, chosen));
            }
            ways = more;
        }
        ways.into_iter().map(|(kept, chosen)| self.way(terms, query, kept, chosen)).collect()
    }

    fn way(&self, terms: &mut Terms, query: &Query, kept: Vec<Row>, chosen: Vec<(Row, Row)>) -> Query {
        let rows = self.rows.iter().copied().chain(chosen).collect();
        let mut inner = Rewrite { leaf: self.leaf, write: self.write, rows, memo: HashMap::new() };
        let condition = inner.term(terms, query.condition);
        let projection = inner.term(terms, query.projection);
        let mut all = vec![condition];
        for row in &kept {
            if let Some((removed, key)) = self.written(terms, *row).and_then(|w| w.removed.as_ref()) {
                let same: Vec<_> = key
                    .iter()
                    .map(|(column, data_type)| {
                        let a = terms.column(*row, column, data_type.clone(), false);
                        let b = terms.column(*removed, column, data_type.clone(), false);
                        terms.equal(a, b)
                    })
                    .collect();
                let same = terms.and(&same);
                all.push(terms.not(same));
            }
        }
        Query { rows: kept.into(), condition: terms.and(&all), projection }
    }

    /// The write, if it is to the relation of the row.
    fn written(&self, terms: &Terms, row: Row) -> Option<&Write> {
        let write = self.write?;
        let info = terms.row_info(row).filter(|info| info.unknown.is_none())?;
        (*info.relation == write.relation).then_some(write)
    }
}
