//! References to objects of any kind, and what is done to all kinds alike: DROP, COMMENT, RENAME, OWNER TO, SET SCHEMA.

use super::cursor::{Cursor, Fragment, Result};
use super::grant::RoutineKind;
use super::role::RoleSpec;
use super::routine::Signature;
use crate::migrations::names::Name;

/// A kind of object that is named by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum ObjectKind {
    Table,
    View,
    MaterializedView,
    ForeignTable,
    Sequence,
    Index,
    Type,
    Domain,
    Schema,
    Extension,
    Publication,
    Subscription,
    EventTrigger,
    ForeignDataWrapper,
    Server,
    Role,
    Database,
    Tablespace,
    Language,
    Collation,
    Conversion,
    Statistics,
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
    AccessMethod,
}

/// An object as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectRef {
    /// One that is named by itself.
    Named(ObjectKind, Name),
    /// A routine.
    Routine(RoutineKind, Signature),
    /// A column of a relation.
    Column(Name, String),
    /// A policy on a relation.
    Policy(String, Name),
    /// A trigger on a relation.
    Trigger(String, Name),
    /// A rule on a relation.
    Rule(String, Name),
    /// A constraint on a relation; `true` for one of a domain.
    Constraint(String, Name, bool),
    /// A cast, an operator, a transform and the like: the kind and its name as written.
    Other(&'static str, Fragment),
}

const KINDS: [(&str, ObjectKind); 30] = [
    ("table", ObjectKind::Table),
    ("view", ObjectKind::View),
    ("materialized view", ObjectKind::MaterializedView),
    ("foreign table", ObjectKind::ForeignTable),
    ("sequence", ObjectKind::Sequence),
    ("index", ObjectKind::Index),
    ("type", ObjectKind::Type),
    ("domain", ObjectKind::Domain),
    ("schema", ObjectKind::Schema),
    ("extension", ObjectKind::Extension),
    ("publication", ObjectKind::Publication),
    ("subscription", ObjectKind::Subscription),
    ("event trigger", ObjectKind::EventTrigger),
    ("foreign data wrapper", ObjectKind::ForeignDataWrapper),
    ("server", ObjectKind::Server),
    ("role", ObjectKind::Role),
    ("user", ObjectKind::Role),
    ("group", ObjectKind::Role),
    ("database", ObjectKind::Database),
    ("tablespace", ObjectKind::Tablespace),
    ("procedural language", ObjectKind::Language),
    ("language", ObjectKind::Language),
    ("collation", ObjectKind::Collation),
    ("conversion", ObjectKind::Conversion),
    ("statistics", ObjectKind::Statistics),
    ("text search configuration", ObjectKind::TextSearchConfiguration),
    ("text search dictionary", ObjectKind::TextSearchDictionary),
    ("text search parser", ObjectKind::TextSearchParser),
    ("text search template", ObjectKind::TextSearchTemplate),
    ("access method", ObjectKind::AccessMethod),
];

const ROUTINES: [(&str, RoutineKind); 3] =
    [("function", RoutineKind::Function), ("procedure", RoutineKind::Procedure), ("routine", RoutineKind::Routine)];

const OTHERS: [&str; 7] =
    ["operator class", "operator family", "operator", "cast", "transform", "large object", "user mapping"];

impl Cursor<'_> {
    /// The kind's key words, if a kind that is named by itself comes next.
    pub(crate) fn object_kind(&mut self) -> Option<ObjectKind> {
        KINDS.iter().find(|(words, _)| self.accept(words)).map(|(_, kind)| *kind)
    }

    /// `FUNCTION`, `PROCEDURE` or `ROUTINE`.
    pub(crate) fn routine_kind(&mut self) -> Option<RoutineKind> {
        ROUTINES.iter().find(|(word, _)| self.accept(word)).map(|(_, kind)| *kind)
    }
}

