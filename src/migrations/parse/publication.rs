//! Publications, which send rows out past every policy.

use super::alter;
use super::cursor::{Cursor, Fragment, Result};
use super::object::{self, Change};
use crate::migrations::names::Name;

/// An object of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A table.
    Table {
        /// The table.
        relation: Name,
        /// `ONLY`.
        only: bool,
        /// The columns, if only some.
        columns: Vec<String>,
        /// `WHERE`.
        filter: Option<Fragment>,
    },
    /// `TABLES IN SCHEMA`; `None` is `CURRENT_SCHEMA`.
    Schema(Option<String>),
}

/// `CREATE PUBLICATION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePublication {
    /// The publication.
    pub name: String,
    /// `FOR ALL TABLES`.
    pub all_tables: bool,
    /// What it publishes.
    pub objects: Vec<Published>,
    /// `WITH (...)`.
    pub options: Vec<(String, Option<String>)>,
}

/// `ALTER PUBLICATION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterPublication {
    /// The publication.
    pub name: String,
    /// What is done.
    pub action: PublicationAction,
}

/// What ALTER PUBLICATION does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicationAction {
    /// `ADD`.
    Add(Vec<Published>),
    /// `SET`.
    Set(Vec<Published>),
    /// `DROP`.
    Drop(Vec<Published>),
    /// `SET (...)`.
    Options(Vec<(String, Option<String>)>),
    /// A new name or owner.
    Change(Change),
}

/// The part after CREATE PUBLICATION.
pub(crate) fn create(c: &mut Cursor<'_>) -> Result<CreatePublication> {
    let name = c.ident()?;
    let all_tables = c.accept("for all tables");
    let objects = if c.accept("for") { objects(c)? } else { Vec::new() };
    let options = if c.accept("with") { alter::options(c)? } else { Vec::new() };
    c.end()?;
    Ok(CreatePublication { name, all_tables, objects, options })
}

fn objects(c: &mut Cursor<'_>) -> Result<Vec<Published>> {
    let mut schemas = false;
    c.list(|c| {
        if c.accept("tables in schema") || c.accept("all tables in schema") {
            schemas = true;
        } else if c.accept("table") {
            schemas = false;
        }
        if schemas {
            return Ok(Published::Schema(if c.accept("current_schema") { None } else { Some(c.ident()?) }));
        }
        let only = c.accept("only");
        let relation = c.name()?;
        c.accept_operator("*");
        let columns = if c.is_punct(b'(') { c.ident_list()? } else { Vec::new() };
        let filter = if c.accept("where") { Some(c.parenthesised()?) } else { None };
        Ok(Published::Table { relation, only, columns, filter })
    })
}

/// The part after ALTER PUBLICATION.
pub(crate) fn alter(c: &mut Cursor<'_>) -> Result<AlterPublication> {
    let name = c.ident()?;
    let action = match object::change(c)? {
        Some(change) => PublicationAction::Change(change),
        None => match () {
            () if c.accept("add") => PublicationAction::Add(objects(c)?),
            () if c.accept("drop") => PublicationAction::Drop(objects(c)?),
            () if c.accept("set") && c.is_punct(b'(') => PublicationAction::Options(alter::options(c)?),
            // The guard above has taken the word.
            () if c.is_any(&["table", "tables"]) => PublicationAction::Set(objects(c)?),
            () => return c.wanted("an action"),
        },
    };
    c.end()?;
    Ok(AlterPublication { name, action })
}
