//! Expressions whose values are stored, and so must stay what they are: those of indexes, generated columns and partition
//! keys.

use super::catalog::Id;
use super::catalog::code::{Code, Tree};
use super::catalog::object::{Function, Index, IndexKey};
use super::run::{Result, Run, reject, state};
use crate::migrations::{lex, names};
use crate::model::{FunctionKind, Volatility};
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::Expr;
use crate::sql::{Routine, Type, mutable_part};

/// So many functions may call each other before nobody looks any further.
const DEEPEST: usize = 8;

impl Run {
    /// Refuses an expression that is known to give another value at another time.
    pub(super) fn must_be_immutable(&self, code: &Code, what: &str) -> Result {
        let Some(Tree::Expression(expr, _)) = code.tree.as_deref() else { return Ok(()) };
        match self.mutable_part(expr, 0) {
            Some(part) => {
                reject(state::INVALID_OBJECT_DEFINITION, format!("{what} is not immutable because of {part}"))
            }
            None => Ok(()),
        }
    }

    /// The same of all of an index.
    pub(super) fn must_be_immutable_index(&self, index: &Index) -> Result {
        for key in &index.keys {
            if let IndexKey::Expression(code) = key {
                self.must_be_immutable(code, "an index expression")?;
            }
        }
        index.predicate.as_ref().map_or(Ok(()), |code| self.must_be_immutable(code, "an index predicate"))
    }

    /// The same of the expressions in a partition key as written; the types of its columns have an order.
    pub(super) fn may_be_partition_key(&mut self, relation: Id, text: &str) -> Result {
        let tokens = lex::tokens(text, 0..text.len());
        let Some(open) = tokens.iter().position(|t| t.kind == lex::Kind::Punct(b'(')) else { return Ok(()) };
        let before = tokens.get(..open).unwrap_or_default();
        let is_hash = before.iter().any(|t| text.get(t.range()).is_some_and(|w| w.eq_ignore_ascii_case("hash")));
        let method = if is_hash { "hash" } else { "btree" };
        for (start, end) in super::indexes::elements(&tokens, open) {
            let element = text.get(start..end).unwrap_or_default();
            // What is no plain column is read again with its names bound.
            if !element.contains('(') {
                let first = lex::tokens(element, 0..element.len()).first().copied();
                let named = first.and_then(|t| names::identifier(t.kind, element.get(t.range())?));
                let place = named.and_then(|column| self.find_place(relation, &column));
                self.must_compare_columns(relation, place.as_slice(), method)?;
                continue;
            }
            if let IndexKey::Expression(code) = self.index_key(relation, element)? {
                self.must_be_immutable(&code, "a partition key")?;
            }
        }
        Ok(())
    }

    fn mutable_part(&self, expr: &Expr, depth: usize) -> Option<String> {
        let of_made = |routine: &Routine| self.volatility(routine, depth);
        mutable_part(expr, &self.catalog, &of_made)
    }

    /// How volatile a function is, once Postgres has put its body in its place where it can.
    fn volatility(&self, routine: &Routine, depth: usize) -> Option<Volatility> {
        let row = self.catalog.functions.get(super::bind::id(routine.key?.0))?;
        if row.volatility == Volatility::Immutable || !may_be_inlined(row) {
            return Some(row.volatility);
        }
        if row.strict || depth >= DEEPEST {
            return None;
        }
        let mut scope = Scope::default().function(&row.name);
        for parameter in row.parameters.iter().filter(|p| p.is_input()) {
            let data_type = self.catalog.sql_type(&parameter.data_type).unwrap_or_else(|| Type::named("unknown"));
            scope = scope.parameter(parameter.name.as_deref(), data_type);
        }
        let path = self.path_names();
        let text = row.body.text.trim().trim_end_matches(';');
        let bound = Binder::new(&self.catalog, &path).query(text, &scope).ok()?;
        let select = bound.tree.select()?;
        let plain = select.sources.is_empty() && select.filter.is_none() && !select.aggregates;
        match select.targets.as_slice() {
            [one] if plain => Some(match self.mutable_part(&one.value, depth + 1) {
                Some(_) => row.volatility,
                None => Volatility::Immutable,
            }),
            _ => Some(row.volatility),
        }
    }
}

fn may_be_inlined(row: &Function) -> bool {
    row.language == "sql"
        && row.kind == FunctionKind::Function
        && !row.security_definer
        && !row.returns_set
        && !row.body_is_bound
        && row.settings.is_empty()
        && row.search_path.is_none()
}
