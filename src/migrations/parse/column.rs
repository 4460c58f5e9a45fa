//! Columns and constraints, as CREATE TABLE and ALTER TABLE define them.

use super::cursor::{Cursor, Fragment, Result};
use super::sequence::SequenceOption;
use super::types::TypeName;
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;
use crate::model::{Generated, Identity, ReferentialAction};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type; `None` in the columns of a typed table or a partition.
    pub data_type: Option<TypeName>,
    /// `COLLATE`.
    pub collation: Option<Name>,
    /// What is said of it, in order.
    pub items: Vec<ColumnItem>,
}

/// Something said of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnItem {
    /// `NULL` (true) or `NOT NULL`, and the name of that as a constraint.
    Nullable(bool, Option<String>),
    /// `DEFAULT`.
    Default(Fragment),
    /// `GENERATED ALWAYS AS (...)`.
    Generated(Generated, Fragment),
    /// `GENERATED ... AS IDENTITY`.
    Identity(Identity, Vec<SequenceOption>),
    /// A constraint of this column.
    Constraint(TableConstraint),
    /// Storage, compression or options: nothing that access depends on.
    Other(Fragment),
}

/// A constraint of a table or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableConstraint {
    /// `CONSTRAINT name`.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintBody,
    /// `INCLUDE`: columns that a key's index holds beside its own.
    pub include: Vec<String>,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `NOT ENFORCED`.
    pub not_enforced: bool,
    /// `NO INHERIT`.
    pub no_inherit: bool,
    /// `DEFERRABLE`.
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`.
    pub initially_deferred: bool,
    /// All of it as written, without the name.
    pub text: Fragment,
}

/// What a constraint demands. Empty column lists mean the column it stands at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintBody {
    /// `CHECK`.
    Check(Fragment),
    /// `NOT NULL column`, a table constraint from Postgres 18 on.
    NotNull(String),
    /// `PRIMARY KEY`.
    PrimaryKey(Vec<String>),
    /// `UNIQUE`; and whether NULLs are not distinct.
    Unique(Vec<String>, bool),
    /// `PRIMARY KEY USING INDEX` (true) or `UNIQUE USING INDEX`.
    UsingIndex(bool, String),
    /// `EXCLUDE`.
    Exclude(Fragment),
    /// `REFERENCES`.
    ForeignKey(Box<ForeignKeyBody>),
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyBody {
    /// Its columns here.
    pub columns: Vec<String>,
    /// The relation referred to.
    pub relation: Name,
    /// Its columns; empty means its primary key.
    pub referenced: Vec<String>,
    /// `MATCH FULL`.
    pub match_full: bool,
    /// `ON UPDATE`.
    pub on_update: ReferentialAction,
    /// `ON DELETE`.
    pub on_delete: ReferentialAction,
    /// `ON DELETE SET NULL (columns)`.
    pub delete_set_columns: Vec<String>,
}

/// Key words that end an expression which stands without parentheses.
const AFTER_EXPRESSION: [&str; 14] = [
    "constraint",
    "not",
    "null",
    "default",
    "primary",
    "unique",
    "references",
    "check",
    "generated",
    "collate",
    "deferrable",
    "initially",
    "storage",
    "compression",
];

/// A column's name, type and all that follows.
pub(crate) fn column(c: &mut Cursor<'_>) -> Result<ColumnDefinition> {
    let name = c.column_name()?;
    let typed = !(c.at_end()
        || c.is_punct(b',')
        || c.is_punct(b')')
        || c.accept("with options")
        || c.is_any(&AFTER_EXPRESSION) && !is_mark(c, 1, b'.'));
    let data_type = if typed { Some(c.type_name()?) } else { None };
    let mut column = ColumnDefinition { name, data_type, collation: None, items: Vec::new() };
    while !(c.at_end() || c.is_punct(b',') || c.is_punct(b')')) {
        if c.accept("collate") {
            column.collation = Some(c.name()?);
        } else {
            let item = item(c)?;
            column.items.push(item);
        }
    }
    Ok(column)
}

/// What is said of a domain behind its type.
pub(crate) fn items(c: &mut Cursor<'_>) -> Result<Vec<ColumnItem>> {
    let mut items = Vec::new();
    while !c.at_end() {
        if c.accept("collate") {
            c.name()?;
        } else {
            items.push(item(c)?);
        }
    }
    Ok(items)
}

fn item(c: &mut Cursor<'_>) -> Result<ColumnItem> {
    let start = c.position();
    let name = if c.accept("constraint") { Some(c.ident()?) } else { None };
    if c.is("not") && c.is_ahead(1, "null") {
        c.expect("not null")?;
        c.accept("no inherit");
        return Ok(ColumnItem::Nullable(false, name));
    }
    if c.accept("null") {
        return Ok(ColumnItem::Nullable(true, None));
    }
    if c.accept("default") {
        return Ok(ColumnItem::Default(expression(c)));
    }
    if c.accept("generated") {
        return generated(c);
    }
    if c.accept("storage") || c.accept("compression") {
        c.label()?;
        return Ok(ColumnItem::Other(c.since(start)));
    }
    if c.accept("options") {
        c.parenthesised()?;
        return Ok(ColumnItem::Other(c.since(start)));
    }
    Ok(ColumnItem::Constraint(body(c, name)?))
}

/// `DEFAULT`'s expression: up to a comma or a word that starts another item.
pub(crate) fn expression(c: &mut Cursor<'_>) -> Fragment {
    let start = c.position();
    // A word such as NULL may itself be the expression.
    c.skip_one();
    // `storage` may also be the schema of a type.
    let ends = |c: &Cursor<'_>| c.is_punct(b',') || c.is_any(&AFTER_EXPRESSION) && !is_mark(c, 1, b'.');
    c.until(ends);
    c.since(start)
}

fn generated(c: &mut Cursor<'_>) -> Result<ColumnItem> {
    let identity = match () {
        () if c.accept("always") => Identity::Always,
        () if c.accept("by default") => Identity::ByDefault,
        () => return c.wanted("`ALWAYS` or `BY DEFAULT`"),
    };
    c.expect("as")?;
    if c.accept("identity") {
        let options = if c.accept_punct(b'(') {
            let options = super::sequence::options(c)?;
            c.expect_punct(b')')?;
            options
        } else {
            Vec::new()
        };
        return Ok(ColumnItem::Identity(identity, options));
    }
    let expression = c.parenthesised()?;
    // Without a word it is VIRTUAL, from Postgres 18 on; before, the word STORED had to be there.
    let kind = if c.accept("stored") { Generated::Stored } else { Generated::Virtual };
    c.accept("virtual");
    Ok(ColumnItem::Generated(kind, expression))
}

/// Whether a table constraint comes next, rather than a column.
pub(crate) fn is_constraint(c: &Cursor<'_>) -> bool {
    c.is("constraint")
        || c.is("check") && is_open(c, 1)
        || c.is("unique") && (is_open(c, 1) || c.is_ahead(1, "using") || c.is_ahead(1, "nulls"))
        || c.is("primary") && c.is_ahead(1, "key")
        || c.is("foreign") && c.is_ahead(1, "key")
        || c.is("exclude") && (is_open(c, 1) || c.is_ahead(1, "using"))
        || c.is("not") && c.is_ahead(1, "null")
}

fn is_open(c: &Cursor<'_>, n: usize) -> bool {
    is_mark(c, n, b'(')
}

fn is_mark(c: &Cursor<'_>, n: usize, mark: u8) -> bool {
    c.ahead(n).is_some_and(|t| t.kind == Kind::Punct(mark))
}

/// A table constraint.
pub(crate) fn constraint(c: &mut Cursor<'_>) -> Result<TableConstraint> {
    let name = if c.accept("constraint") { Some(c.ident()?) } else { None };
    body(c, name)
}

fn body(c: &mut Cursor<'_>, name: Option<String>) -> Result<TableConstraint> {
    let start = c.position();
    let mut include = Vec::new();
    let kind = match () {
        () if c.accept("check") => ConstraintBody::Check(c.parenthesised()?),
        () if c.accept("not null") => ConstraintBody::NotNull(c.ident()?),
        () if c.accept("primary key using index") => ConstraintBody::UsingIndex(true, c.ident()?),
        () if c.accept("unique using index") => ConstraintBody::UsingIndex(false, c.ident()?),
        () if c.accept("primary key") => ConstraintBody::PrimaryKey(key(c, &mut include)?),
        () if c.accept("unique") => {
            let not_distinct = c.accept("nulls not distinct");
            c.accept("nulls distinct");
            ConstraintBody::Unique(key(c, &mut include)?, not_distinct)
        }
        () if c.accept("exclude") => {
            let from = c.position();
            if c.accept("using") {
                c.ident()?;
            }
            c.parenthesised()?;
            index_parameters(c, &mut include)?;
            if c.accept("where") {
                c.parenthesised()?;
            }
            ConstraintBody::Exclude(c.since(from))
        }
        () if c.accept("foreign key") => {
            let columns = c.ident_list()?;
            c.expect("references")?;
            foreign_key(c, columns)?
        }
        () if c.accept("references") => foreign_key(c, Vec::new())?,
        () => return c.wanted("a constraint"),
    };
    let mut constraint = TableConstraint {
        name,
        kind,
        include,
        not_valid: false,
        not_enforced: false,
        no_inherit: false,
        deferrable: false,
        initially_deferred: false,
        text: c.since(start),
    };
    attributes(c, &mut constraint);
    constraint.text = c.since(start);
    Ok(constraint)
}

fn attributes(c: &mut Cursor<'_>, constraint: &mut TableConstraint) {
    loop {
        match () {
            () if c.accept("not valid") => constraint.not_valid = true,
            () if c.accept("not enforced") => constraint.not_enforced = true,
            () if c.accept("no inherit") => constraint.no_inherit = true,
            () if c.accept("not deferrable") || c.accept("initially immediate") || c.accept("enforced") => (),
            () if c.accept("deferrable") => constraint.deferrable = true,
            () if c.accept("initially deferred") => {
                (constraint.deferrable, constraint.initially_deferred) = (true, true);
            }
            () => return,
        }
    }
}

/// The columns of a key, if any are written, and the options of its index.
fn key(c: &mut Cursor<'_>, include: &mut Vec<String>) -> Result<Vec<String>> {
    let mut columns = Vec::new();
    if c.accept_punct(b'(') {
        columns = c.list(|c| {
            let name = c.ident();
            c.accept("without overlaps");
            name
        })?;
        c.expect_punct(b')')?;
    }
    index_parameters(c, include)?;
    Ok(columns)
}

fn index_parameters(c: &mut Cursor<'_>, include: &mut Vec<String>) -> Result<()> {
    if c.accept("include") {
        *include = c.ident_list()?;
    }
    if c.accept("with") {
        c.parenthesised()?;
    }
    if c.accept("using index tablespace") {
        c.ident()?;
    }
    Ok(())
}

fn foreign_key(c: &mut Cursor<'_>, columns: Vec<String>) -> Result<ConstraintBody> {
    let relation = c.name()?;
    let referenced = if c.is_punct(b'(') { c.ident_list()? } else { Vec::new() };
    let mut key = ForeignKeyBody {
        columns,
        relation,
        referenced,
        match_full: false,
        on_update: ReferentialAction::NoAction,
        on_delete: ReferentialAction::NoAction,
        delete_set_columns: Vec::new(),
    };
    loop {
        match () {
            () if c.accept("match full") => key.match_full = true,
            () if c.accept("match simple") || c.accept("match partial") => (),
            () if c.accept("on update") => key.on_update = action(c)?.0,
            () if c.accept("on delete") => (key.on_delete, key.delete_set_columns) = action(c)?,
            () => return Ok(ConstraintBody::ForeignKey(Box::new(key))),
        }
    }
}

fn action(c: &mut Cursor<'_>) -> Result<(ReferentialAction, Vec<String>)> {
    let action = match () {
        () if c.accept("no action") => ReferentialAction::NoAction,
        () if c.accept("restrict") => ReferentialAction::Restrict,
        () if c.accept("cascade") => ReferentialAction::Cascade,
        () if c.accept("set null") => ReferentialAction::SetNull,
        () if c.accept("set default") => ReferentialAction::SetDefault,
        () => return c.wanted("a referential action"),
    };
    let sets = matches!(action, ReferentialAction::SetNull | ReferentialAction::SetDefault);
    let columns = if sets && c.is_punct(b'(') { c.ident_list()? } else { Vec::new() };
    Ok((action, columns))
}
