//! Indexes.

use super::bind::refuse_queries;
use super::catalog::Id;
use super::catalog::code::Tree;
use super::catalog::names::Space;
use super::catalog::object::{Index, IndexKey};
use super::naming::joined;
use super::run::{Result, Run, reject, state};
use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;
use crate::migrations::parse::table::CreateIndex;
use crate::model::RelationKind;

impl Run {
    pub(super) fn create_index(&mut self, create: &CreateIndex) -> Result {
        let relation = self.relation(&create.relation)?;
        self.must_own(relation)?;
        self.only_kinds(
            relation,
            &[RelationKind::Table, RelationKind::PartitionedTable, RelationKind::MaterializedView],
        )?;
        let (table, schema) = self.table_name(relation);
        self.may_create_in(schema)?;
        let mut keys = Vec::with_capacity(create.keys.len());
        for key in &create.keys {
            let bound = self.index_key(relation, &key.text)?;
            if !names_class(&key.text) {
                self.must_compare_key(relation, &bound, create.method.as_deref().unwrap_or("btree"))?;
            }
            keys.push(bound);
        }
        if create.unique {
            let columns: Vec<usize> = keys.iter().filter_map(Self::key_place).collect();
            self.holds_partition_key(relation, &columns)?;
        }
        let include = self.places(relation, &create.include)?;
        let predicate = match &create.predicate {
            // What holds of every row is no condition.
            Some(text) if text.text.trim().eq_ignore_ascii_case("true") => None,
            Some(text) => Some(self.plain_condition(relation, &text.text)?),
            None => None,
        };
        // The name is asked for last, even with IF NOT EXISTS.
        if let Some(name) = &create.name
            && self.catalog.names.find(Space::Relation, schema, name).is_some()
        {
            return match create.if_not_exists {
                true => Ok(()),
                false => reject(state::DUPLICATE_TABLE, format!("relation `{name}` already exists")),
            };
        }
        let name = match &create.name {
            Some(name) => name.clone(),
            None => self.index_name(relation, &table, schema, &keys, &include),
        };
        let kind = self.catalog.relations.get(relation).map(|r| r.kind);
        let index = Index {
            relation,
            name,
            keys,
            include,
            unique: create.unique,
            nulls_not_distinct: create.nulls_not_distinct,
            predicate,
            // One on a partitioned table alone is valid when all partitions have theirs.
            valid: !(create.only
                && kind == Some(RelationKind::PartitionedTable)
                && !self.partitions(relation).is_empty()),
            method: create.method.clone().unwrap_or_else(|| "btree".to_owned()),
            parent: None,
            origin: self.origin,
        };
        self.must_be_immutable_index(&index)?;
        let id = self.insert_index(index);
        if !create.only {
            self.clone_index(id);
        }
        Ok(())
    }

    /// Gives the partitions their indexes.
    fn clone_index(&mut self, id: Id) {
        let Some(index) = self.catalog.indexes.get(id).cloned() else { return };
        for child in self.partitions(index.relation) {
            self.index_in_partition(child, id, &index);
        }
    }

    pub(super) fn index_in_partition(&mut self, child: Id, parent: Id, index: &Index) {
        let (table, schema) = self.table_name(child);
        let keys: Vec<IndexKey> = index
            .keys
            .iter()
            .map(|key| match key {
                IndexKey::Column(place) => {
                    let moved = self.moved_places(index.relation, child, &[*place]);
                    IndexKey::Column(moved.first().copied().unwrap_or(*place))
                }
                IndexKey::Expression(code) => IndexKey::Expression(self.code_in_child(index.relation, child, code)),
            })
            .collect();
        let include = self.moved_places(index.relation, child, &index.include);
        let name = self.index_name(child, &table, schema, &keys, &include);
        let predicate = index.predicate.as_ref().map(|code| self.code_in_child(index.relation, child, code));
        let row = Index { relation: child, name, keys, include, predicate, parent: Some(parent), ..index.clone() };
        let id = self.insert_index(row);
        self.clone_index(id);
    }

    fn index_name(&self, relation: Id, table: &str, schema: Id, keys: &[IndexKey], include: &[usize]) -> String {
        let mut names: Vec<String> = Vec::new();
        let wanted = keys.iter().map(|key| self.key_name(relation, key));
        for name in wanted.chain(self.catalog.column_names(relation, include)) {
            let mut free = name.clone();
            let mut number = 0_u32;
            while names.contains(&free) {
                number += 1;
                free = format!("{name}{number}");
            }
            names.push(free);
        }
        self.relation_name(schema, table, Some(&joined(&names)), "idx", false)
    }

