//! What a statement can be, and which parser reads it.

use super::alter::{self, AlterRelation};
use super::block::{self, DoBlock};
use super::cluster;
use super::cursor::{Cursor, Refusal, Result, refuse};
use super::data::{self, Data};
use super::foreign::{self, Foreign, MappingAction};
use super::function::{self, AlterFunction, CreateFunction};
use super::grant::{self, AlterDefaultPrivileges, PrivilegeGrant, RoutineKind};
use super::kind::{self, AlterExtension, AlterType, CreateExtension, CreateSchema, CreateType};
use super::object::{self, Change, Drop, ObjectKind, ObjectRef};
use super::operator::{self, CreateCast, CreateOperator};
use super::policy::{self, AlterPolicy, CreatePolicy};
use super::publication::{self, AlterPublication, CreatePublication};
use super::role::{self, MembershipGrant, RoleDefinition, RoleSpec, SettingFor};
use super::routine::Signature;
use super::sequence::{self, CreateSequence};
use super::setting::{self, Set, Setting, Transaction};
use super::subscription::{self, AlterSubscription, CreateSubscription};
use super::table::{self, CreateIndex, CreateTable, Lead};
use super::trigger::{self, AlterEventTrigger, CreateEventTrigger, CreateRule, CreateTrigger};
use super::view::{self, CreateView};

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the types say what they are")]
pub enum Statement {
    Grant(PrivilegeGrant),
    Membership(MembershipGrant),
    AlterDefaultPrivileges(AlterDefaultPrivileges),
    CreatePolicy(CreatePolicy),
    AlterPolicy(AlterPolicy),
    CreateTable(Box<CreateTable>),
    AlterRelation(AlterRelation),
    CreateIndex(CreateIndex),
    CreateView(CreateView),
    CreateSequence(CreateSequence),
    CreateFunction(Box<CreateFunction>),
    AlterFunction(AlterFunction),
    /// `CREATE AGGREGATE`: a function that can be called.
    CreateAggregate(Signature),
    CreateCast(Box<CreateCast>),
    CreateOperator(Box<CreateOperator>),
    CreateTrigger(Box<CreateTrigger>),
    CreateEventTrigger(CreateEventTrigger),
    AlterEventTrigger(AlterEventTrigger),
    CreateRule(CreateRule),
    CreateType(CreateType),
    AlterType(AlterType),
    CreateSchema(CreateSchema),
    CreateExtension(CreateExtension),
    AlterExtension(AlterExtension),
    CreatePublication(CreatePublication),
    AlterPublication(AlterPublication),
    CreateSubscription(CreateSubscription),
    AlterSubscription(AlterSubscription),
    Foreign(Foreign),
    Role(RoleDefinition),
    RoleSetting(SettingFor),
    /// RENAME, OWNER TO or SET SCHEMA of what has no statement of its own here: schemas, roles, databases, triggers ...
    Change(ObjectRef, Change),
    Drop(Drop),
    /// `DROP OWNED BY`; and CASCADE.
    DropOwned(Vec<RoleSpec>, bool),
    /// `REASSIGN OWNED BY ... TO`.
    ReassignOwned(Vec<RoleSpec>, RoleSpec),
    /// `COMMENT ON`; nothing depends on comments, except that PostgREST reads some.
    Comment(ObjectRef),
    /// `SECURITY LABEL`.
    SecurityLabel(Option<ObjectRef>),
    Set(Set),
    /// `ALTER SYSTEM`.
    AlterSystem(Setting),
    /// `DISCARD`, in lower case; ALL resets role and settings too.
    Discard(String),
    Transaction(Transaction),
    Do(DoBlock),
    Data(Data),
    /// A meta-command of psql, as written.
    Meta(String),
    /// The rows of a COPY.
    CopyData,
    /// Understood, and nothing that access depends on: ANALYZE, NOTIFY, CREATE COLLATION ... Its first words.
    Other(String),
    /// Not understood.
    Unknown {
        /// Why.
        why: String,
        /// Whether it may change who can reach what; in doubt it may.
        may_touch_access_control: bool,
    },
}

/// First words of statements that nothing in the model depends on.
const HARMLESS: [&str; 36] = [
    "analyze",
    "analyse",
    "vacuum",
    "notify",
    "listen",
    "unlisten",
    "reindex",
    "cluster",
    "checkpoint",
    "lock",
    "show",
    "load",
    "declare",
    "fetch",
    "move",
    "close",
    "deallocate",
    "refresh materialized view",
    "create collation",
    "create conversion",
    "create statistics",
    "create text search",
    "create operator class",
    "create operator family",
    "create transform",
    "create access method",
    "create tablespace",
    "create default conversion",
    "alter collation",
    "alter conversion",
    "alter statistics",
    "alter text search",
    "alter operator",
    "alter tablespace",
    "create language",
    "create trusted",
];

const DATA: [&str; 13] = [
    "select", "insert", "update", "delete", "merge", "truncate", "copy", "values", "with", "call", "perform", "table",
    "explain",
];

