//! Resolution: bound SQL as terms, sub-selects with the row security of what they read.
//!
//! Names are bound by [`crate::sql`]. What has no counterpart among terms becomes an opaque term over all rows in scope
//! with the reason, so that nothing is assumed of it.

mod call;
mod expression;
mod from;
mod function;
mod gather;
mod integrity;
mod operator;
mod partition;
mod policy;
mod privilege;
mod query;
mod relation;
mod settled;
mod shown;
mod value;
mod world;

pub(crate) use partition::tells_rows;
pub(crate) use query::Branch;
pub(crate) use shown::{Showing, Way};

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::bindings::Bindings;
use super::decide::{Assumption, Caller};
use super::effective::Effective;
use super::inline;
use super::term::{Id, Row, Terms, Type};
use crate::model::{Command, FunctionId, Policy, QualifiedName, Relation, Schema};
use crate::sql::{self, SchemaCatalog};

/// As whom an expression is evaluated, as far as row security goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rights {
    /// A role.
    Role(String),
    /// Whoever row security does not bind.
    Everything,
    /// Anyone: which rows a relation with row security shows is not known.
    Anyone,
}

/// In words, behind a function.
impl std::fmt::Display for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(role) => write!(f, "as {}", crate::model::printable(role)),
            Self::Everything => f.write_str("past row security"),
            Self::Anyone => f.write_str("as anyone"),
        }
    }
}

/// What an item of FROM gives the columns that refer to it.
#[derive(Debug, Clone)]
enum Binding {
    /// A row of a relation, by its place in the model.
    Row(Row, usize),
    /// Columns of its own.
    Columns(Vec<Id>),
}

/// A call: the function, its arguments, as whom relations are read and as whom functions run.
type Inlined = (FunctionId, Vec<Id>, Rights, Rights);

/// A write through a view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ThroughView {
    /// What is done.
    pub(crate) command: Command,
    /// The expression of a policy that counts for the row in question.
    pub(crate) pick: fn(&Policy) -> Option<&str>,
    /// Whether the statement reads columns.
    pub(crate) reads: bool,
}

/// The items of FROM of one query.
type Level = Vec<Binding>;

/// What stands in the way of a term; the reason is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Obstacle(String);

type Outcome<T> = Result<T, Obstacle>;

fn obstacle<T>(reason: impl Into<String>) -> Outcome<T> {
    Err(Obstacle(reason.into()))
}

/// Behind the name of a text type whose `=` is not identity.
const COLLATE: &str = " collate";

/// How deep functions, views and policies may lie in each other.
const DEPTH: usize = 12;

/// How many expressions all conditions of a resolver may come to, with what they call read in their place.
const MOST: usize = 100_000;

/// How many a single body may come to.
const MOST_OF_BODY: usize = 5_000;

