//! Types, domains, schemas and extensions.

use super::column::{self, ColumnItem, TableConstraint};
use super::cursor::{Cursor, Fragment, Result, refuse};
use super::object::{self, Change, ObjectRef};
use super::role::RoleSpec;
use super::types::TypeName;
use super::{Parsed, Statement};
use crate::migrations::names::Name;

/// `CREATE TYPE` or `CREATE DOMAIN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateType {
    /// The type.
    pub name: Name,
    /// What it is.
    pub body: TypeBody,
}

/// What a new type is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeBody {
    /// `AS ENUM` and its labels.
    Enum(Vec<String>),
    /// `AS (...)` and its fields.
    Composite(Vec<(String, TypeName)>),
    /// `AS RANGE` and its options.
    Range(Fragment),
    /// A base type and its options.
    Base(Fragment),
    /// Announced only.
    Shell,
    /// A domain: the type beneath, its default, NOT NULL and CHECK.
    Domain(TypeName, Vec<ColumnItem>),
}

/// `ALTER TYPE` or `ALTER DOMAIN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterType {
    /// The type.
    pub name: Name,
    /// Whether the word was DOMAIN.
    pub domain: bool,
    /// What is done.
    pub action: TypeAction,
}

/// What ALTER TYPE does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeAction {
    /// Renames it, gives it away or moves it.
    Change(Change),
    /// `ADD VALUE` to an enum: the label, `IF NOT EXISTS`, and `BEFORE` (true) or `AFTER` which.
    AddValue(String, bool, Option<(bool, String)>),
    /// `RENAME VALUE`.
    RenameValue(String, String),
    /// `RENAME ATTRIBUTE`.
    RenameAttribute(String, String),
    /// `ADD` of a domain's constraint.
    AddConstraint(Box<TableConstraint>),
    /// Other changes of a composite type's fields or a domain, as written.
    Other(Fragment),
}

/// `CREATE SCHEMA`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateSchema {
    /// Its name; `None` means that of the role.
    pub name: Option<String>,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `AUTHORIZATION`.
    pub authorization: Option<RoleSpec>,
    /// What is made in it, in the order in which Postgres does.
    pub elements: Vec<Parsed>,
}

/// `CREATE EXTENSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateExtension {
    /// The extension.
    pub name: String,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `SCHEMA`.
    pub schema: Option<String>,
    /// `VERSION`.
    pub version: Option<String>,
    /// `CASCADE`.
    pub cascade: bool,
}

/// `ALTER EXTENSION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterExtension {
    /// The extension.
    pub name: String,
    /// What is done.
    pub action: ExtensionAction,
}

/// What ALTER EXTENSION does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionAction {
    /// `UPDATE`, `TO` which version.
    Update(Option<String>),
    /// `SET SCHEMA`.
    Schema(String),
    /// `ADD` (true) or `DROP` of a member.
    Member(bool, ObjectRef),
}

/// The part after CREATE TYPE.
pub(crate) fn create_type(c: &mut Cursor<'_>) -> Result<CreateType> {
    let name = c.name()?;
    let body = match () {
        () if c.at_end() => TypeBody::Shell,
        () if c.accept("as enum") => {
            c.expect_punct(b'(')?;
            let labels = if c.is_punct(b')') { Vec::new() } else { c.list(Cursor::string)? };
            c.expect_punct(b')')?;
            TypeBody::Enum(labels)
        }
        () if c.accept("as range") => TypeBody::Range(c.parenthesised()?),
        () if c.accept("as") => {
            c.expect_punct(b'(')?;
            let field = |c: &mut Cursor<'_>| {
                let field = (c.ident()?, c.type_name()?);
                if c.accept("collate") {
                    c.name()?;
                }
                Ok(field)
            };
            let fields = if c.is_punct(b')') { Vec::new() } else { c.list(field)? };
            c.expect_punct(b')')?;
            TypeBody::Composite(fields)
        }
        () => TypeBody::Base(c.parenthesised()?),
    };
    c.end()?;
    Ok(CreateType { name, body })
}

/// The part after CREATE DOMAIN.
pub(crate) fn create_domain(c: &mut Cursor<'_>) -> Result<CreateType> {
    let name = c.name()?;
    c.accept("as");
    // The rest has the shape of a column whose name is left out.
    let base = c.type_name()?;
    let items = column::items(c)?;
    c.end()?;
    Ok(CreateType { name, body: TypeBody::Domain(base, items) })
}

