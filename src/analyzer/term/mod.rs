//! Terms: typed SQL expressions with every name bound, shared by structure.
//!
//! [`Terms`] is the arena. Its constructors are smart: they fold constants, drop what changes nothing under SQL's
//! three-valued logic, and desugar what people write (COALESCE, NULLIF, BETWEEN, IN lists) into a small core, so that
//! the stages behind see few forms. Equal terms have equal [`Id`]s.
//!
//! A term may only ever allow *more* than the SQL it stands for: what is not understood becomes an opaque term of its
//! own ([`Terms::opaque`]), which may have any value of its type and a new one in each row that it depends on.
//!
//! What counts as true everywhere (each is tested against the server):
//!
//! - A cast that fails reads as NULL. The server raises instead, which shows no row: for access that allows more, and
//!   for a declared rule it is the meaning that we give it.
//! - Text that a `uuid`, integer, `numeric`, boolean or enum prints reads back as the same value.
//! - `request.jwt.claims` is read as `jsonb`, whether the text says `json` or `jsonb`; unset and `''` have no claims.

mod builtin;
mod call;
mod compare;
mod decimal;
mod function;
mod inspect;
mod instant;
mod json;
pub(crate) mod like;
mod logic;
mod pattern;
mod polarity;
mod print;
mod query;
mod raise;
mod rewrite;
mod types;
mod value;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use builtin::{NoResult, apply, cast};
pub use call::Function;
pub use decimal::Decimal;
pub use function::is_modelled;
pub(crate) use function::never_raises;
pub use json::Json;
pub use query::{Pick, Query};
pub(crate) use rewrite::{Key, Write};
pub use types::{EnumType, Family, Type};
pub(crate) use value::in_range;
pub use value::{NoValue, Value};

use crate::model::QualifiedName;

/// The setting that holds the session's JWT claims as JSON.
pub const CLAIMS: &str = "request.jwt.claims";

/// A term of one [`Terms`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u32);

/// A row variable of one [`Terms`]: it stands for one row of its relation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(u32);

/// One term.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
    /// NULL.
    Null,
    /// A constant.
    Literal(Value),
    /// A column of the row that a row variable stands for.
    Column(Row, Arc<str>),
    /// The claim at a path of object keys: as text (`->>`, `#>>`) or as `jsonb` (`->`, `#>`). The empty path is the
    /// whole of the claims.
    Claim(Arc<[Arc<str>]>, Access),
    /// A setting of the session, NULL if unset (`current_setting(name, true)`), by its lower-case name.
    Setting(Arc<str>),
    /// A function of its arguments.
    Call(Arc<Function>, Box<[Id]>),
    /// `=`, of types for which it is an equivalence.
    Equal(Id, Id),
    /// `<`, of types for which it is a total order.
    Less(Id, Id),
    /// `<=`, likewise.
    LessEqual(Id, Id),
    /// `IS NULL`.
    IsNull(Id),
    /// `IS NOT DISTINCT FROM`.
    NotDistinct(Id, Id),
    /// `IS TRUE`.
    IsTrue(Id),
    /// NOT.
    Not(Id),
    /// AND of two or more.
    And(Box<[Id]>),
    /// OR of two or more.
    Or(Box<[Id]>),
    /// EXISTS.
    Exists(Query),
    /// TRUE if the projection, a boolean, is TRUE in a row of the query; else NULL if it is NULL in one; else FALSE.
    /// `x IN (select y ...)` is that with the projection `x = y`.
    Any(Query),
    /// A sub-select as a value: NULL without a row.
    Scalar(Box<[Query]>, Pick),
    /// Whether the sub-selects together have more than one row.
    Many(Box<[Query]>),
    /// Whether evaluating the first raises an error; the second says when, as far as terms can.
    Raises(Id, Id),
    /// The value of the first branch whose condition is TRUE, or the last.
    Case(Box<[(Id, Id)]>, Id),
    /// The second, after the first was evaluated, which may raise an error.
    Behind(Id, Id),
    /// Something that is not understood; the number is an identity of its own.
    Opaque(u32),
}

