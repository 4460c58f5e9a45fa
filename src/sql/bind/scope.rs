//! Which names are in sight: one level a query, the innermost last, and whole search paths.

use super::{Context, Scope};
use crate::model::QualifiedName;
use crate::sql::catalog::{Key, Table};
use crate::sql::tree::{ColumnRef, Expr, Node, OutputColumn, Source, SourceKind};
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

/// A query being bound.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// What its FROM shows so far.
    pub(super) items: Vec<Item>,
    /// All its items of FROM.
    pub(super) sources: Vec<Arc<Source>>,
    /// Its WITH so far.
    pub(super) ctes: Vec<CteEntry>,
    /// Whether its items are out of sight: a sub-select in FROM that is not LATERAL is being bound.
    pub(super) closed: bool,
    /// Whether an aggregate was seen.
    pub(super) aggregates: bool,
}

/// A query of WITH in sight.
#[derive(Debug, Clone)]
pub(super) struct CteEntry {
    pub(super) name: String,
    pub(super) columns: Vec<OutputColumn>,
    /// Whether it is being bound itself.
    pub(super) recursive: bool,
}

/// A name that FROM shows, with columns.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The alias or the relation's name; none for a join without alias.
    pub(super) name: Option<String>,
    /// The relation, if it has no alias.
    pub(super) relation: Option<QualifiedName>,
    /// Whether its columns are seen unqualified.
    pub(super) unqualified: bool,
    /// Its columns.
    pub(super) columns: Columns,
    /// The item's place in the sources; none for a join.
    pub(super) source: Option<usize>,
}

/// The columns of an item.
#[derive(Debug, Clone)]
pub(super) enum Columns {
    /// Those of a source, at its place.
    Of(Arc<Source>, usize),
    /// Those of a join.
    Listed(Vec<ItemColumn>),
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Of(source, _) => source.columns.len(),
            Self::Listed(columns) => columns.len(),
        }
    }

    pub(super) fn name(&self, place: usize) -> Option<&str> {
        match self {
            Self::Of(source, _) => source.columns.get(place).map(|c| c.name.as_str()),
            Self::Listed(columns) => columns.get(place).map(|c| c.name.as_str()),
        }
    }

    /// The places of the columns of that name.
    pub(super) fn places(&self, name: &str) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(move |place| self.name(*place) == Some(name))
    }

    /// What the column at a place is.
    pub(super) fn value(&self, place: usize) -> Option<Expr> {
        match self {
            Self::Of(source, at) => source.columns.get(place).map(|column| Expr {
                node: Node::Column(ColumnRef { up: 0, source: *at, column: Some(place), name: column.name.clone() }),
                data_type: column.data_type.clone(),
                range: 0..0,
            }),
            Self::Listed(columns) => columns.get(place).map(|c| c.value.clone()),
        }
    }

    /// All of them.
    pub(super) fn listed(&self) -> Vec<ItemColumn> {
        let one = |place| Some(ItemColumn { name: self.name(place)?.to_owned(), value: self.value(place)? });
        (0..self.len()).filter_map(one).collect()
    }
}

/// A column of an item.
#[derive(Debug, Clone)]
pub(super) struct ItemColumn {
    pub(super) name: String,
    pub(super) value: Expr,
}

impl Item {
    /// The column of that name, if there is just one.
    pub(super) fn only_column(&self, name: &str) -> Option<Expr> {
        let mut found = self.columns.places(name);
        found.next().filter(|_| found.next().is_none()).and_then(|place| self.columns.value(place))
    }
}

impl Level {
    /// The outermost level: what the scope gives.
    pub(super) fn of_scope(scope: &Scope) -> Self {
        let mut level = Self::default();
        for given in &scope.given {
            let relation = match &given.source.kind {
                SourceKind::Given { name, .. } => Some(name.clone()).filter(|_| given.unqualified),
                _ => None,
            };
            let mut item = level.add_shared(Arc::clone(&given.source), relation);
            item.unqualified = given.unqualified;
            level.items.push(item);
        }
        level
    }

    /// Adds a source and gives the item that shows it.
    pub(super) fn add(&mut self, source: Source, relation: Option<QualifiedName>) -> Item {
        self.add_shared(Arc::new(source), relation)
    }

    fn add_shared(&mut self, source: Arc<Source>, relation: Option<QualifiedName>) -> Item {
        let at = self.sources.len();
        let item = Item {
            name: Some(source.name.clone()),
            relation,
            unqualified: true,
            columns: Columns::Of(Arc::clone(&source), at),
            source: Some(at),
        };
        self.sources.push(source);
        item
    }

