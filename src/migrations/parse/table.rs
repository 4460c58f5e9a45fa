//! CREATE TABLE, CREATE FOREIGN TABLE, CREATE TABLE AS and CREATE INDEX.

use super::column::{self, ColumnDefinition, TableConstraint};
use super::cursor::{Cursor, Fragment, Result};
use crate::migrations::names::Name;

/// `CREATE TABLE` of all forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `UNLOGGED`.
    pub unlogged: bool,
    /// Columns, in order.
    pub columns: Vec<ColumnDefinition>,
    /// Constraints of the table.
    pub constraints: Vec<TableConstraint>,
    /// `LIKE`: tables to copy columns from.
    pub like: Vec<TableLike>,
    /// `INHERITS`.
    pub inherits: Vec<Name>,
    /// `PARTITION BY`.
    pub partition_by: Option<Fragment>,
    /// `PARTITION OF` and its bound.
    pub partition_of: Option<(Name, Fragment)>,
    /// `OF type`.
    pub of_type: Option<Name>,
    /// `FOREIGN TABLE ... SERVER`.
    pub server: Option<String>,
    /// `AS query` of CREATE TABLE AS; with it `columns` have only names.
    pub query: Option<Fragment>,
    /// `WITH NO DATA`.
    pub no_data: bool,
}

/// `LIKE table INCLUDING ...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLike {
    /// The table.
    pub relation: Name,
    /// How many of the new table's own columns stand before it.
    pub after: usize,
    /// `INCLUDING` (true) and `EXCLUDING`, in order and in lower case.
    pub options: Vec<(bool, String)>,
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name, if written.
    pub name: Option<String>,
    /// The relation.
    pub relation: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `ONLY`.
    pub only: bool,
    /// `USING`.
    pub method: Option<String>,
    /// The keys as written, with their operator classes and orders.
    pub keys: Vec<Fragment>,
    /// `INCLUDE`.
    pub include: Vec<String>,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// `WHERE`.
    pub predicate: Option<Fragment>,
}

/// What stands before the word TABLE.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lead {
    pub(crate) temporary: bool,
    pub(crate) unlogged: bool,
    pub(crate) foreign: bool,
}

/// The part after CREATE TABLE.
pub(crate) fn create(c: &mut Cursor<'_>, lead: Lead) -> Result<CreateTable> {
    let if_not_exists = c.if_not_exists();
    let mut table = CreateTable {
        name: c.name()?,
        if_not_exists,
        temporary: lead.temporary,
        unlogged: lead.unlogged,
        columns: Vec::new(),
        constraints: Vec::new(),
        like: Vec::new(),
        inherits: Vec::new(),
        partition_by: None,
        partition_of: None,
        of_type: None,
        server: None,
        query: None,
        no_data: false,
    };
    let parent = if c.accept("partition of") { Some(c.name()?) } else { None };
    if c.accept("of") {
        table.of_type = Some(c.name()?);
    }
    if c.accept_punct(b'(') {
        elements(c, &mut table)?;
    }
    if let Some(parent) = parent {
        let bound = if c.accept("default") {
            c.since(c.position().saturating_sub(1))
        } else {
            c.expect("for values")?;
            bound(c)?
        };
        table.partition_of = Some((parent, bound));
    }
    tail(c, &mut table, lead)?;
    c.end()?;
    Ok(table)
}

/// What follows FOR VALUES.
pub(crate) fn bound(c: &mut Cursor<'_>) -> Result<Fragment> {
    let start = c.position();
    if c.accept("from") {
        c.parenthesised()?;
        c.expect("to")?;
    } else if !c.accept("in") {
        c.expect("with")?;
    }
    c.parenthesised()?;
    Ok(c.since(start))
}

fn elements(c: &mut Cursor<'_>, table: &mut CreateTable) -> Result<()> {
    if c.accept_punct(b')') {
        return Ok(());
    }
    loop {
        if c.accept("like") {
            let relation = c.name()?;
            let mut options = Vec::new();
            while c.is_any(&["including", "excluding"]) {
                let including = c.label()? == "including";
                options.push((including, c.label()?));
            }
            table.like.push(TableLike { relation, after: table.columns.len(), options });
        } else if column::is_constraint(c) {
            table.constraints.push(column::constraint(c)?);
        } else {
            table.columns.push(column::column(c)?);
        }
        if !c.accept_punct(b',') {
            return c.expect_punct(b')');
        }
    }
}

fn tail(c: &mut Cursor<'_>, table: &mut CreateTable, lead: Lead) -> Result<()> {
    loop {
        match () {
            () if c.accept("inherits") => {
                c.expect_punct(b'(')?;
                table.inherits = c.names()?;
                c.expect_punct(b')')?;
            }
            () if c.accept("partition by") => {
                let start = c.position();
                c.label()?;
                c.parenthesised()?;
                table.partition_by = Some(c.since(start));
            }
            () if c.accept("using") || c.accept("tablespace") => drop(c.ident()?),
            () if c.accept("on commit") => {
                let _ = c.accept("preserve rows") || c.accept("delete rows") || c.accept("drop");
            }
            () if c.accept("without oids") => (),
            () if lead.foreign && c.accept("server") => table.server = Some(c.ident()?),
            () if lead.foreign && c.accept("options") => drop(c.parenthesised()?),
            () if c.accept("as") => {
                let query = c.until(|c| c.is("with") && (c.is_ahead(1, "no") || c.is_ahead(1, "data")));
                table.query = Some(query);
                table.no_data = c.accept("with no data");
                c.accept("with data");
            }
            () if c.accept("with") => drop(c.parenthesised()?),
            () => return Ok(()),
        }
    }
}

/// The part after CREATE INDEX or CREATE UNIQUE INDEX.
pub(crate) fn index(c: &mut Cursor<'_>, unique: bool) -> Result<CreateIndex> {
    c.accept("concurrently");
    let if_not_exists = c.if_not_exists();
    let name = if c.is("on") { None } else { Some(c.name()?.name) };
    c.expect("on")?;
    let only = c.accept("only");
    let relation = c.name()?;
    let method = if c.accept("using") { Some(c.ident()?) } else { None };
    c.expect_punct(b'(')?;
    let keys = c.list(|c| Ok(c.until(|c| c.is_punct(b','))))?;
    c.expect_punct(b')')?;
    let include = if c.accept("include") { c.ident_list()? } else { Vec::new() };
    let nulls_not_distinct = c.accept("nulls not distinct");
    c.accept("nulls distinct");
    if c.accept("with") {
        c.parenthesised()?;
    }
    if c.accept("tablespace") {
        c.ident()?;
    }
    let predicate = c.accept("where").then(|| c.rest());
    c.end()?;
    Ok(CreateIndex {
        name,
        relation,
        unique,
        if_not_exists,
        only,
        method,
        keys,
        include,
        nulls_not_distinct,
        predicate,
    })
}
