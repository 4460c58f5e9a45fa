//! What the catalog holds: one struct an object kind, with ids in place of names.

pub(crate) use super::rare::{GrantedParameter, LargeObject, Subscription};
pub(crate) use super::routine::{Function, Parameter};
pub(crate) use super::shape::Shape;

use super::Id;
use super::acl::Acl;
use super::code::Code;
use super::types::TypeRef;
use crate::model::{
    CheckOption, FiresWhen, Generated, GrantObject, Identity, Origin, PolicyCommand, ReferentialAction, RelationKind,
    ReplicaIdentity, TriggerEvent, TriggerTiming,
};

#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) role: Id,
    pub(crate) member: Id,
    pub(crate) grantor: Id,
    pub(crate) admin: bool,
    pub(crate) inherit: bool,
    pub(crate) set: bool,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) role: Option<Id>,
    pub(crate) this_database: bool,
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
    pub(crate) extension: Option<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) schema: Id,
    pub(crate) name: String,
    pub(crate) kind: RelationKind,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
    pub(crate) row_security: bool,
    pub(crate) force_row_security: bool,
    pub(crate) is_partition: bool,
    pub(crate) parents: Vec<Id>,
    /// The columns that say which partition a row belongs to.
    pub(crate) partition_key: Vec<usize>,
    pub(crate) partition_by: Option<PartitionBy>,
    /// Which rows a partition holds.
    pub(crate) bound: Option<Bound>,
    pub(crate) unlogged: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) view: Option<View>,
    pub(crate) server: Option<Id>,
    /// The column that a sequence belongs to, and whether as its identity.
    pub(crate) owned_by: Option<(Id, usize, bool)>,
    pub(crate) replica_identity: ReplicaIdentity,
    pub(crate) extension: Option<Id>,
    /// No statement makes it: somebody else did.
    pub(crate) unknown: bool,
    pub(crate) origin: Origin,
    /// What the binder was told of it last.
    pub(crate) shape: Shape,
}

/// A column; its place in the relation is its number and stays when others are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) dropped: bool,
    pub(crate) data_type: TypeRef,
    pub(crate) not_null: bool,
    /// The name of that as a constraint (PostgreSQL 18).
    pub(crate) not_null_name: Option<String>,
    /// A NOT NULL that is NOT VALID (PostgreSQL 18).
    pub(crate) unproved_not_null: bool,
    pub(crate) default: Option<Code>,
    pub(crate) generated: Option<Generated>,
    pub(crate) identity: Option<Identity>,
    pub(crate) collation: Option<String>,
    pub(crate) deterministic: bool,
    pub(crate) acl: Option<Acl>,
    /// Defined here, not only by a parent.
    pub(crate) local: bool,
    /// A parent has it too.
    pub(crate) inherited: bool,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) query: Code,
    pub(crate) options: Vec<(String, String)>,
    pub(crate) check_option: Option<CheckOption>,
}

#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    /// The relation, or the domain.
    pub(crate) on: Id,
    pub(crate) name: String,
    pub(crate) kind: ConstraintKind,
    pub(crate) columns: Vec<usize>,
    pub(crate) validated: bool,
    pub(crate) enforced: bool,
    pub(crate) deferrable: bool,
    pub(crate) initially_deferred: bool,
    pub(crate) no_inherit: bool,
    /// The index that enforces it.
    pub(crate) index: Option<Id>,
    /// The constraints of parents that it comes from.
    pub(crate) inherited: Vec<Id>,
    /// Defined here, not only by a parent.
    pub(crate) local: bool,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) enum ConstraintKind {
    Check(Code),
    PrimaryKey,
    /// `NULLS NOT DISTINCT`.
    Unique(bool),
    /// The whole text behind EXCLUDE.
    Exclusion(Code),
    ForeignKey(ForeignKey),
    Trigger,
}