/// `DROP` of any kind of object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// What is dropped.
    pub objects: Vec<ObjectRef>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CASCADE`.
    pub cascade: bool,
}

/// The part after DROP.
pub(crate) fn drop(c: &mut Cursor<'_>) -> Result<Drop> {
    let (if_exists, objects);
    if let Some(kind) = c.object_kind() {
        if kind == ObjectKind::Index {
            c.accept("concurrently");
        }
        if_exists = c.if_exists();
        let items = if kind == ObjectKind::Type || kind == ObjectKind::Domain { types(c)? } else { c.names()? };
        objects = items.into_iter().map(|name| ObjectRef::Named(kind, name)).collect();
        if kind == ObjectKind::Database {
            c.until(|_| false);
        }
    } else if let Some(kind) = c.routine_kind() {
        if_exists = c.if_exists();
        objects = c.list(Cursor::signature)?.into_iter().map(|s| ObjectRef::Routine(kind, s)).collect();
    } else if c.accept("aggregate") {
        if_exists = c.if_exists();
        let items = c.list(Cursor::aggregate)?;
        objects = items.into_iter().map(|s| ObjectRef::Routine(RoutineKind::Aggregate, s)).collect();
    } else if c.is_any(&["policy", "trigger", "rule"]) {
        let kind = c.label()?;
        if_exists = c.if_exists();
        objects = vec![on_relation(c, &kind)?];
    } else {
        let Some(kind) = OTHERS.iter().find(|words| c.accept(words)) else { return c.wanted("a kind of object") };
        if_exists = c.if_exists();
        objects = vec![ObjectRef::Other(kind, c.until(|c| c.is("cascade") || c.is("restrict")))];
    }
    let cascade = c.behavior();
    c.end()?;
    Ok(Drop { objects, if_exists, cascade })
}

fn types(c: &mut Cursor<'_>) -> Result<Vec<Name>> {
    c.list(|c| c.type_name().map(|t| t.name))
}

/// `name ON relation` of a policy, trigger or rule.
fn on_relation(c: &mut Cursor<'_>, kind: &str) -> Result<ObjectRef> {
    let name = c.ident()?;
    c.expect("on")?;
    let relation = c.name()?;
    Ok(match kind {
        "policy" => ObjectRef::Policy(name, relation),
        "trigger" => ObjectRef::Trigger(name, relation),
        _ => ObjectRef::Rule(name, relation),
    })
}

/// The object of COMMENT ON, SECURITY LABEL ON and ALTER EXTENSION ... ADD.
pub(crate) fn reference(c: &mut Cursor<'_>) -> Result<ObjectRef> {
    if c.accept("column") {
        return column(c);
    }
    if c.accept("constraint") {
        let name = c.ident()?;
        c.expect("on")?;
        let domain = c.accept("domain");
        return Ok(ObjectRef::Constraint(name, c.name()?, domain));
    }
    if c.is_any(&["policy", "trigger", "rule"]) {
        let kind = c.label()?;
        return on_relation(c, &kind);
    }
    if let Some(kind) = c.routine_kind() {
        return Ok(ObjectRef::Routine(kind, c.signature()?));
    }
    if c.accept("aggregate") {
        return Ok(ObjectRef::Routine(RoutineKind::Aggregate, c.aggregate()?));
    }
    if let Some(kind) = c.object_kind() {
        let name = if matches!(kind, ObjectKind::Type | ObjectKind::Domain) { c.type_name()?.name } else { c.name()? };
        return Ok(ObjectRef::Named(kind, name));
    }
    match OTHERS.iter().find(|words| c.accept(words)) {
        Some(kind) => Ok(ObjectRef::Other(kind, c.until(|c| c.is("is")))),
        None => c.wanted("a kind of object"),
    }
}

fn column(c: &mut Cursor<'_>) -> Result<ObjectRef> {
    let mut parts = vec![c.ident()?];
    while c.accept_punct(b'.') {
        parts.push(c.label()?);
    }
    let (Some(column), Some(table)) = (parts.pop(), parts.pop()) else { return c.wanted("a relation's column") };
    Ok(ObjectRef::Column(Name { schema: parts.pop(), name: table }, column))
}

/// What ALTER does to objects of all kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// `RENAME TO`.
    Rename(String),
    /// `OWNER TO`.
    Owner(RoleSpec),
    /// `SET SCHEMA`.
    Schema(String),
}

/// `RENAME TO`, `OWNER TO` or `SET SCHEMA`, if one comes next.
pub(crate) fn change(c: &mut Cursor<'_>) -> Result<Option<Change>> {
    Ok(Some(match () {
        () if c.accept("rename to") => Change::Rename(c.ident()?),
        () if c.accept("owner to") => Change::Owner(c.role()?),
        () if c.accept("set schema") => Change::Schema(c.ident()?),
        () => return Ok(None),
    }))
}
