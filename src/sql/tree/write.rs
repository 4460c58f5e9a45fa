//! Bound statements that write rows, and what else rules and bodies of functions run.
//!
//! The relation that is written is the first source of its statement, whose level stands one below what is given from
//! outside; `excluded` is another.

use super::{Cte, Expr, FromItem, Query, Source, Target};
use crate::model::QualifiedName;

pub use crate::sql::ast::{Assigned, Inserted, Overriding};

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
    Notify(String, Option<String>),
}

/// `INSERT`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// `WITH`, and whether it is recursive.
    pub with: (Vec<Cte>, bool),
    /// The relation and `excluded`.
    pub sources: Vec<Source>,
    /// The places of the columns that get values.
    pub columns: Vec<usize>,
    /// `OVERRIDING`
    pub overriding: Option<Overriding>,
    /// What is inserted.
    pub values: Inserted<Expr, Query>,
    /// `ON CONFLICT`
    pub conflict: Option<Conflict>,
    /// `RETURNING`
    pub returning: Vec<Target>,
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
    /// Those of a unique index over these keys, each with its collation and operator class, and its predicate.
    Keys(Vec<(Expr, Option<QualifiedName>, Option<QualifiedName>)>, Option<Expr>),
    /// `ON CONSTRAINT`
    Constraint(String),
}

/// An item of SET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The places of the columns.
    pub columns: Vec<usize>,
    /// What they get.
    pub value: Assigned<Expr, Query>,
}

/// `UPDATE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// `WITH`, and whether it is recursive.
    pub with: (Vec<Cte>, bool),
    /// The relation, and all items of FROM.
    pub sources: Vec<Source>,
    /// `SET`
    pub set: Vec<Assignment>,
    /// `FROM`
    pub from: Vec<FromItem>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `RETURNING`
    pub returning: Vec<Target>,
}

/// `DELETE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// `WITH`, and whether it is recursive.
    pub with: (Vec<Cte>, bool),
    /// The relation, and all items of USING.
    pub sources: Vec<Source>,
    /// `USING`
    pub using: Vec<FromItem>,
    /// `WHERE`
    pub filter: Option<Expr>,
    /// `RETURNING`
    pub returning: Vec<Target>,
}