#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    pub(crate) relation: Id,
    pub(crate) columns: Vec<usize>,
    /// The key that it rests on.
    pub(crate) key: Option<Id>,
    pub(crate) on_update: ReferentialAction,
    pub(crate) on_delete: ReferentialAction,
    pub(crate) delete_set: Vec<usize>,
    pub(crate) match_full: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) relation: Id,
    pub(crate) name: String,
    pub(crate) keys: Vec<IndexKey>,
    /// The columns of INCLUDE.
    pub(crate) include: Vec<usize>,
    pub(crate) unique: bool,
    pub(crate) nulls_not_distinct: bool,
    pub(crate) predicate: Option<Code>,
    pub(crate) valid: bool,
    pub(crate) method: String,
    pub(crate) parent: Option<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) enum IndexKey {
    Column(usize),
    Expression(Code),
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) relation: Id,
    pub(crate) name: String,
    pub(crate) permissive: bool,
    pub(crate) command: PolicyCommand,
    /// `None` is PUBLIC.
    pub(crate) roles: Vec<Option<Id>>,
    pub(crate) using: Option<Code>,
    pub(crate) check: Option<Code>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Trigger {
    pub(crate) relation: Id,
    pub(crate) name: String,
    pub(crate) timing: TriggerTiming,
    pub(crate) events: Vec<TriggerEvent>,
    /// `UPDATE OF`.
    pub(crate) columns: Vec<usize>,
    pub(crate) for_each_row: bool,
    pub(crate) when: Option<Code>,
    pub(crate) function: Id,
    pub(crate) arguments: Vec<String>,
    pub(crate) fires: FiresWhen,
    /// What stands between the relation and FOR EACH: deferral and transition tables.
    pub(crate) clauses: String,
    pub(crate) constraint: Option<Id>,
    /// The parent's trigger that it was cloned from.
    pub(crate) parent: Option<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) relation: Id,
    pub(crate) name: String,
    pub(crate) event: String,
    pub(crate) condition: Option<Code>,
    pub(crate) instead: bool,
    pub(crate) commands: Code,
    pub(crate) fires: FiresWhen,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Type {
    pub(crate) schema: Id,
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) kind: TypeKind,
    pub(crate) acl: Option<Acl>,
    pub(crate) extension: Option<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) enum TypeKind {
    Enum(Vec<String>),
    /// Its CHECKs are constraints.
    Domain {
        base: TypeRef,
        not_null: bool,
    },
    Composite(Vec<(String, TypeRef)>),
    /// The type of its bounds.
    Range(Option<TypeRef>),
    /// Made with the range type of that id.
    Multirange(Id),
    Base,
}

#[derive(Debug, Clone)]
pub(crate) struct DefaultPrivileges {
    pub(crate) role: Id,
    pub(crate) schema: Option<Id>,
    pub(crate) object: GrantObject,
    pub(crate) acl: Acl,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Language {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) trusted: bool,
    pub(crate) acl: Option<Acl>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) schema: Id,
    pub(crate) owner: Id,
    pub(crate) version: String,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct EventTrigger {
    pub(crate) name: String,
    pub(crate) event: String,
    pub(crate) owner: Id,
    pub(crate) function: Id,
    pub(crate) tags: Vec<String>,
    pub(crate) fires: FiresWhen,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) all_tables: bool,
    pub(crate) relations: Vec<Published>,
    pub(crate) schemas: Vec<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) relation: Id,
    pub(crate) columns: Vec<usize>,
    pub(crate) filter: Option<Code>,
}

#[derive(Debug, Clone)]
pub(crate) struct Wrapper {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) wrapper: Id,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
    pub(crate) options: Vec<String>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct UserMapping {
    pub(crate) server: Id,
    /// `None` is PUBLIC.
    pub(crate) user: Option<Id>,
    pub(crate) origin: Origin,
}

#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) from: TypeRef,
    pub(crate) to: TypeRef,
    /// By a function (true), by the text (false), or by no work at all.
    pub(crate) by_function: Option<bool>,
    /// The function, unless it is one of the server's own.
    pub(crate) function: Option<Id>,
    /// As `pg_cast.castcontext` has it.
    pub(crate) context: char,
}

#[derive(Debug, Clone)]
pub(crate) struct Operator {
    pub(crate) schema: Id,
    pub(crate) symbol: String,
    pub(crate) left: Option<TypeRef>,
    pub(crate) right: Option<TypeRef>,
    pub(crate) function: Id,
}

#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
}

pub(crate) use super::partition::{Bound, Datum, PartitionBy, Strategy};
pub(crate) use crate::model::Bucket;