    /// The sources, which are no longer in sight.
    pub(super) fn take_sources(&mut self) -> Vec<Source> {
        self.items.clear();
        std::mem::take(&mut self.sources).into_iter().map(Arc::unwrap_or_clone).collect()
    }
}

/// The row of a relation as an item of FROM.
pub(super) fn row(table: Table, name: String) -> Source {
    Source {
        kind: SourceKind::Given { key: table.key, name: table.name, columns: table.keys },
        alias: None,
        name,
        columns: table.columns,
        renamed: 0,
        lateral: false,
        range: 0..0,
    }
}

impl Context<'_> {
    /// The innermost level.
    pub(super) fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        // There is always one: see above.
        #[expect(clippy::indexing_slicing, reason = "the list was just made non-empty")]
        &mut self.levels[last]
    }

    /// The schemas in which an unqualified name is looked for.
    pub(super) fn search_path(&self) -> Vec<&str> {
        let mut path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        if !path.contains(&"pg_catalog") {
            path.insert(0, "pg_catalog");
        }
        path
    }

    /// The schemas for relations and types, where temporary ones come first.
    pub(super) fn search_path_with_temporary(&self) -> Vec<&str> {
        let mut path = self.search_path();
        if !path.contains(&"pg_temp") {
            path.insert(0, "pg_temp");
        }
        path
    }

    /// A relation by name.
    pub(super) fn find_table(&self, schema: Option<&str>, name: &str) -> Option<Table> {
        match schema {
            Some(schema) => self.table_in(schema, name),
            None => self.search_path_with_temporary().into_iter().find_map(|s| self.table_in(s, name)),
        }
    }

    fn table_in(&self, schema: &str, name: &str) -> Option<Table> {
        if !matches!(schema, "pg_catalog" | "information_schema") {
            return self.catalog.relation(schema, name);
        }
        let (&(schema, name), columns) = crate::sql::builtin::facts().relations.get_key_value(&(schema, name))?;
        let columns = columns.iter().filter(|c| c.majors.contain(self.major)).zip(0..).map(|(column, key)| {
            crate::sql::catalog::TableColumn {
                key: Key(key),
                name: column.name.to_owned(),
                data_type: column.data_type.clone(),
            }
        });
        Some(Table::new(None, QualifiedName::new(schema, name), columns))
    }

    /// The keys of the relation and of each column behind an item of FROM.
    pub(super) fn keys_of(&self, level: usize, source: usize) -> Option<(Key, &[Key])> {
        match &self.levels.get(level)?.sources.get(source)?.kind {
            SourceKind::Relation { key: Some(key), columns, .. }
            | SourceKind::Given { key: Some(key), columns, .. } => Some((*key, columns)),
            _ => None,
        }
    }

    /// Notes that a text refers to the columns in an expression, which stands at a level.
    pub(super) fn refer_columns(&mut self, level: usize, value: &Expr, range: &Range<usize>) {
        match &value.node {
            Node::Column(column) => {
                let Some((relation, keys)) = self.keys_of(level, column.source) else { return };
                let target = match column.column {
                    Some(at) => keys.get(at).map(|key| super::Target::Column(relation, *key)),
                    None => Some(super::Target::Relation(relation)),
                };
                if let Some(target) = target {
                    self.refer(range, target);
                }
            }
            Node::Cast { operand, .. } => self.refer_columns(level, operand, range),
            Node::Choice(_, list) => list.iter().for_each(|e| self.refer_columns(level, e, range)),
            _ => {}
        }
    }
}

/// An expression of an item as seen from `up` queries below, at its place in the text.
pub(super) fn seen_from(value: &Expr, up: usize, range: &Range<usize>) -> Expr {
    let node = match &value.node {
        Node::Column(column) => Node::Column(ColumnRef { up: column.up + up, ..column.clone() }),
        Node::Cast { operand, method, implicit } => {
            Node::Cast { operand: Box::new(seen_from(operand, up, range)), method: method.clone(), implicit: *implicit }
        }
        Node::Choice(choice, list) => Node::Choice(*choice, list.iter().map(|e| seen_from(e, up, range)).collect()),
        other => other.clone(),
    };
    Expr { node, data_type: value.data_type.clone(), range: range.clone() }
}

/// The type of a whole row of a relation.
pub(super) fn row_type(name: &QualifiedName) -> Type {
    if name.schema == "pg_catalog" { Type::named(&crate::model::quote_ident(&name.name)) } else { Type::of(name) }
}
