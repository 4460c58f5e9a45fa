//! Bound queries.

use super::{Expr, JoinKind, SetOperation, Window};
use crate::model::QualifiedName;
use crate::sql::catalog::Key;
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// `WITH`, in order.
    pub ctes: Vec<Cte>,
    /// `WITH RECURSIVE`
    pub recursive: bool,
    /// What it selects.
    pub body: Body,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// `LIMIT`
    pub limit: Option<Box<Expr>>,
    /// `OFFSET`
    pub offset: Option<Box<Expr>>,
    /// `FOR UPDATE` and its kin, which read as UPDATE for row security.
    pub locks: bool,
    /// Its columns.
    pub columns: Vec<OutputColumn>,
    /// The bytes that it was read from.
    pub range: Range<usize>,
}

/// A column of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: Type,
}

/// A query of WITH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cte {
    /// Its name.
    pub name: String,
    /// `[NOT] MATERIALIZED`
    pub materialized: Option<bool>,
    /// The names given to its columns.
    pub column_names: Vec<String>,
    /// The query, one level below the one it belongs to.
    pub query: Query,
}

/// What a query selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `SELECT`
    Select(Box<Select>),
    /// `VALUES`
    Values(Vec<Vec<Expr>>),
    /// `UNION` and its kin; both queries are one level below.
    Set {
        /// Which.
        operation: SetOperation,
        /// `ALL`
        all: bool,
        /// The left query.
        left: Box<Query>,
        /// The right query.
        right: Box<Query>,
    },
}

/// `SELECT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// `DISTINCT`, with the expressions of `DISTINCT ON`.
    pub distinct: Option<Vec<Expr>>,
    /// The list.
    pub targets: Vec<Target>,
    /// All items of FROM, in order.
    pub sources: Vec<Source>,
    /// How they are joined.
    pub from: Vec<FromItem>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `GROUP BY`
    pub group_by: Vec<Expr>,
    /// Whether it has grouping sets.
    pub grouping_sets: bool,
    /// GROUP BY as written, if it has.
    pub grouping_text: Option<String>,
    /// `HAVING`
    pub having: Option<Expr>,
    /// `WINDOW`
    pub windows: Vec<(String, Window)>,
    /// Whether it aggregates: a GROUP BY, HAVING or an aggregate of its own.
    pub aggregates: bool,
}

/// A value of the SELECT list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: Expr,
}

/// `ORDER BY`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub value: Expr,
    /// The place in the list that it is, if it is one.
    pub target: Option<usize>,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST` or `LAST`
    pub nulls_first: Option<bool>,
}

/// An item of FROM that has rows of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is.
    pub kind: SourceKind,
    /// The alias, if there is one.
    pub alias: Option<String>,
    /// The name by which its columns are called.
    pub name: String,
    /// Its columns, after aliases.
    pub columns: Arc<[OutputColumn]>,
    /// How many of them an alias has named.
    pub renamed: usize,
    /// `LATERAL`, or a function that reads items before it.
    pub lateral: bool,
    /// Its bytes.
    pub range: Range<usize>,
}

/// What an item of FROM is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A relation.
    Relation {
        /// Its key; none for those of `pg_catalog`.
        key: Option<Key>,
        /// Its name.
        name: QualifiedName,
        /// The key of each column.
        columns: Arc<[Key]>,
        /// `ONLY`
        only: bool,
        /// `TABLESAMPLE`
        sample: bool,
        /// What follows it, as written.
        sample_text: Option<String>,
    },
    /// A sub-select, one level below.
    Query(Box<Query>),
    /// A query of WITH.
    Cte {
        /// Queries up to the one whose WITH it is.
        up: usize,
        /// Its place there.
        place: usize,
        /// Its name.
        name: String,
        /// Whether it is the recursive reference inside its own query.
        recursive: bool,
    },
    /// Functions; their arguments are of this level.
    Functions {
        /// The calls.
        calls: Vec<Expr>,
        /// `WITH ORDINALITY`
        ordinality: bool,
        /// Whether a column is the whole result of the only function.
        scalar: bool,
        /// Whether columns were defined, for `record`.
        defined: bool,
    },
    /// A row given from outside: the row of a policy, NEW, OLD.
    Given {
        /// The relation's key.
        key: Option<Key>,
        /// The relation's name.
        name: QualifiedName,
        /// The key of each column.
        columns: Arc<[Key]>,
    },
}

/// How items are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromItem {
    /// One item.
    Source(usize),
    /// A join.
    Join {
        /// How.
        kind: JoinKind,
        /// The left side.
        left: Box<FromItem>,
        /// The right side.
        right: Box<FromItem>,
        /// The condition, of USING and NATURAL too.
        on: Option<Expr>,
        /// The columns of USING or NATURAL.
        using: Vec<String>,
        /// `NATURAL`
        natural: bool,
        /// The alias of the join.
        alias: Option<String>,
    },
}