/// How a claim is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// `->>`: text.
    Text,
    /// `->`: `jsonb`.
    Json,
}

/// What a row variable ranges over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowInfo {
    /// The relation.
    pub relation: Arc<QualifiedName>,
    /// The alias it is shown under.
    pub alias: Arc<str>,
    /// For a set of rows that is no stored relation: why nothing is known of it. Equal `relation`s are the same set.
    pub unknown: Option<Arc<str>>,
}

/// What is kept of an opaque term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaqueInfo {
    /// What was not understood, for people.
    pub reason: Arc<str>,
    /// The row variables that its value may depend on.
    pub depends: Arc<[Row]>,
}

/// The arena of terms. Ids and rows are only meaningful in the arena that made them.
#[derive(Debug, Default)]
pub struct Terms {
    nodes: Vec<Node>,
    index: FxHashMap<(Term, Type), Id>,
    rows: Vec<RowInfo>,
    opaques: Vec<OpaqueInfo>,
    /// When terms raise errors.
    raising: HashMap<(Id, raise::Order), Id>,
}

#[derive(Debug)]
struct Node {
    term: Term,
    data_type: Type,
    never_null: bool,
    /// The row variables that are free in it, sorted.
    free: Arc<[Row]>,
    /// How many terms it is made of.
    size: u32,
}

impl Terms {
    /// An empty arena.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The term.
    #[must_use]
    pub fn term(&self, id: Id) -> &Term {
        self.node(id).map_or(&Term::Null, |n| &n.term)
    }

    /// Its type.
    #[must_use]
    pub fn type_of(&self, id: Id) -> &Type {
        self.node(id).map_or(&Type::Bool, |n| &n.data_type)
    }

    /// Whether it is never NULL, as far as its form tells.
    #[must_use]
    pub fn is_never_null(&self, id: Id) -> bool {
        self.node(id).is_some_and(|n| n.never_null)
    }

    /// The row variables that are free in it, sorted.
    #[must_use]
    pub fn free_rows(&self, id: Id) -> Arc<[Row]> {
        self.node(id).map_or_else(|| Arc::from([]), |n| n.free.clone())
    }

