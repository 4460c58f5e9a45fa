//! The syntax tree of queries.

use super::{Expr, Name, Operator, Part, TypeName, Window};
use std::ops::Range;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// `WITH`
    pub ctes: Vec<Cte>,
    /// `WITH RECURSIVE`
    pub recursive: bool,
    /// What it selects.
    pub body: Body,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// `LIMIT`, `FETCH FIRST`
    pub limit: Option<Expr>,
    /// `OFFSET`
    pub offset: Option<Expr>,
    /// `FOR UPDATE` and its kin.
    pub locks: bool,
    /// Its bytes.
    pub range: Range<usize>,
}

/// One query of `WITH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cte {
    /// Its name.
    pub name: Part,
    /// Names of its columns.
    pub columns: Vec<Part>,
    /// `[NOT] MATERIALIZED`
    pub materialized: Option<bool>,
    /// The query.
    pub query: Query,
}

/// What a query selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// `SELECT`
    Select(Box<Select>),
    /// `VALUES`
    Values(Vec<Vec<Expr>>),
    /// `UNION` and its kin.
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

/// How two queries are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum SetOperation {
    Union,
    Intersect,
    Except,
}

/// `SELECT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// `DISTINCT`, with the expressions of `DISTINCT ON`.
    pub distinct: Option<Vec<Expr>>,
    /// The list.
    pub targets: Vec<Target>,
    /// `FROM`
    pub from: Vec<From>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `GROUP BY`, grouping sets flattened.
    pub group_by: Vec<Expr>,
    /// Whether grouping sets, CUBE or ROLLUP are among them.
    pub grouping_sets: bool,
    /// The clause as written, if they are.
    pub grouping_text: Option<String>,
    /// `HAVING`
    pub having: Option<Expr>,
    /// `WINDOW`
    pub windows: Vec<(Part, Window)>,
}

/// An item of the SELECT list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The value.
    pub value: Expr,
    /// `AS`
    pub alias: Option<Part>,
}

/// `ORDER BY`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub value: Expr,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST` or `LAST`
    pub nulls_first: Option<bool>,
    /// `USING op`
    pub using: Option<Operator>,
}

/// An item of FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// What it is.
    pub kind: FromKind,
    /// Its alias.
    pub alias: Option<Alias>,
    /// `LATERAL`
    pub lateral: bool,
    /// Its bytes.
    pub range: Range<usize>,
}

/// What an item of FROM is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromKind {
    /// `[ONLY] name [TABLESAMPLE ..]`
    Relation {
        /// The relation or CTE.
        name: Name,
        /// `ONLY`
        only: bool,
        /// `TABLESAMPLE`, as written.
        sample: Option<String>,
    },
    /// `(select ..)`
    Query(Box<Query>),
    /// `f(..)` or `ROWS FROM (..)`, with column definitions.
    Functions {
        /// The calls.
        calls: Vec<(Expr, Vec<(Part, TypeName)>)>,
        /// `WITH ORDINALITY`
        ordinality: bool,
    },
    /// A join.
    Join {
        /// How.
        kind: JoinKind,
        /// The left side.
        left: Box<From>,
        /// The right side.
        right: Box<From>,
        /// On what.
        on: Condition,
    },
}

/// Names given to an item of FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Its name.
    pub name: Part,
    /// Names of its columns.
    pub columns: Vec<Part>,
}

/// How two items are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

/// What a join demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing (CROSS).
    None,
    /// `ON`
    On(Expr),
    /// `USING (..)`, with the alias of the merged columns.
    Using(Vec<Part>, Option<Part>),
    /// `NATURAL`
    Natural,
}