    /// What an index key is called in a generated name.
    pub(super) fn key_name(&self, relation: Id, key: &IndexKey) -> String {
        match key {
            IndexKey::Column(place) => self.catalog.column_name(relation, *place),
            IndexKey::Expression(code) => expression_name(&code.text),
        }
    }

    pub(super) fn insert_index(&mut self, index: Index) -> Id {
        let id = self.catalog.fresh();
        let (_, schema) = self.table_name(index.relation);
        self.catalog.names.add(Space::Relation, schema, &index.name, id);
        self.catalog.indexes.insert(id, index);
        self.touch(id);
        id
    }

    pub(super) fn remove_index(&mut self, id: Id) {
        self.touch(id);
        let Some(row) = self.catalog.indexes.remove(id) else { return };
        let (_, schema) = self.table_name(row.relation);
        self.catalog.names.remove(Space::Relation, schema, &row.name, id);
    }

    /// Renames an index, and the constraint that it enforces.
    pub(super) fn rename_index(&mut self, id: Id, to: &str) -> Result {
        let Some(row) = self.catalog.indexes.get(id) else { return Ok(()) };
        let (relation, from) = (row.relation, row.name.clone());
        let (_, schema) = self.table_name(relation);
        if self.catalog.names.find(Space::Relation, schema, to).is_some() {
            return reject(state::DUPLICATE_TABLE, format!("relation `{to}` already exists"));
        }
        self.touch(id);
        self.catalog.names.remove(Space::Relation, schema, &from, id);
        self.catalog.names.add(Space::Relation, schema, to, id);
        if let Some(row) = self.catalog.indexes.edit(id) {
            to.clone_into(&mut row.name);
        }
        self.changed(id);
        for constraint in self.catalog.constraints.using(id, |c| c.index == Some(id)) {
            self.rename_constraint_row(constraint, to);
        }
        Ok(())
    }

    fn must_compare_key(&self, relation: Id, key: &IndexKey, method: &str) -> Result {
        match key {
            IndexKey::Column(place) => self.must_compare_columns(relation, &[*place], method),
            IndexKey::Expression(code) => match code.tree.as_deref() {
                Some(Tree::Expression(expr, _)) => self.must_compare(&self.catalog.type_from(&expr.data_type), method),
                _ => Ok(()),
            },
        }
    }

    /// A key as written: a column or an expression, then collation, operator class and order.
    pub(super) fn index_key(&mut self, relation: Id, text: &str) -> Result<IndexKey> {
        let tokens = lex::tokens(text, 0..text.len());
        let (end, is_column) = key_end(&tokens);
        let key = tokens.get(..end).unwrap_or_default();
        let (Some(first), Some(last)) = (key.first(), key.last()) else {
            return reject("42601", "an index key is missing");
        };
        let raw = text.get(first.start..last.end).unwrap_or_default();
        if let (true, Some(name)) = (is_column, names::identifier(first.kind, raw)) {
            return Ok(IndexKey::Column(self.place(relation, &name)?));
        }
        let inner = raw.strip_prefix('(').and_then(|r| r.strip_suffix(')')).unwrap_or(raw);
        refuse_queries(inner)?;
        Ok(IndexKey::Expression(self.code(relation, inner)?))
    }

    /// The index that an EXCLUDE asks for, without a name.
    pub(super) fn exclusion(&mut self, relation: Id, text: &str) -> Result<Index> {
        let tokens = lex::tokens(text, 0..text.len());
        let (method, excluded) = excluded(text, &tokens);
        let mut keys = Vec::new();
        for (key, _) in excluded {
            keys.push(self.index_key(relation, key)?);
        }
        let predicate = match where_clause(text, &tokens) {
            Some(text) => Some(self.code(relation, text)?),
            None => None,
        };
        let index = Index {
            relation,
            name: String::new(),
            keys,
            include: Vec::new(),
            unique: false,
            nulls_not_distinct: false,
            predicate,
            valid: true,
            method,
            parent: None,
            origin: self.origin,
        };
        self.must_be_immutable_index(&index)?;
        Ok(index)
    }
}

