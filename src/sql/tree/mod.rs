//! Bound expressions and queries: every name is a column, a parameter, a function or an operator, every type is known and
//! every implicit cast is there.
//!
//! The tree is what Postgres' own analysis makes of the text. A column is named by how many queries up its item of FROM
//! stands (`up`), which item of [`Select::sources`] it is (`source`) and its place there.

mod place;
mod query;
pub(crate) mod walk;
mod write;

pub(crate) use place::walk_sources;
pub use place::{Place, walk, walk_at, walk_query, walk_query_at};
pub use query::*;
pub use write::*;

use super::catalog::Routine;
use super::types::Type;
use crate::model::QualifiedName;
use std::ops::Range;
use std::sync::Arc;

pub use super::ast::{Choice, JoinKind, SetOperation, Test};

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Its type.
    pub data_type: Type,
    /// The bytes that it was read from.
    pub range: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A constant in the input syntax of its type; `None` is NULL.
    Constant(Option<String>),
    /// A column.
    Column(ColumnRef),
    /// All columns of an item of FROM as one value.
    WholeRow {
        /// Queries up.
        up: usize,
        /// Item of FROM there.
        source: usize,
    },
    /// A parameter, by its place in [`Scope`](super::bind::Scope).
    Parameter(usize),
    /// A function, aggregate or window function.
    Call(Box<Call>),
    /// An operator with one operand or two.
    Operation(Arc<Operator>, Vec<Expr>),
    /// A cast to the type of the expression.
    Cast {
        /// What is cast.
        operand: Box<Expr>,
        /// How.
        method: CastMethod,
        /// Whether nobody wrote it.
        implicit: bool,
    },
    /// `AND`
    And(Vec<Expr>),
    /// `OR`
    Or(Vec<Expr>),
    /// `NOT`
    Not(Box<Expr>),
    /// `IS [NOT] ..`
    Is {
        /// What is tested.
        operand: Box<Expr>,
        /// For what.
        test: Test,
        /// `NOT`
        negated: bool,
    },
    /// `IS DISTINCT FROM`; with its equality operator.
    Distinct(Arc<Operator>, Box<Expr>, Box<Expr>),
    /// `left op ANY (array)` or `ALL`
    QuantifiedArray {
        /// `op`
        operator: Arc<Operator>,
        /// `ALL`
        all: bool,
        /// `left`
        left: Box<Expr>,
        /// The array.
        array: Box<Expr>,
    },
    /// `left op ANY (select ..)` or `ALL`, one operator a column; `IN` is `= ANY`.
    QuantifiedQuery {
        /// The operators.
        operators: Vec<Arc<Operator>>,
        /// `ALL`
        all: bool,
        /// The left sides.
        left: Vec<Expr>,
        /// The query.
        query: Box<Query>,
    },
    /// `EXISTS (select ..)`
    Exists(Box<Query>),
    /// `(select ..)`
    Scalar(Box<Query>),
    /// `ARRAY(select ..)`
    ArrayQuery(Box<Query>),
    /// `CASE`
    Case {
        /// `CASE x`, which branches refer to as [`Node::CaseOperand`].
        operand: Option<Box<Expr>>,
        /// Condition and value.
        branches: Vec<(Expr, Expr)>,
        /// `ELSE`, NULL if there was none.
        otherwise: Box<Expr>,
    },
    /// The operand of the innermost CASE.
    CaseOperand,
    /// `COALESCE`, `GREATEST`, `LEAST`
    Choice(Choice, Vec<Expr>),
    /// `NULLIF`, with its equality operator.
    NullIf(Arc<Operator>, Box<Expr>, Box<Expr>),
    /// `ARRAY[..]`
    Array(Vec<Expr>),
    /// `ROW(..)`
    Row(Vec<Expr>),
    /// `(a, b) op (c, d)`, one operator a column.
    RowComparison {
        /// The operators.
        operators: Vec<Arc<Operator>>,
        /// The left row.
        left: Vec<Expr>,
        /// The right row.
        right: Vec<Expr>,
    },
    /// `(x).field`
    Field(Box<Expr>, String),
    /// `x[i]`
    Subscript(Box<Expr>, Box<Expr>),
    /// `x[i:j]`
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `CURRENT_USER` and its kin, in small letters.
    Session(&'static str, Option<u32>),
    /// `x COLLATE c`
    Collate(Box<Expr>, QualifiedName),
    /// `GROUPING(..)`
    Grouping(Vec<Expr>),
}

/// A column of an item of FROM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// Queries up; the scope of the whole text is one above its query.
    pub up: usize,
    /// Item of FROM there.
    pub source: usize,
    /// The column's place there; `None` is a system column.
    pub column: Option<usize>,
    /// Its name.
    pub name: String,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub routine: Arc<Routine>,
    /// Its arguments as written.
    pub arguments: Vec<Expr>,
    /// The parameter of each argument; more arguments than parameters share a variadic one.
    pub places: Vec<usize>,
    /// The number of arguments given without a name.
    pub positional: usize,
    /// Whether the last argument is the array of a VARIADIC parameter.
    pub variadic: bool,
    /// `count(*)`
    pub star: bool,
    /// `DISTINCT`
    pub distinct: bool,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// `WITHIN GROUP`
    pub within_group: Vec<OrderBy>,
    /// `FILTER`
    pub filter: Option<Expr>,
    /// `OVER`
    pub over: Option<Window>,
    /// The grammar's own spelling (`EXTRACT(.. FROM ..)`).
    pub syntax: bool,
}

/// A window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its name in the WINDOW clause.
    pub name: Option<String>,
    /// Whether it extends the window of that name.
    pub extends: bool,
    /// `PARTITION BY`
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// The frame as written.
    pub frame: Option<String>,
}

/// An operator, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Its schema.
    pub schema: String,
    /// Its symbol.
    pub symbol: String,
    /// The left type; none of a prefix operator.
    pub left: Option<Type>,
    /// The right type.
    pub right: Type,
    /// What it gives.
    pub result: Type,
    /// The function behind it.
    pub function: String,
}

/// How a cast is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CastMethod {
    /// The bytes stay.
    Binary,
    /// By a function of `pg_catalog`.
    Function(String),
    /// By the text of one and the input function of the other.
    Text,
    /// Element by element.
    Array,
    /// A domain's constraints are checked.
    Domain,
    /// A row as another row type.
    Row,
    /// To the length, precision or scale of the modifier.
    Length,
}
