//! Expressions and queries, with what their names were bound to when they were made.

use super::Address;
use crate::sql::print::Outside;
use crate::sql::tree::{Expr, Query, Statement};
use std::ops::Range;
use std::sync::Arc;

/// Text of an author, and the objects that it speaks of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Code {
    /// As written, or as a server printed it.
    pub(crate) text: String,
    /// What it depends on, in the order in which it is named.
    pub(crate) uses: Vec<Address>,
    /// Bytes of the text that name an object and have to follow it.
    pub(crate) names: Vec<(Range<usize>, Spot)>,
    /// What the binder made of it; then it is printed from here.
    pub(crate) tree: Option<Arc<Tree>>,
}

/// A bound text with what stood around it.
#[derive(Debug)]
pub(crate) enum Tree {
    Expression(Expr, Outside),
    Query(Query, Outside),
    /// The body `RETURN ..` of a function.
    Returned(Expr, Outside),
    /// The body `BEGIN ATOMIC .. END` of a function.
    Body(Vec<Statement>, Outside),
    /// The commands of a rule.
    Commands(Vec<Statement>, Outside),
}

/// What stands at a place of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A relation or type with its schema.
    Qualified(Address),
    /// A function with its schema.
    Function(Address),
    /// A name alone: a column, or a relation where it qualifies one.
    Plain(Address),
    /// A relation, within a literal.
    Quoted(Address),
}

impl Spot {
    pub(crate) fn address(self) -> Address {
        match self {
            Self::Qualified(a) | Self::Function(a) | Self::Plain(a) | Self::Quoted(a) => a,
        }
    }

    fn at(self, address: Address) -> Self {
        match self {
            Self::Qualified(_) => Self::Qualified(address),
            Self::Function(_) => Self::Function(address),
            Self::Plain(_) => Self::Plain(address),
            Self::Quoted(_) => Self::Quoted(address),
        }
    }
}

impl Code {
    /// Text that speaks of nothing that could be renamed or dropped.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn uses(&mut self, address: Address) {
        if !self.uses.contains(&address) {
            self.uses.push(address);
        }
    }

    /// The same with every object put into another's place.
    pub(crate) fn moved(&self, to: impl Fn(&Address) -> Address) -> Self {
        Self {
            text: self.text.clone(),
            uses: self.uses.iter().map(&to).collect(),
            names: self.names.iter().map(|(range, spot)| (range.clone(), spot.at(to(&spot.address())))).collect(),
            tree: self.tree.clone(),
        }
    }
}
