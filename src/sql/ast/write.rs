//! The syntax tree of statements that write rows, and of what else rules and bodies of functions run.

use super::{Cte, Expr, From, Name, Part, Query, Target};

/// A statement of a rule or of a function's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// `SELECT`, `VALUES`
    Query(Box<Query>),
    /// `RETURN`
    Return(Expr),
    /// `INSERT`
    Insert(Box<Insert>),
    /// `UPDATE`
    Update(Box<Update>),
    /// `DELETE`
    Delete(Box<Delete>),
    /// `NOTHING`
    Nothing,
    /// `NOTIFY`, with its payload.
    Notify(Part, Option<String>),
}

/// `WITH`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct With {
    /// Its queries.
    pub ctes: Vec<Cte>,
    /// `RECURSIVE`
    pub recursive: bool,
}

/// The relation that a statement writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: Name,
    /// Its alias.
    pub alias: Option<Part>,
    /// `ONLY`
    pub only: bool,
}

/// `INSERT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// `WITH`
    pub with: With,
    /// The relation.
    pub into: Written,
    /// The columns; all if none is named.
    pub columns: Vec<Part>,
    /// `OVERRIDING`
    pub overriding: Option<Overriding>,
    /// What is inserted.
    pub values: Inserted<Expr, Query>,
    /// `ON CONFLICT`
    pub conflict: Option<Conflict>,
    /// `RETURNING`
    pub returning: Vec<Target>,
}

/// `OVERRIDING SYSTEM VALUE`, `OVERRIDING USER VALUE`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Overriding {
    System,
    User,
}

/// The rows of an INSERT, of syntax or bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted<E, Q> {
    /// `DEFAULT VALUES`
    Default,
    /// `VALUES`; `None` is `DEFAULT`.
    Rows(Vec<Vec<Option<E>>>),
    /// A query.
    Query(Box<Q>),
}

/// `ON CONFLICT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which conflicts.
    pub arbiter: Arbiter,
    /// `DO UPDATE SET .. WHERE ..`; else `DO NOTHING`.
    pub update: Option<(Vec<Assignment>, Option<Expr>)>,
}

/// Which conflicts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arbiter {
    /// Any.
    Any,
    /// Those of a unique index over these keys, and its predicate.
    Keys(Vec<ArbiterKey>, Option<Expr>),
    /// `ON CONSTRAINT`
    Constraint(Part),
}

/// A key of the index that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArbiterKey {
    /// The column or expression.
    pub value: Expr,
    /// `COLLATE`
    pub collation: Option<Name>,
    /// The operator class.
    pub class: Option<Name>,
}

/// An item of SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The column; several for `(a, b) = (select ..)`.
    pub columns: Vec<Part>,
    /// What it gets.
    pub value: Assigned<Expr, Query>,
}

/// What a column is set to, of syntax or bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned<E, Q> {
    /// `DEFAULT`
    Default,
    /// A value.
    Value(E),
    /// The one row of a query, for several columns.
    Row(Box<Q>),
}

/// `UPDATE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// `WITH`
    pub with: With,
    /// The relation.
    pub relation: Written,
    /// `SET`
    pub set: Vec<Assignment>,
    /// `FROM`
    pub from: Vec<From>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `RETURNING`
    pub returning: Vec<Target>,
}

/// `DELETE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// `WITH`
    pub with: With,
    /// The relation.
    pub relation: Written,
    /// `USING`
    pub using: Vec<From>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `RETURNING`
    pub returning: Vec<Target>,
}