/// Reads one statement. `depth` is how deep in blocks it is.
pub(crate) fn read(c: &mut Cursor<'_>, depth: usize) -> Result<Statement> {
    if c.is_any(&DATA) || c.is_punct(b'(') {
        return Ok(Statement::Data(data::data(c)));
    }
    let mut probe = c.clone();
    for words in HARMLESS {
        if probe.accept(words) {
            c.skip_rest();
            return Ok(Statement::Other(words.to_owned()));
        }
    }
    match () {
        () if c.accept("create") => create(c),
        () if c.accept("alter") => alter_any(c),
        () if c.accept("drop owned by") => {
            let roles = c.list(Cursor::role)?;
            let cascade = c.behavior();
            c.end()?;
            Ok(Statement::DropOwned(roles, cascade))
        }
        () if c.accept("drop user mapping") => foreign::user_mapping(c, MappingAction::Drop).map(Statement::Foreign),
        () if c.accept("drop") => object::drop(c).map(Statement::Drop),
        () if c.accept("grant") => grant_any(c, false),
        () if c.accept("revoke") => grant_any(c, true),
        () if c.accept("do") && depth < 4 => block::block(c, depth).map(Statement::Do),
        () if c.accept("set") => setting::set(c).map(Statement::Set),
        () if c.accept("reset") => setting::reset(c).map(Statement::Set),
        () => rare(c),
    }
}

fn rare(c: &mut Cursor<'_>) -> Result<Statement> {
    match () {
        () if c.accept("comment on") => {
            let object = object::reference(c)?;
            c.expect("is")?;
            if !c.accept("null") {
                c.string()?;
            }
            c.end()?;
            Ok(Statement::Comment(object))
        }
        () if c.accept("security label") => {
            c.until(|c| c.is("on"));
            c.expect("on")?;
            let object = object::reference(c).ok();
            c.skip_rest();
            Ok(Statement::SecurityLabel(object))
        }
        () if c.accept("reassign owned by") => {
            let from = c.list(Cursor::role)?;
            c.expect("to")?;
            let to = c.role()?;
            c.end()?;
            Ok(Statement::ReassignOwned(from, to))
        }
        () if c.is_any(&["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"])
            || c.is("prepare") && c.is_ahead(1, "transaction") =>
        {
            setting::transaction(c).map(Statement::Transaction)
        }
        () if c.accept("import foreign schema") => foreign::import(c).map(Statement::Foreign),
        () if c.accept("discard") => Ok(Statement::Discard(c.label()?)),
        () => refuse("no statement that is known here"),
    }
}

fn grant_any(c: &mut Cursor<'_>, revoke: bool) -> Result<Statement> {
    let mut probe = c.clone();
    let end = if revoke { "from" } else { "to" };
    probe.until(|c| c.is("on") || c.is(end));
    if probe.is("on") {
        return grant::privileges(c, revoke).map(Statement::Grant);
    }
    role::membership(c, revoke).map(Statement::Membership)
}

fn create(c: &mut Cursor<'_>) -> Result<Statement> {
    let or_replace = c.accept("or replace");
    let local = c.accept("global") || c.accept("local");
    let temporary = c.accept("temporary") || c.accept("temp") || local;
    let unlogged = c.accept("unlogged");
    let recursive = c.accept("recursive");
    Ok(match () {
        () if c.accept("table") => {
            Statement::CreateTable(Box::new(table::create(c, Lead { temporary, unlogged, foreign: false })?))
        }
        () if c.accept("foreign table") => {
            Statement::CreateTable(Box::new(table::create(c, Lead { foreign: true, ..Lead::default() })?))
        }
        () if c.accept("policy") => Statement::CreatePolicy(policy::create(c)?),
        () if c.accept("function") => Statement::CreateFunction(Box::new(function::create(c, or_replace, false)?)),
        () if c.accept("procedure") => Statement::CreateFunction(Box::new(function::create(c, or_replace, true)?)),
        () if c.accept("unique index") => Statement::CreateIndex(table::index(c, true)?),
        () if c.accept("index") => Statement::CreateIndex(table::index(c, false)?),
        () if c.accept("constraint trigger") => {
            Statement::CreateTrigger(Box::new(trigger::create(c, or_replace, true)?))
        }
        () if c.accept("trigger") => Statement::CreateTrigger(Box::new(trigger::create(c, or_replace, false)?)),
        () if c.accept("event trigger") => Statement::CreateEventTrigger(trigger::create_event(c)?),
        () if c.accept("view") => Statement::CreateView(view::create(c, false, or_replace, temporary, recursive)?),
        () if c.accept("materialized view") => Statement::CreateView(view::create(c, true, false, false, false)?),
        () if c.accept("sequence") => Statement::CreateSequence(sequence::create(c, temporary, unlogged)?),
        () if c.accept("type") => Statement::CreateType(kind::create_type(c)?),
        () if c.accept("domain") => Statement::CreateType(kind::create_domain(c)?),
        () if c.accept("schema") => Statement::CreateSchema(kind::create_schema(c)?),
        () if c.accept("extension") => Statement::CreateExtension(kind::create_extension(c)?),
        () if c.accept("rule") => Statement::CreateRule(trigger::create_rule(c, or_replace)?),
        () if c.accept("publication") => Statement::CreatePublication(publication::create(c)?),
        () if c.accept("subscription") => Statement::CreateSubscription(subscription::create(c)?),
        () if c.accept("foreign data wrapper") => Statement::Foreign(foreign::create_wrapper(c)?),
        () if c.accept("server") => Statement::Foreign(foreign::create_server(c)?),
        () if c.accept("user mapping") => Statement::Foreign(foreign::user_mapping(c, MappingAction::Create)?),
        () if c.accept("aggregate") => {
            let signature = c.aggregate()?;
            c.skip_rest();
            Statement::CreateAggregate(signature)
        }
        () if c.accept("cast") => Statement::CreateCast(Box::new(operator::create_cast(c)?)),
        () if c.accept("operator") => Statement::CreateOperator(Box::new(operator::create_operator(c)?)),
        () if c.is_any(&["role", "user", "group"]) => cluster::create_role(c)?,
        () => return c.wanted("something that can be created"),
    })
}