/// The part after ALTER TYPE or ALTER DOMAIN.
pub(crate) fn alter_type(c: &mut Cursor<'_>, domain: bool) -> Result<AlterType> {
    let name = c.name()?;
    if let Some(change) = object::change(c)? {
        c.end()?;
        return Ok(AlterType { name, domain, action: TypeAction::Change(change) });
    }
    let action = match () {
        () if c.accept("add value") => {
            let if_not_exists = c.if_not_exists();
            let label = c.string()?;
            let place = match () {
                () if c.accept("before") => Some((true, c.string()?)),
                () if c.accept("after") => Some((false, c.string()?)),
                () => None,
            };
            TypeAction::AddValue(label, if_not_exists, place)
        }
        () if c.accept("rename value") => {
            let from = c.string()?;
            c.expect("to")?;
            TypeAction::RenameValue(from, c.string()?)
        }
        () if c.accept("rename attribute") => {
            let from = c.ident()?;
            c.expect("to")?;
            let to = c.ident()?;
            c.behavior();
            TypeAction::RenameAttribute(from, to)
        }
        () if domain && c.is("add") => {
            c.bump();
            TypeAction::AddConstraint(Box::new(column::constraint(c)?))
        }
        () if c.is_any(&["add", "drop", "alter", "set", "rename", "validate"]) => TypeAction::Other(c.rest()),
        () => return c.wanted("an action"),
    };
    c.end()?;
    Ok(AlterType { name, domain, action })
}

/// The part after CREATE SCHEMA.
pub(crate) fn create_schema(c: &mut Cursor<'_>) -> Result<CreateSchema> {
    let if_not_exists = c.if_not_exists();
    let name = if c.is("authorization") { None } else { Some(c.ident()?) };
    let authorization = if c.accept("authorization") { Some(c.role()?) } else { None };
    let mut elements = Vec::new();
    while !c.at_end() {
        if !c.is_any(&["create", "grant"]) {
            return c.wanted("a schema element");
        }
        elements.push(schema_element(c)?);
    }
    elements.sort_by_key(|element| rank(&element.statement));
    Ok(CreateSchema { name, if_not_exists, authorization, elements })
}

/// A statement inside of CREATE SCHEMA, up to the next.
fn schema_element(c: &mut Cursor<'_>) -> Result<Parsed> {
    let from = c.position();
    c.bump();
    c.until(|c| c.is("create") || c.is("grant") && !c.is_ahead(1, "option"));
    let mut part = c.part(from);
    let statement = super::statement::read(&mut part, 0)?;
    part.end()?;
    if rank(&statement).is_none() {
        return refuse("a schema cannot be made with such a statement inside");
    }
    Ok(Parsed { statement, range: c.since(from).range })
}

/// When Postgres runs an element; `None` if it takes no such.
fn rank(statement: &Statement) -> Option<usize> {
    match statement {
        Statement::CreateSequence(_) => Some(0),
        Statement::CreateTable(create) if create.query.is_none() => Some(1),
        Statement::CreateView(create) if !create.materialized => Some(2),
        Statement::CreateIndex(_) => Some(3),
        Statement::CreateTrigger(_) => Some(4),
        Statement::Grant(_) => Some(5),
        _ => None,
    }
}

/// The part after CREATE EXTENSION.
pub(crate) fn create_extension(c: &mut Cursor<'_>) -> Result<CreateExtension> {
    let if_not_exists = c.if_not_exists();
    let mut extension =
        CreateExtension { name: c.ident()?, if_not_exists, schema: None, version: None, cascade: false };
    c.accept("with");
    loop {
        match () {
            () if c.accept("schema") => extension.schema = Some(c.ident()?),
            () if c.accept("version") => extension.version = Some(version(c)?),
            () if c.accept("from") => drop(version(c)?),
            () if c.accept("cascade") => extension.cascade = true,
            () => break,
        }
    }
    c.end()?;
    Ok(extension)
}

fn version(c: &mut Cursor<'_>) -> Result<String> {
    match c.accept_string() {
        Some(version) => Ok(version),
        None => c.label(),
    }
}

/// The part after ALTER EXTENSION.
pub(crate) fn alter_extension(c: &mut Cursor<'_>) -> Result<AlterExtension> {
    let name = c.ident()?;
    let action = match () {
        () if c.accept("update to") => ExtensionAction::Update(Some(version(c)?)),
        () if c.accept("update") => ExtensionAction::Update(None),
        () if c.accept("set schema") => ExtensionAction::Schema(c.ident()?),
        () if c.accept("add") => ExtensionAction::Member(true, object::reference(c)?),
        () if c.accept("drop") => ExtensionAction::Member(false, object::reference(c)?),
        () => return c.wanted("an action"),
    };
    c.end()?;
    Ok(AlterExtension { name, action })
}