/// The method of EXCLUDE, and its keys, each with the operator that no two rows may fulfil.
pub(super) fn excluded<'a>(text: &'a str, tokens: &[Token]) -> (String, Vec<(&'a str, &'a str)>) {
    let word = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default();
    let using = word(0).eq_ignore_ascii_case("using");
    let method = if using { word(1).to_ascii_lowercase() } else { "btree".to_owned() };
    let keys = elements(tokens, if using { 2 } else { 0 }).into_iter().map(|(start, end)| {
        let mut within = tokens.iter().filter(|t| start <= t.start && t.end <= end);
        let is_with = |t: &&Token| text.get(t.range()).is_some_and(|word| word.eq_ignore_ascii_case("with"));
        let with = within.rfind(is_with).map_or((end, end), |t| (t.start, t.end));
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim();
        // The server prints its own operators without their schema.
        (part(start, with.0), part(with.1, end).trim_start_matches("pg_catalog."))
    });
    (method, keys.collect())
}

/// How many tokens a key has, and whether it is a column.
fn key_end(tokens: &[Token]) -> (usize, bool) {
    let is_open = |at: usize| tokens.get(at).is_some_and(|t| t.kind == Kind::Punct(b'('));
    if is_open(0) {
        return (closing(tokens, 0), false);
    }
    let mut at = 1;
    while tokens.get(at).is_some_and(|t| t.kind == Kind::Punct(b'.')) {
        at += 2;
    }
    if is_open(at) { (closing(tokens, at), false) } else { (at, at == 1) }
}

/// Whether an operator class stands behind a key.
fn names_class(text: &str) -> bool {
    let tokens = lex::tokens(text, 0..text.len());
    let word = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default().to_ascii_lowercase();
    let (mut at, _) = key_end(&tokens);
    if word(at) == "collate" {
        at += if word(at + 2) == "." { 4 } else { 2 };
    }
    !matches!(word(at).as_str(), "" | "asc" | "desc" | "nulls" | "with")
}

/// One past the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Punct(b'(') => depth += 1,
            Kind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The bytes of the elements of the list in brackets at `open`.
pub(super) fn elements(tokens: &[Token], open: usize) -> Vec<(usize, usize)> {
    let close = closing(tokens, open);
    let inner = tokens.get(open + 1..close.saturating_sub(1)).unwrap_or_default();
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, inner.first().map_or(0, |t| t.start));
    for token in inner {
        match token.kind {
            Kind::Punct(b'(' | b'[') => depth += 1,
            Kind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
            Kind::Punct(b',') if depth == 0 => {
                found.push((start, token.start));
                start = token.end;
            }
            _ => (),
        }
    }
    found.extend(inner.last().map(|last| (start, last.end)));
    found
}

fn where_clause<'a>(text: &'a str, tokens: &[Token]) -> Option<&'a str> {
    let at = tokens.iter().rposition(|t| text.get(t.range()).is_some_and(|w| w.eq_ignore_ascii_case("where")))?;
    let inner = text.get(tokens.get(at)?.end..)?.trim();
    Some(inner.strip_prefix('(').and_then(|i| i.strip_suffix(')')).unwrap_or(inner))
}

/// `FigureIndexColname`: a function's name, or a word for everything else.
fn expression_name(text: &str) -> String {
    let tokens = lex::tokens(text, 0..text.len());
    let (end, _) = key_end(&tokens);
    let call = end == tokens.len() && tokens.first().is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Quoted));
    let open = tokens.iter().position(|t| t.kind == Kind::Punct(b'('));
    let name = open.filter(|_| call).and_then(|at| tokens.get(at.checked_sub(1)?));
    let named = name.and_then(|t| names::identifier(t.kind, text.get(t.range())?));
    named.unwrap_or_else(|| "expr".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keys_as_postgres_does() {
        assert_eq!(expression_name("lower(email)"), "lower");
        assert_eq!(expression_name("pg_catalog.lower((email)::text)"), "lower");
        assert_eq!(expression_name("a || b"), "expr");
        assert_eq!(expression_name("lower(a) || b"), "expr");
    }

    #[test]
    fn finds_the_end_of_a_key() {
        let end = |text: &str| key_end(&lex::tokens(text, 0..text.len()));
        assert_eq!(end("email text_pattern_ops desc"), (1, true));
        assert_eq!(end("lower(email) desc"), (4, false));
        assert_eq!(end("(a -> 'b') nulls last"), (5, false));
        assert_eq!(end("x.f(a)"), (6, false));
    }
}
