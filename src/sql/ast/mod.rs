//! The syntax tree of expressions and queries: what Postgres' grammar reads, each node with its bytes.
//!
//! Names are folded and unescaped, operators keep their spelling; nothing is looked up yet.

mod query;
mod write;

pub use query::*;
pub use write::*;

use std::ops::Range;

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The identifier, folded.
    pub value: String,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A possibly qualified name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its words, at least one.
    pub parts: Vec<Part>,
}

impl Name {
    /// The last word.
    #[must_use]
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", |p| p.value.as_str())
    }

    /// The word before the last, if there are exactly two.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [schema, _] => Some(&schema.value),
            // `database.schema.name`
            [_, schema, _] => Some(&schema.value),
            _ => None,
        }
    }

    /// The bytes of all words.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let start = self.parts.first().map_or(0, |p| p.range.start);
        start..self.parts.last().map_or(start, |p| p.range.end)
    }
}

/// An operator as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The schema of `OPERATOR(schema.+)`.
    pub schema: Option<String>,
    /// Its symbol; `!=` is read as `<>`.
    pub symbol: String,
    /// Its bytes.
    pub range: Range<usize>,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its bytes, without parentheses around it.
    pub range: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Boolean(bool),
    /// A number as written.
    Number(String),
    /// A string constant, unescaped.
    Text(String),
    /// `B'..'` or `X'..'`: the letter and the digits.
    Bits(char, String),
    /// `$1`
    Parameter(usize),
    /// `a`, `a.b`, `a.b.c`
    Column(Name),
    /// `*` or `a.*`, in lists
    Star(Option<Name>),
    /// `(x).*`
    AllFields(Box<Expr>),
    /// `- x`
    Unary(Operator, Box<Expr>),
    /// `x + y`
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `x AND y AND ..`
    And(Vec<Expr>),
    /// `x OR y OR ..`
    Or(Vec<Expr>),
    /// `NOT x`
    Not(Box<Expr>),
    /// `x IS [NOT] test`
    Is {
        /// What is tested.
        operand: Box<Expr>,
        /// For what.
        test: Test,
        /// `NOT`
        negated: bool,
    },
    /// `x IS [NOT] DISTINCT FROM y`
    Distinct {
        /// `x`
        left: Box<Expr>,
        /// `y`
        right: Box<Expr>,
        /// `NOT`
        negated: bool,
    },
    /// `x [NOT] BETWEEN [SYMMETRIC] low AND high`
    Between {
        /// `x`
        operand: Box<Expr>,
        /// `low`
        low: Box<Expr>,
        /// `high`
        high: Box<Expr>,
        /// `NOT`
        negated: bool,
        /// `SYMMETRIC`
        symmetric: bool,
    },
    /// `x [NOT] IN (a, b)`
    InList {
        /// `x`
        operand: Box<Expr>,
        /// `a, b`
        list: Vec<Expr>,
        /// `NOT`
        negated: bool,
    },
    /// `x [NOT] IN (select ..)`
    InQuery {
        /// `x`
        operand: Box<Expr>,
        /// The sub-select.
        query: Box<Query>,
        /// `NOT`
        negated: bool,
    },
    /// `x op ANY (array)`, `x op ALL (array)`
    QuantifiedArray {
        /// `x`
        left: Box<Expr>,
        /// `op`
        operator: Operator,
        /// `ALL`
        all: bool,
        /// The array.
        array: Box<Expr>,
    },
    /// `x op ANY (select ..)`, `x op ALL (select ..)`
    QuantifiedQuery {
        /// `x`
        left: Box<Expr>,
        /// `op`
        operator: Operator,
        /// `ALL`
        all: bool,
        /// The sub-select.
        query: Box<Query>,
    },
    /// `x [NOT] LIKE pattern ESCAPE e` and its kin; without ESCAPE it is a [`ExprKind::Binary`].
    LikeEscape {
        /// `~~`, `!~~`, `~~*`, `!~~*`, `~`, `!~`
        operator: Operator,
        /// `x`
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape; SIMILAR TO may have none.
        escape: Option<Box<Expr>>,
        /// SIMILAR TO.
        similar: bool,
    },
    /// `CAST(x AS t)`, `x::t`, `t 'x'`
    Cast(Box<Expr>, TypeName),
    /// `x COLLATE c`
    Collate(Box<Expr>, Name),
    /// `f(..)`
    Call(Box<Call>),
    /// `CASE`
    Case {
        /// `CASE x`
        operand: Option<Box<Expr>>,
        /// `WHEN a THEN b`
        branches: Vec<(Expr, Expr)>,
        /// `ELSE`
        otherwise: Option<Box<Expr>>,
    },
    /// `COALESCE`, `GREATEST`, `LEAST`
    Select(Choice, Vec<Expr>),
    /// `NULLIF(x, y)`
    NullIf(Box<Expr>, Box<Expr>),
    /// `EXISTS (select ..)`
    Exists(Box<Query>),
    /// `(select ..)`
    Scalar(Box<Query>),
    /// `ARRAY(select ..)`
    ArrayQuery(Box<Query>),
    /// `ARRAY[..]`
    Array(Vec<Expr>),
    /// `ROW(..)`, `(a, b)`
    Row(Vec<Expr>),
    /// `(x).field`
    Field(Box<Expr>, Part),
    /// `x[i]`
    Subscript(Box<Expr>, Box<Expr>),
    /// `x[i:j]`
    Slice(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    /// `CURRENT_USER`, `CURRENT_TIMESTAMP(3)`, .. in small letters, with the precision.
    Session(&'static str, Option<u32>),
    /// `GROUPING(..)`
    Grouping(Vec<Expr>),
}

/// What `IS` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Test {
    Null,
    True,
    False,
    Unknown,
    Document,
    Normalized,
    Json,
}

/// Functions of the grammar that choose one of their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Choice {
    Coalesce,
    Greatest,
    Least,
}

/// A function call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<CallArgument>,
    /// `count(*)`
    pub star: bool,
    /// `VARIADIC` before the last argument.
    pub variadic: bool,
    /// `DISTINCT`
    pub distinct: bool,
    /// `ORDER BY` inside the parentheses.
    pub order_by: Vec<OrderBy>,
    /// `WITHIN GROUP (ORDER BY ..)`
    pub within_group: Vec<OrderBy>,
    /// `FILTER (WHERE ..)`
    pub filter: Option<Expr>,
    /// `OVER`
    pub over: Option<Window>,
    /// The grammar's own spelling (`EXTRACT`, `AT TIME ZONE`, ..), for which only `pg_catalog` is searched.
    pub syntax: bool,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallArgument {
    /// `name => `
    pub name: Option<Part>,
    /// The value.
    pub value: Expr,
}

/// A window: `OVER name` or `OVER (..)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The window it is or extends.
    pub name: Option<Part>,
    /// Whether it stands in parentheses, and so extends it.
    pub extends: bool,
    /// `PARTITION BY`
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`
    pub order_by: Vec<OrderBy>,
    /// The frame, as written.
    pub frame: Option<String>,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// Its name; the grammar's own spellings are already names of `pg_catalog`.
    pub name: Name,
    /// Its modifiers, as written, or the fields of an interval.
    pub modifier: Option<String>,
    /// Whether `[]` or `ARRAY` follows.
    pub array: bool,
    /// `SETOF`
    pub set: bool,
    /// `relation.column%TYPE` or `relation%ROWTYPE`, of which the name is all before `%`.
    pub copied: bool,
    /// Its bytes.
    pub range: Range<usize>,
}
