//! Statements on rows, held against the catalog: the server refuses those that speak of what is not there.
//!
//! Rows matter little here, so this is asked only where a refusal matters: in the bodies of functions, which are refused
//! with them, and where nothing but the files makes the database.

use super::catalog::Id;
use super::catalog::object::IndexKey;
use super::run::{Result, Run, reject, state};
use crate::migrations::Name;
use crate::migrations::lex::{self, Kind};
use crate::migrations::names;
use crate::migrations::parse::data::Data;
use crate::migrations::parse::variables;
use crate::model::Identity;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::{Arbiter, Assigned, Insert, Inserted, Node, Source, SourceKind, Statement, Target};
use crate::sql::{ErrorKind, SqlError, Type};
use std::collections::BTreeSet;

/// Types for names, and how a name of nothing is refused.
const CASTS: [(&str, &str); 6] = [
    ("regclass", state::UNDEFINED_TABLE),
    ("regproc", state::UNDEFINED_FUNCTION),
    ("regprocedure", state::UNDEFINED_FUNCTION),
    ("regtype", state::UNDEFINED_OBJECT),
    ("regnamespace", state::UNDEFINED_SCHEMA),
    ("regrole", state::UNDEFINED_OBJECT),
];

/// What a statement gives back.
pub(super) enum Gives {
    Nothing,
    /// Rows, with these types of columns if they are known.
    Rows(Option<Vec<Type>>),
}

impl Run {
    /// Refuses a statement that speaks of what is not there. Without a scope it may speak of variables that nobody knows
    /// here, and only relations are looked for.
    pub(super) fn check_rows(&mut self, data: &Data, text: &str, scope: Option<&Scope>) -> Result<Gives> {
        for (_, name) in &data.writes {
            self.must_be_there(name)?;
        }
        if matches!(data.command.as_str(), "truncate" | "copy" | "call" | "explain" | "merge") {
            return Ok(Gives::Nothing);
        }
        let text = text.trim_end().trim_end_matches(';');
        let plain = if scope.is_none() { variables::without_into(text) } else { text.to_owned() };
        let path = self.path_names();
        let nothing = Scope::default();
        match Binder::new(&self.catalog, &path).rule_commands(&plain, scope.unwrap_or(&nothing)) {
            Ok(bound) => match bound.tree.last() {
                Some(statement) => self.may_assign(statement).map(|()| gives(statement)),
                None => Ok(Gives::Nothing),
            },
            Err(error) if scope.is_some() || self.surely_missing(&error, &plain) => {
                self.unbound(&error, &plain, None).map(|()| Gives::Rows(None))
            }
            Err(_) => Ok(Gives::Rows(None)),
        }
    }

    /// Refuses a relation that is not there, without making one of it.
    fn must_be_there(&mut self, name: &Name) -> Result {
        if self.find_relation(name).is_some() {
            return Ok(());
        }
        let written = name.to_string();
        let missing = SqlError {
            kind: ErrorKind::UnknownRelation,
            what: format!("relation `{written}` does not exist"),
            range: Some(0..written.len()),
        };
        self.unbound(&missing, &written, None)
    }

    /// Refuses values for columns that the server computes, and conflicts that no key tells.
    fn may_assign(&self, statement: &Statement) -> Result {
        match statement {
            Statement::Insert(insert) => {
                let columns = insert.columns.iter().enumerate().filter(|(at, _)| is_given(insert, *at));
                self.takes_values(
                    insert.sources.first(),
                    columns.map(|(_, place)| *place),
                    insert.overriding.is_none(),
                )?;
                self.has_arbiter(insert)
            }
            Statement::Update(update) => {
                let set = update.set.iter().filter(|a| !matches!(a.value, Assigned::Default));
                self.takes_values(update.sources.first(), set.flat_map(|a| a.columns.iter().copied()), true)
            }
            _ => Ok(()),
        }
    }

    fn takes_values(&self, goal: Option<&Source>, places: impl Iterator<Item = usize>, identity_too: bool) -> Result {
        let Some((relation, keys)) = goal.and_then(relation_of) else { return Ok(()) };
        let Some(row) = self.catalog.relations.get(relation) else { return Ok(()) };
        let columns = places.filter_map(|place| row.columns.get(*keys.get(place)?));
        let mut computed =
            columns.filter(|c| c.generated.is_some() || identity_too && c.identity == Some(Identity::Always));
        match computed.next() {
            Some(column) => reject("428C9", format!("column `{}` takes no value but DEFAULT", column.name)),
            None => Ok(()),
        }
    }

    /// `ON CONFLICT (columns)` wants a unique index on just these.
    fn has_arbiter(&self, insert: &Insert) -> Result {
        let Some((relation, places)) = insert.sources.first().and_then(relation_of) else { return Ok(()) };
        // A view has the indexes of its table.
        if self.catalog.relations.get(relation).is_none_or(|row| row.unknown || row.view.is_some()) {
            return Ok(());
        }
        let Some(Arbiter::Keys(keys, None)) = insert.conflict.as_ref().map(|c| &c.arbiter) else { return Ok(()) };
        let column = |node: &Node| match node {
            Node::Column(column) => places.get(column.column?).copied(),
            _ => None,
        };
        let wanted: Option<Vec<usize>> = keys.iter().map(|(key, ..)| column(&key.node)).collect();
        let Some(mut wanted) = wanted else { return Ok(()) };
        wanted.sort_unstable();
        wanted.dedup();
        let fits = |index: &super::catalog::object::Index| {
            let own = index.keys.iter().map(|key| match key {
                IndexKey::Column(place) => Some(*place),
                IndexKey::Expression(_) => None,
            });
            let own: Option<Vec<usize>> = own.collect();
            let same = own.is_some_and(|mut own| {
                own.sort_unstable();
                own == wanted
            });
            same && index.unique && index.predicate.is_none()
        };
        match self.catalog.indexes.parts(relation).any(|(_, index)| fits(index)) {
            true => Ok(()),
            false => reject("42P10", "no unique or exclusion constraint matches the columns of ON CONFLICT"),
        }
    }

