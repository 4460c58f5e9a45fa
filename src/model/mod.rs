//! The schema model: what a database is made of, as far as access depends on it.
//!
//! Plain data with one meaning, whether it was read from a live catalog, replayed from migration files or loaded
//! from a snapshot. It does no I/O, knows no check and depends on no other room of the crate. Lists are sorted by
//! name ([`Schema::sort`]), so equal databases give equal models and look-ups are binary searches.

mod column;
mod constraint;
mod extension;
mod foreign;
mod function;
mod gap;
pub(crate) mod glob;
mod grant;
mod ident;
mod namespace;
mod object;
mod origin;
mod parameter;
mod policy;
mod publication;
mod relation;
mod role;
mod schema;
mod server;
mod setting;
mod storage;
mod subscription;
mod trigger;
mod view;

pub use column::{Column, Generated, Identity};
pub use constraint::{Constraint, ConstraintKind, ForeignKey, Index, ReferentialAction};
pub use extension::Extension;
pub use foreign::{ForeignDataWrapper, ForeignServer, UserMapping};
pub use function::{Argument, ArgumentMode, Function, FunctionId, FunctionKind, Volatility};
pub use gap::Gap;
pub use grant::{Acl, DefaultPrivileges, Grant, GrantObject, Grantee, ParseAclError, Privilege, PrivilegeSet};
pub use ident::{QualifiedName, printable, quote_ident, quote_literal};
pub use namespace::Namespace;
pub use object::{Database, Language, LargeObjects, Type, TypeKind};
pub use origin::{Origin, SourceFile, Statement};
pub use parameter::Parameter;
pub use policy::{Command, Policy, PolicyCommand};
pub use publication::{Publication, PublishedRelation};
pub use relation::{PartitionStrategy, Partitioning, Relation, RelationKind, ReplicaIdentity, Sequence};
pub use role::{Membership, Role};
pub use schema::{FORMAT, Schema};
pub use server::{Platform, Server};
pub use setting::{ServerSetting, Setting};
pub use storage::Bucket;
pub use subscription::Subscription;
pub use trigger::{EventTrigger, FiresWhen, Rule, Trigger, TriggerEvent, TriggerTiming};
pub use view::{CheckOption, View};