/// Resolves text against a schema model into one arena of terms.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    schema: &'a Schema,
    catalog: SchemaCatalog<'a>,
    effective: Option<&'a Effective<'a>>,
    bindings: &'a Bindings<'a>,
    pub(crate) terms: Terms,
    /// As whom relations are read.
    rights: Rights,
    /// As whom functions run: inside a view that is still the caller.
    user: Rights,
    levels: Vec<Level>,
    parameters: Vec<Id>,
    /// The body that is being read, whose parameters and steps these are.
    body: Option<Arc<inline::Body>>,
    /// The WITH queries in scope, by level, as they were bound.
    ctes: Vec<Vec<sql::tree::Cte>>,
    case_operands: Vec<Id>,
    /// Queries of aggregates without GROUP BY whose lists are being read, each with how deep it lies.
    groups: Vec<(usize, sql::tree::Select)>,
    /// All row variables in scope.
    scope: Vec<Row>,
    /// Bodies that were inlined, by function, arguments and rights.
    bodies: BTreeMap<Inlined, Outcome<Id>>,
    /// What is being inlined, outermost first.
    inside: Vec<String>,
    /// Whether a function that returns rows stood where a value was wanted: it multiplies the rows of its query.
    multiplies: bool,
    /// Whether a whole condition could not be read.
    pub(crate) failed: bool,
    /// The role that asks.
    asker: Option<String>,
    /// Whether a function changes settings while conditions are evaluated.
    unsettled: bool,
    /// Whether a function of the application's was called.
    called: bool,
    /// How many things were met that are not understood and may give another value each time.
    varying: usize,
    /// How statements reach the database.
    pub(crate) caller: Caller,
    /// What reading has assumed.
    pub(crate) assumed: BTreeSet<Assumption>,
    /// Another model of the same database: only what both guarantee is assumed.
    pub(crate) also: Option<&'a Schema>,
    /// A relation whose policies call for themselves.
    pub(crate) recursion: Option<QualifiedName>,
    /// A relation that policies read, outside of functions, without the privilege to.
    pub(crate) denied: Option<QualifiedName>,
    /// A write whose target is the first table that is read from now on: its policies take the place of those of SELECT.
    write: Option<ThroughView>,
    /// The target that was met, and what its policies demand.
    written: Option<(Row, Id)>,
    /// Rows that are like another but for some columns.
    variants: HashMap<Row, (Row, Vec<String>)>,
    /// How many expressions were read.
    read: usize,
    /// With how many what is being read is given up.
    most: usize,
}

impl<'a> Resolver<'a> {
    /// A resolver as `rights`.
    pub(crate) fn new(effective: &'a Effective<'a>, rights: Rights) -> Self {
        let blind = Self::blind(effective.bindings());
        let asker = if let Rights::Role(role) = &rights { Some(role.clone()) } else { None };
        Self { effective: Some(effective), user: rights.clone(), rights, asker, ..blind }
    }

    /// A resolver as anyone, which knows nothing of row security.
    pub(crate) fn blind(bindings: &'a Bindings<'a>) -> Self {
        let schema = bindings.schema();
        Self {
            schema,
            catalog: SchemaCatalog::new(schema),
            effective: None,
            bindings,
            terms: Terms::new(),
            rights: Rights::Anyone,
            user: Rights::Anyone,
            levels: Vec::new(),
            parameters: Vec::new(),
            body: None,
            ctes: Vec::new(),
            case_operands: Vec::new(),
            groups: Vec::new(),
            scope: Vec::new(),
            bodies: BTreeMap::new(),
            inside: Vec::new(),
            multiplies: false,
            failed: false,
            asker: None,
            unsettled: false,
            called: false,
            varying: 0,
            caller: Caller::DataApi,
            assumed: BTreeSet::new(),
            also: None,
            recursion: None,
            denied: None,
            write: None,
            written: None,
            variants: HashMap::new(),
            read: 0,
            most: MOST,
        }
    }

    /// A condition over a row of `relation`, as the catalog prints it: under an empty `search_path`.
    pub(crate) fn condition(&mut self, text: &str, relation: &Relation, row: Row) -> Id {
        match self.bind_condition(text, relation, row) {
            Ok(_) if self.unsettled => self.terms.opaque("settings that a function changes", Type::Bool, &[row]),
            Ok(id) => id,
            Err(Obstacle(reason)) => {
                self.failed = true;
                self.varying += 1;
                self.terms.opaque(&reason, Type::Bool, &[row])
            }
        }
    }

    /// From now on `row` has its columns in common with `other`, but for some.
    pub(crate) fn vary(&mut self, row: Row, other: Row, but: &[&str]) {
        self.variants.insert(row, (other, but.iter().map(|c| (*c).to_owned()).collect()));
    }

    /// Evaluates what comes as `rights`, and tells as whom it was before.
    pub(crate) fn set_rights(&mut self, rights: Rights) -> Rights {
        self.user = rights.clone();
        std::mem::replace(&mut self.rights, rights)
    }

    /// A condition that is bound already: the relation's row is the only source of its outermost level.
    pub(crate) fn bound_condition(&mut self, tree: &sql::tree::Expr, relation: &Relation, row: Row) -> Id {
        match self.place_of(&relation.name) {
            Ok(place) => self.with_row(row, place, |this| this.expression(tree)),
            Err(Obstacle(reason)) => self.terms.opaque(&reason, Type::Bool, &[row]),
        }
    }

