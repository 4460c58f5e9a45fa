//! How tables are partitioned, and which rows a partition holds.

/// How a table is partitioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartitionBy {
    pub(crate) strategy: Strategy,
    /// The key has no expressions.
    pub(crate) columns_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    List,
    Range,
    Hash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    Default,
    List(Vec<Datum>),
    Range(Vec<Datum>, Vec<Datum>),
    /// Modulus and remainder.
    Hash(u64, u64),
    Unknown,
}

/// A value of a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Datum {
    Least,
    Greatest,
    Null,
    Number(i128),
    Text(String),
    /// A date or time, in a form that sorts.
    Time(String),
    /// A literal of another type.
    Written(String),
    Unknown,
}
