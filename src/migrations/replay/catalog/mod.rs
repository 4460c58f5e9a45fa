//! The catalog that statements run against: like Postgres' own keyed by numbers, so that names may change.

pub(crate) mod acl;
pub(crate) mod code;
pub(crate) mod names;
pub(crate) mod object;
pub(crate) mod partition;
pub(crate) mod types;

mod describe;
mod facts;
mod rare;
mod routine;
pub(crate) mod rows;
mod shape;
mod slots;
mod ties;

use self::names::{Names, Space};
use self::object::{
    Bucket, Cast, Constraint, Database, DefaultPrivileges, EventTrigger, Extension, Function, GrantedParameter, Index,
    Language, LargeObject, Membership, Namespace, Operator, Policy, Publication, Relation, Rule, Server, Setting,
    Subscription, Trigger, Type, UserMapping, Wrapper,
};
use self::rows::Rows;
use crate::model::Role;

/// What Postgres would call an oid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Id(pub(crate) u32);

/// An object, or with a number above 0 a column of it (the first is 1), or that column's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub(crate) id: Id,
    pub(crate) column: usize,
    pub(crate) default: bool,
}

impl From<Id> for Address {
    fn from(id: Id) -> Self {
        Self { id, column: 0, default: false }
    }
}

impl Address {
    /// The column at `place`, counted from 0.
    pub(crate) fn column(relation: Id, place: usize) -> Self {
        Self { id: relation, column: place + 1, default: false }
    }

    /// The default of the column at `place`.
    pub(crate) fn default(relation: Id, place: usize) -> Self {
        Self { default: true, ..Self::column(relation, place) }
    }
}

/// What holds names that are unique in the database.
pub(crate) const ROOT: Id = Id(0);

macro_rules! catalog {
    ($($rows:ident: $row:ty),* $(,)?) => {
        /// All objects of a database, and the roles of its cluster.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Catalog {
            pub(crate) major: u32,
            next: u32,
            pub(crate) names: Names,
            /// The bootstrap superuser.
            pub(crate) superuser: Id,
            /// `pg_catalog`, once something of it is spoken of; it is not looked up by its name.
            pub(crate) system: Option<Id>,
            $(pub(crate) $rows: Rows<$row>),*
        }

        /// A state to come back to.
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct Mark { names: usize, $($rows: usize),* }

        impl Catalog {
            /// Remembers the state; until [`Catalog::settle`] every change costs a copy.
            pub(crate) fn mark(&mut self) -> Mark {
                Mark { names: self.names.mark(), $($rows: self.$rows.mark()),* }
            }

            /// Takes back what was done since.
            pub(crate) fn roll_back(&mut self, to: Mark) {
                self.names.roll_back(to.names);
                $(self.$rows.roll_back(to.$rows);)*
            }

            /// Forgets all marks.
            pub(crate) fn settle(&mut self) {
                self.names.settle();
                $(self.$rows.settle();)*
            }
        }
    };
}

catalog! {
    database: Database,
    roles: Role,
    memberships: Membership,
    settings: Setting,
    namespaces: Namespace,
    relations: Relation,
    constraints: Constraint,
    indexes: Index,
    policies: Policy,
    triggers: Trigger,
    rules: Rule,
    functions: Function,
    types: Type,
    defaults: DefaultPrivileges,
    languages: Language,
    extensions: Extension,
    event_triggers: EventTrigger,
    publications: Publication,
    subscriptions: Subscription,
    large_objects: LargeObject,
    parameters: GrantedParameter,
    wrappers: Wrapper,
    servers: Server,
    mappings: UserMapping,
    buckets: Bucket,
    casts: Cast,
    operators: Operator,
}

impl Catalog {
    pub(crate) fn new(major: u32) -> Self {
        Self { major, ..Self::default() }
    }

    /// An id that nothing has.
    pub(crate) fn fresh(&mut self) -> Id {
        self.next += 1;
        Id(self.next)
    }

    pub(crate) fn role(&self, name: &str) -> Option<Id> {
        self.names.find(Space::Role, ROOT, name)
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Id> {
        self.names.find(Space::Namespace, ROOT, name)
    }

    pub(crate) fn namespace_name(&self, id: Id) -> &str {
        self.namespaces.get(id).map_or("", |n| n.name.as_str())
    }

    pub(crate) fn role_name(&self, id: Id) -> String {
        self.roles.get(id).map_or_else(|| id.0.to_string(), |r| r.name.clone())
    }
}