    fn bind_condition(&mut self, text: &str, relation: &Relation, row: Row) -> Outcome<Id> {
        self.goes_on()?;
        let place = self.place_of(&relation.name)?;
        let bound = self.bindings.condition(&relation.name, text);
        let tree = bound.as_ref().as_ref().map_err(|reason| Obstacle(reason.clone()))?;
        Ok(self.with_row(row, place, |this| this.expression(tree)))
    }

    /// Does something in a text of its own that sees one row.
    fn with_row<T>(&mut self, row: Row, place: usize, what: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.levels, vec![vec![Binding::Row(row, place)]]);
        let (ctes, parameters) = (std::mem::take(&mut self.ctes), std::mem::take(&mut self.parameters));
        self.ctes.push(Vec::new());
        self.scope.push(row);
        let result = what(self);
        self.scope.pop();
        (self.levels, self.ctes, self.parameters) = (outer, ctes, parameters);
        result
    }

    fn place_of(&self, name: &QualifiedName) -> Outcome<usize> {
        let place = self.schema.relations.binary_search_by(|r| r.name.cmp(name));
        place.map_err(|_| Obstacle(format!("{name}, which is not known")))
    }

    /// The relation of that name.
    pub(crate) fn relation_named(&self, name: &QualifiedName) -> Option<&'a Relation> {
        self.schema.relation(name)
    }

    fn relation_at(&self, place: usize) -> Option<&'a Relation> {
        self.schema.relations.get(place)
    }

    /// The type that terms carry for one of SQL's.
    fn data_type(&self, data_type: &sql::Type) -> Type {
        Type::named(data_type.name(), self.schema)
    }

    /// The type of what is computed from values: text of a nondeterministic collation stays that.
    fn derived(&self, args: &[Id], returns: Type) -> Type {
        let is_other = |id: &Id| matches!(self.terms.type_of(*id), Type::Other(name) if name.ends_with(COLLATE));
        let of_text = returns.is_text() || returns.element().is_some_and(Type::is_text);
        if of_text && args.iter().any(is_other) { Type::Other(format!("{returns}{COLLATE}").into()) } else { returns }
    }

    /// A term for what is not understood.
    fn opaque(&mut self, reason: &str, data_type: &sql::Type) -> Id {
        let data_type = self.data_type(data_type);
        let scope = self.scope.clone();
        self.terms.opaque(reason, data_type, &scope)
    }

    /// Whether what is being read has not come to too much.
    fn goes_on(&self) -> Outcome<()> {
        if self.read < self.most { Ok(()) } else { obstacle("its size") }
    }

    /// Does something that is given up when it comes to too much.
    fn measured<T>(&mut self, what: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let outer = self.most;
        self.most = outer.min(self.read.saturating_add(MOST_OF_BODY));
        let result = what(self);
        let whole = self.goes_on();
        self.most = outer;
        whole.and(result)
    }

    /// Does something inside a named function, view or policy, unless that is already inside itself.
    fn within<T>(&mut self, name: String, what: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        if self.inside.contains(&name) {
            return obstacle(format!("{name}, which refers to itself"));
        }
        if self.inside.len() >= DEPTH {
            return obstacle("functions or views nested too deep");
        }
        self.inside.push(name);
        let result = what(self);
        self.inside.pop();
        result
    }

    /// Does something as somebody else.
    fn as_rights<T>(&mut self, rights: Rights, what: impl FnOnce(&mut Self) -> T) -> T {
        let user = std::mem::replace(&mut self.user, rights.clone());
        let result = self.as_reader(rights, what);
        self.user = user;
        result
    }

    /// Does something reading relations as somebody else.
    fn as_reader<T>(&mut self, rights: Rights, what: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.rights, rights);
        let result = what(self);
        self.rights = outer;
        result
    }
}