fn alter_any(c: &mut Cursor<'_>) -> Result<Statement> {
    if let Some(kind) = c.routine_kind() {
        return function::alter(c, kind).map(Statement::AlterFunction);
    }
    Ok(match () {
        () if c.accept("default privileges") => Statement::AlterDefaultPrivileges(grant::defaults(c)?),
        () if c.accept("policy") => Statement::AlterPolicy(policy::alter(c)?),
        () if c.accept("aggregate") => Statement::AlterFunction(function::alter(c, RoutineKind::Aggregate)?),
        () if c.accept("type") => Statement::AlterType(kind::alter_type(c, false)?),
        () if c.accept("domain") => Statement::AlterType(kind::alter_type(c, true)?),
        () if c.accept("extension") => Statement::AlterExtension(kind::alter_extension(c)?),
        () if c.accept("publication") => Statement::AlterPublication(publication::alter(c)?),
        () if c.accept("subscription") => Statement::AlterSubscription(subscription::alter(c)?),
        () if c.accept("event trigger") => Statement::AlterEventTrigger(trigger::alter_event(c)?),
        () if c.accept("foreign data wrapper") => Statement::Foreign(foreign::alter(c, false)?),
        () if c.accept("server") => Statement::Foreign(foreign::alter(c, true)?),
        () if c.accept("user mapping") => Statement::Foreign(foreign::user_mapping(c, MappingAction::Alter)?),
        () if c.accept("role") || c.accept("user") => cluster::alter_role(c)?,
        () if c.accept("group") => cluster::alter_role(c)?,
        () if c.accept("database") => cluster::alter_database(c)?,
        () if c.accept("system") => cluster::alter_system(c)?,
        () if c.is("trigger") || c.is("rule") => {
            let object = object::reference(c)?;
            changed(c, object)?
        }
        () if c.accept("large object") => {
            let number = c.until(|c| c.is("owner"));
            changed(c, ObjectRef::Other("large object", number))?
        }
        () => match c.object_kind() {
            Some(kind) if is_relation(kind) => Statement::AlterRelation(alter::alter(c, kind)?),
            Some(kind) => {
                let name = c.name()?;
                changed(c, ObjectRef::Named(kind, name))?
            }
            None => return c.wanted("something that can be altered"),
        },
    })
}

fn is_relation(kind: ObjectKind) -> bool {
    use ObjectKind::{ForeignTable, Index, MaterializedView, Sequence, Table, View};
    matches!(kind, Table | View | MaterializedView | ForeignTable | Sequence | Index)
}

pub(super) fn changed(c: &mut Cursor<'_>, object: ObjectRef) -> Result<Statement> {
    if matches!(object, ObjectRef::Trigger(..)) {
        let _ = c.accept("no");
        if c.accept("depends on extension") {
            c.skip_rest();
            return Ok(Statement::Other("alter trigger".to_owned()));
        }
    }
    let Some(change) = object::change(c)? else { return c.wanted("`RENAME TO`, `OWNER TO` or `SET SCHEMA`") };
    c.end()?;
    Ok(Statement::Change(object, change))
}

/// Starts of statements that cannot change who reaches what, even if they could not be read.
const QUIET: [&str; 4] = ["comment on", "create index", "create unique index", "alter index"];

/// The statement that says why another was not understood.
pub(crate) fn unknown(refusal: Refusal, may_touch_access_control: bool) -> Statement {
    Statement::Unknown { why: refusal.why, may_touch_access_control }
}

/// Reads all of a statement, or says why not.
pub(crate) fn read_or_unknown(c: &mut Cursor<'_>, depth: usize) -> Statement {
    let mut start = c.clone();
    match read(c, depth) {
        Ok(statement) if c.at_end() => statement,
        Ok(_) => unknown(Refusal { why: "text behind the statement".into() }, true),
        Err(refusal) => {
            let quiet = QUIET.iter().any(|words| start.accept(words));
            unknown(refusal, !quiet)
        }
    }
}