    /// How many terms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(usize::try_from(id.0).ok()?)
    }

    /// A new row variable over a stored relation: a subject row, or an item of a FROM list.
    pub fn row(&mut self, relation: &QualifiedName, alias: &str) -> Row {
        self.add_row(RowInfo { relation: Arc::new(relation.clone()), alias: alias.into(), unknown: None })
    }

    /// A new row variable over a set of rows of which nothing is known (a set-returning function that is not
    /// understood, called with arguments that no row decides). Variables of the same `key` range over the same set.
    pub fn unknown_row(&mut self, key: &str, alias: &str, reason: &str) -> Row {
        let relation = Arc::new(QualifiedName::new("", key));
        self.add_row(RowInfo { relation, alias: alias.into(), unknown: Some(reason.into()) })
    }

    fn add_row(&mut self, info: RowInfo) -> Row {
        self.rows.push(info);
        Row(u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX))
    }

    /// What a row variable ranges over.
    #[must_use]
    pub fn row_info(&self, row: Row) -> Option<&RowInfo> {
        self.rows.get(usize::try_from(row.0).ok()?)
    }

    /// All row variables that were made.
    pub fn rows(&self) -> impl Iterator<Item = &RowInfo> {
        self.rows.iter()
    }

    /// What is kept of an opaque term by its number.
    #[must_use]
    pub fn opaque_info(&self, opaque: u32) -> Option<&OpaqueInfo> {
        self.opaques.get(usize::try_from(opaque).ok()?)
    }

    /// The column of a row. `nullable` is false only where the server enforces NOT NULL on all rows; a text column of
    /// a nondeterministic collation has the type `Type::Other`.
    pub fn column(&mut self, row: Row, name: &str, data_type: Type, nullable: bool) -> Id {
        self.intern(Term::Column(row, name.into()), data_type, !nullable)
    }

    /// A setting that is NULL when unset: `current_setting(name, true)`. The one-argument form raises instead.
    pub fn setting(&mut self, name: &str) -> Id {
        self.intern(Term::Setting(name.to_ascii_lowercase().into()), Type::Text, false)
    }

    /// Something that is not understood: any value of the type, NULL included, and a new one for each combination of
    /// the rows of `depends`. In doubt these are all rows in scope. Each call gives a term of its own.
    pub fn opaque(&mut self, reason: &str, data_type: Type, depends: &[Row]) -> Id {
        let mut depends = depends.to_vec();
        depends.sort_unstable();
        depends.dedup();
        self.opaques.push(OpaqueInfo { reason: reason.into(), depends: depends.into() });
        let number = u32::try_from(self.opaques.len() - 1).unwrap_or(u32::MAX);
        self.intern(Term::Opaque(number), data_type, false)
    }

    fn intern(&mut self, term: Term, data_type: Type, never_null: bool) -> Id {
        let key = (term, data_type);
        if let Some(known) = self.index.get(&key) {
            return *known;
        }
        let (free, size) = (self.free_of(&key.0), self.size_of(&key.0));
        let id = Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { term: key.0.clone(), data_type: key.1.clone(), never_null, free, size });
        self.index.insert(key, id);
        id
    }

    /// How many terms it is made of, those that stand several times counted as often.
    #[must_use]
    pub fn size(&self, id: Id) -> u32 {
        self.node(id).map_or(0, |n| n.size)
    }

    fn size_of(&self, term: &Term) -> u32 {
        let mut size = 1_u32;
        term.operands(|id| size = size.saturating_add(self.size(id)));
        for query in term.queries() {
            size = size.saturating_add(self.size(query.condition)).saturating_add(self.size(query.projection));
        }
        size
    }

    fn free_of(&self, term: &Term) -> Arc<[Row]> {
        let mut free = Vec::new();
        match term {
            Term::Column(row, _) => free.push(*row),
            Term::Opaque(number) => free.extend(self.opaque_info(*number).iter().flat_map(|o| o.depends.iter())),
            _ => {}
        }
        for query in term.queries() {
            for part in [query.condition, query.projection] {
                free.extend(self.free_rows(part).iter().filter(|r| !query.rows.contains(r)));
            }
        }
        term.operands(|id| free.extend(self.free_rows(id).iter()));
        free.sort_unstable();
        free.dedup();
        free.into()
    }
}

impl Term {
    /// The sub-selects directly in it.
    #[must_use]
    pub fn queries(&self) -> &[Query] {
        match self {
            Self::Exists(query) | Self::Any(query) => std::slice::from_ref(query),
            Self::Scalar(queries, _) | Self::Many(queries) => queries,
            _ => &[],
        }
    }

    /// Visits the operands directly in it, those inside sub-selects left out.
    pub fn operands(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::Call(_, all) | Self::And(all) | Self::Or(all) => all.iter().copied().for_each(visit),
            Self::Equal(a, b)
            | Self::Less(a, b)
            | Self::LessEqual(a, b)
            | Self::NotDistinct(a, b)
            | Self::Behind(a, b)
            | Self::Raises(a, b) => {
                visit(*a);
                visit(*b);
            }
            Self::IsNull(a) | Self::IsTrue(a) | Self::Not(a) => visit(*a),
            Self::Case(branches, otherwise) => {
                for (condition, value) in branches {
                    visit(*condition);
                    visit(*value);
                }
                visit(*otherwise);
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t{}", self.0)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

#[cfg(test)]
mod tests;