    /// A query or a condition of a block, in which variables may stand for anything.
    pub(super) fn refused_query(&mut self, text: &str) -> Result {
        if self.strict == 0 {
            return Ok(());
        }
        self.refused_names(text)?;
        let (path, plain) = (self.path_names(), variables::without_into(text));
        match Binder::new(&self.catalog, &path).query(&plain, &Scope::default()) {
            Err(error) if self.surely_missing(&error, &plain) => self.unbound(&error, &plain, None),
            _ => Ok(()),
        }
    }

    /// Whether what is missed in a block is no variable: a relation, a column that is to be written, or a name alone that
    /// no block declares.
    fn surely_missing(&self, error: &SqlError, text: &str) -> bool {
        if is_relation(error) || is_target(error) {
            return true;
        }
        let word = error.range.clone().and_then(|range| text.get(range)).and_then(super::guards::spelled);
        let Some(Name { schema: None, name }) = word else { return false };
        let own = ["found", "sqlstate", "sqlerrm"].contains(&name.as_str());
        let declares = |names: &Option<BTreeSet<String>>| names.as_ref().is_none_or(|names| names.contains(&name));
        error.what.starts_with("no column `") && !own && !self.variables.iter().any(declares)
    }

    /// A literal that is cast to a type for names, `'public.f()'::regprocedure`, and names nothing.
    fn refused_names(&self, text: &str) -> Result {
        let tokens = lex::tokens(text, 0..text.len());
        let raw = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default();
        for (at, token) in tokens.iter().enumerate().filter(|(_, t)| matches!(t.kind, Kind::Text | Kind::Dollar)) {
            let to = raw(at + 2).to_ascii_lowercase();
            let state = CASTS.iter().find(|(name, _)| *name == to).map(|(_, state)| *state);
            let (Some(sqlstate), "::", false) = (state, raw(at + 1), raw(at + 3) == "[") else { continue };
            let name = names::literal(token.kind, raw(at)).unwrap_or_default();
            if self.names_nothing(&name, &to) {
                return reject(sqlstate, format!("`{name}` names no object"));
            }
        }
        Ok(())
    }

    /// A statement of which nothing here depends, such as ANALYZE, on a relation that is not there.
    pub(super) fn refused_mention(&mut self, words: &str) -> Result {
        let skipped = ["verbose", "full", "freeze", "table", "only", "concurrently", "nowait"];
        let of_relations = ["analyze", "analyse", "vacuum", "lock", "refresh materialized view"];
        if self.strict == 0 || !of_relations.contains(&words) {
            return Ok(());
        }
        let text = self.text_here();
        let rest = text.get(words.len()..).unwrap_or_default();
        for list in rest.split([';', ',']) {
            let word = list.split_whitespace().find(|word| !skipped.contains(&word.to_ascii_lowercase().as_str()));
            let name = word.and_then(|word| super::guards::spelled(word.split('(').next().unwrap_or_default()));
            if let Some(name) = name {
                self.relation(&name)?;
            }
        }
        Ok(())
    }

    /// A statement on rows as it stands in a file, where nothing but the files makes the database.
    pub(super) fn refused_rows(&mut self, data: &Data, in_block: bool) -> Result {
        // INTO makes a table there, and what it is made of is bound with it.
        if self.strict == 0 || data.creates.is_some() && !in_block {
            return Ok(());
        }
        let (text, scope) = (self.text_here(), Scope::default());
        self.check_rows(data, &text, Some(&scope).filter(|_| !in_block)).map(drop)
    }
}

fn gives(statement: &Statement) -> Gives {
    let types = |targets: &[Target]| match targets {
        [] => Gives::Nothing,
        some => Gives::Rows(Some(some.iter().map(|t| t.value.data_type.clone()).collect())),
    };
    match statement {
        Statement::Query(query) => Gives::Rows(Some(query.columns.iter().map(|c| c.data_type.clone()).collect())),
        Statement::Return(value) => Gives::Rows(Some(vec![value.data_type.clone()])),
        Statement::Insert(insert) => types(&insert.returning),
        Statement::Update(update) => types(&update.returning),
        Statement::Delete(delete) => types(&delete.returning),
        Statement::Nothing | Statement::Notify(..) => Gives::Nothing,
    }
}

/// Whether some row gives the column a value, and not DEFAULT.
fn is_given(insert: &Insert, at: usize) -> bool {
    match &insert.values {
        Inserted::Default => false,
        Inserted::Rows(rows) => rows.iter().any(|row| row.get(at).is_some_and(Option::is_some)),
        Inserted::Query(_) => true,
    }
}

/// The relation that is written, and the numbers of its columns.
fn relation_of(goal: &Source) -> Option<(Id, Vec<usize>)> {
    let SourceKind::Relation { key, columns, .. } = &goal.kind else { return None };
    let number = |key: &crate::sql::Key| usize::try_from(key.0).unwrap_or(usize::MAX);
    Some((super::bind::id(key.as_ref()?.0), columns.iter().map(number).collect()))
}

/// Whether it is a column that is to be written and is missed; no variable can stand there.
fn is_target(error: &SqlError) -> bool {
    error.kind == ErrorKind::UnknownColumn && error.what.starts_with("relation `")
}

/// Whether it is a relation that is missed, and no item of FROM, which may be a variable.
fn is_relation(error: &SqlError) -> bool {
    error.kind == ErrorKind::UnknownRelation && error.what.starts_with("no relation")
}
