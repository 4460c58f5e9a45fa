//! What the server may compute of a sub-select before, or without, the rows that ask for it.
//!
//! A condition that reads none of a sub-select's rows is tested once, before any row is looked for; one that reads some of
//! them may be tested for those though no others are there; so may either side of a comparison, which a join or an index
//! looks up. And what reads no row at all is computed while the statement is planned, to tell how many rows it lets through,
//! even in a branch of CASE that is never taken. None of that decides what is shown, but it raises errors.

use std::collections::BTreeSet;

use super::{Bindings, Evaluator, Stop};
use crate::analyzer::term::{Id, Query, Row, Term};

impl Evaluator<'_> {
    /// Whether planning the term, with all sub-selects in it, raises no error.
    pub(super) fn planned(&self, id: Id) -> Result<(), Stop> {
        self.plan(id, false, &mut BTreeSet::new())
    }

    fn plan(&self, id: Id, is_clause: bool, seen: &mut BTreeSet<(Id, bool)>) -> Result<(), Stop> {
        if !seen.insert((id, is_clause)) {
            return Ok(());
        }
        let term = self.terms.term(id);
        if is_clause && self.terms.free_rows(id).is_empty() && term.queries().is_empty() && !self.is_of_run(id) {
            return self.may_raise(id, &mut Vec::new());
        }
        for query in term.queries() {
            self.plan(query.condition, true, seen)?;
            self.plan(query.projection, matches!(term, Term::Any(_)), seen)?;
        }
        let mut result = Ok(());
        term.operands(|operand| {
            if result.is_ok() {
                result = self.plan(operand, is_clause, seen);
            }
        });
        result
    }

    /// Whether an error in it is one that a statement of a function raises while that runs.
    fn is_of_run(&self, id: Id) -> bool {
        let term = self.terms.term(id);
        let mut found = matches!(term, Term::Call(function, _) if &*function.name == "raise");
        term.operands(|operand| found = found || self.is_of_run(operand));
        found
    }
}

impl<'a> Evaluator<'a> {
    /// Whether what may be computed with fewer rows than the query has raises no error.
    pub(super) fn early(&self, query: &Query, rows: &mut Bindings<'a>) -> Result<(), Stop> {
        if let Term::And(parts) = self.terms.term(query.condition) {
            for part in parts {
                self.early_clause(*part, &query.rows, rows, true)?;
            }
        } else {
            self.early_clause(query.condition, &query.rows, rows, true)?;
        }
        self.early_clause(query.projection, &query.rows, rows, false)
    }

    fn early_clause(&self, id: Id, own: &[Row], rows: &mut Bindings<'a>, is_filter: bool) -> Result<(), Stop> {
        let free = self.terms.free_rows(id);
        let read: Vec<Row> = own.iter().copied().filter(|row| free.contains(row)).collect();
        if read.len() < own.len() {
            return match self.with_rows(id, &read, rows) {
                Err(Stop::MayRaise) if is_filter && read.is_empty() => Err(Stop::Raises),
                other => other,
            };
        }
        let term = self.terms.term(id);
        for query in term.queries() {
            let all: Vec<Row> = own.iter().chain(&query.rows).copied().collect();
            self.early_clause(query.condition, &all, rows, false)?;
        }
        if matches!(term, Term::Case(..) | Term::Behind(..)) {
            return Ok(());
        }
        let mut result = Ok(());
        term.operands(|operand| {
            if result.is_ok() {
                result = self.early_clause(operand, own, rows, false);
            }
        });
        result
    }

    /// The term for all choices of the rows that it reads.
    fn with_rows(&self, id: Id, variables: &[Row], rows: &mut Bindings<'a>) -> Result<(), Stop> {
        let Some((variable, rest)) = variables.split_first() else { return self.may_raise(id, rows) };
        let Some(info) = self.terms.row_info(*variable) else { return Ok(()) };
        for tuple in self.database.relations.get(&*info.relation).map_or(&[][..], Vec::as_slice) {
            rows.push((*variable, tuple));
            let result = self.with_rows(id, rest, rows);
            rows.pop();
            result?;
        }
        Ok(())
    }

    fn may_raise(&self, id: Id, rows: &mut Bindings<'a>) -> Result<(), Stop> {
        match self.eval(id, rows) {
            Err(stop) if stop.is_error() => Err(Stop::MayRaise),
            _ => Ok(()),
        }
    }
}
