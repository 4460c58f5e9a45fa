//! ALTER TABLE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE, SEQUENCE and INDEX: actions on a relation.

use super::column::{self, ColumnDefinition, TableConstraint};
use super::cursor::{Cursor, Fragment, Result};
use super::object::{self, Change, ObjectKind};
use super::sequence::{self, SequenceOption};
use super::types::TypeName;
use crate::migrations::names::Name;
use crate::model::{FiresWhen, Identity};

/// `ALTER` of a relation of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterRelation {
    /// The word; ALTER TABLE works on views and sequences too.
    pub kind: ObjectKind,
    /// The relation.
    pub relation: Name,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `ONLY`.
    pub only: bool,
    /// What is done, in order.
    pub actions: Vec<RelationAction>,
}

/// What ALTER TABLE and its like do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationAction {
    /// Renames it, gives it away or moves it.
    Change(Change),
    /// `RENAME COLUMN a TO b`.
    RenameColumn(String, String),
    /// `RENAME CONSTRAINT a TO b`.
    RenameConstraint(String, String),
    /// `ENABLE` or `DISABLE ROW LEVEL SECURITY`.
    RowSecurity(bool),
    /// `FORCE` or `NO FORCE ROW LEVEL SECURITY`.
    ForceRowSecurity(bool),
    /// `ADD COLUMN`; and `IF NOT EXISTS`.
    AddColumn(Box<ColumnDefinition>, bool),
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `ALTER COLUMN`.
    AlterColumn(String, ColumnAction),
    /// `ADD` of a constraint.
    AddConstraint(Box<TableConstraint>),
    /// `DROP CONSTRAINT`.
    DropConstraint {
        /// The constraint.
        name: String,
        /// `IF EXISTS`.
        if_exists: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint(String),
    /// `ALTER CONSTRAINT` and its new attributes.
    AlterConstraint(String, Fragment),
    /// `ENABLE` or `DISABLE TRIGGER`; `None` is `ALL` or `USER`.
    Trigger(Option<String>, FiresWhen),
    /// `ENABLE` or `DISABLE RULE`.
    Rule(String, FiresWhen),
    /// `INHERIT` (true) or `NO INHERIT`.
    Inherit(Name, bool),
    /// `ATTACH PARTITION` and its bound.
    AttachPartition(Name, Option<Fragment>),
    /// `DETACH PARTITION`.
    DetachPartition(Name),
    /// `REPLICA IDENTITY` and what follows.
    ReplicaIdentity(Fragment),
    /// `SET (...)`: options such as `security_invoker`, in lower case, and their values.
    SetOptions(Vec<(String, Option<String>)>),
    /// `RESET (...)`.
    ResetOptions(Vec<String>),
    /// `SET LOGGED` (true) or `UNLOGGED`.
    Logged(bool),
    /// Options of ALTER SEQUENCE.
    Sequence(Vec<SequenceOption>),
    /// Storage, statistics, clustering, options of a foreign table: nothing that access depends on.
    Other(Fragment),
}

/// What ALTER COLUMN does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnAction {
    /// `TYPE`, with its COLLATE and its USING.
    Type(Box<TypeName>, Option<Name>, Option<Fragment>),
    /// `SET DEFAULT`, or `DROP DEFAULT`.
    Default(Option<Fragment>),
    /// `DROP NOT NULL` (true) or `SET NOT NULL`.
    Nullable(bool),
    /// `ADD GENERATED ... AS IDENTITY`.
    AddIdentity(Identity, Vec<SequenceOption>),
    /// `SET GENERATED ...` and sequence options as written.
    SetIdentity(Fragment),
    /// `DROP IDENTITY`.
    DropIdentity,
    /// `SET EXPRESSION AS`.
    SetExpression(Fragment),
    /// `DROP EXPRESSION`, and whether with IF EXISTS.
    DropExpression(bool),
    /// Statistics, storage and options.
    Other(Fragment),
}

/// The part after ALTER and the relation's kind.
pub(crate) fn alter(c: &mut Cursor<'_>, kind: ObjectKind) -> Result<AlterRelation> {
    if c.accept("all in tablespace") {
        return c.wanted("a relation");
    }
    let if_exists = c.if_exists();
    let only = c.accept("only");
    let relation = c.name()?;
    c.accept_operator("*");
    let actions = if kind == ObjectKind::Sequence { vec![sequence_action(c)?] } else { c.list(|c| action(c, kind))? };
    c.end()?;
    Ok(AlterRelation { kind, relation, if_exists, only, actions })
}

fn sequence_action(c: &mut Cursor<'_>) -> Result<RelationAction> {
    if let Some(change) = object::change(c)? {
        return Ok(RelationAction::Change(change));
    }
    Ok(match () {
        () if c.accept("set logged") => RelationAction::Logged(true),
        () if c.accept("set unlogged") => RelationAction::Logged(false),
        () => RelationAction::Sequence(sequence::options(c)?),
    })
}

fn action(c: &mut Cursor<'_>, kind: ObjectKind) -> Result<RelationAction> {
    let start = c.position();
    if let Some(change) = object::change(c)? {
        return Ok(RelationAction::Change(change));
    }
    Ok(match () {
        () if c.accept("rename constraint") => {
            let (from, to) = rename(c)?;
            RelationAction::RenameConstraint(from, to)
        }
        () if c.accept("rename") => {
            c.accept("column");
            let (from, to) = rename(c)?;
            RelationAction::RenameColumn(from, to)
        }
        () if c.accept("enable row level security") => RelationAction::RowSecurity(true),
        () if c.accept("disable row level security") => RelationAction::RowSecurity(false),
        () if c.accept("force row level security") => RelationAction::ForceRowSecurity(true),
        () if c.accept("no force row level security") => RelationAction::ForceRowSecurity(false),
        () if c.is_any(&["enable", "disable"]) => firing(c)?,
        () if c.accept("add") => add(c)?,
        () if c.accept("drop") => drop_part(c)?,
        () if c.accept("alter constraint") => {
            let name = c.ident()?;
            RelationAction::AlterConstraint(name, c.until(|c| c.is_punct(b',')))
        }
        () if c.accept("alter") => {
            c.accept("column");
            let name = c.ident()?;
            RelationAction::AlterColumn(name, column_action(c)?)
        }
        () if c.accept("validate constraint") => RelationAction::ValidateConstraint(c.ident()?),
        () if c.accept("inherit") => RelationAction::Inherit(c.name()?, true),
        () if c.accept("no inherit") => RelationAction::Inherit(c.name()?, false),
        () if c.accept("attach partition") => attach(c)?,
        () if c.accept("detach partition") => {
            let partition = c.name()?;
            let _ = c.accept("concurrently") || c.accept("finalize");
            RelationAction::DetachPartition(partition)
        }
        () if c.accept("replica identity") => RelationAction::ReplicaIdentity(c.until(|c| c.is_punct(b','))),
        () if c.accept("set logged") => RelationAction::Logged(true),
        () if c.accept("set unlogged") => RelationAction::Logged(false),
        () if c.accept("set tablespace") || c.accept("set access method") || c.accept("cluster on") => other(c, start),
        () if c.accept("set without") || c.accept("not of") || c.accept("of") => other(c, start),
        () if c.accept("depends on extension") || c.accept("no depends on extension") => other(c, start),
        () if c.accept("options") && kind == ObjectKind::ForeignTable => other(c, start),
        () if c.accept("set") => RelationAction::SetOptions(options(c)?),
        () if c.accept("reset") => {
            RelationAction::ResetOptions(options(c)?.into_iter().map(|(name, _)| name).collect())
        }
        () => return c.wanted("an action"),
    })
}

fn other(c: &mut Cursor<'_>, start: usize) -> RelationAction {
    c.until(|c| c.is_punct(b','));
    RelationAction::Other(c.since(start))
}

fn rename(c: &mut Cursor<'_>) -> Result<(String, String)> {
    let from = c.ident()?;
    c.expect("to")?;
    Ok((from, c.ident()?))
}

fn firing(c: &mut Cursor<'_>) -> Result<RelationAction> {
    let fires = match () {
        () if c.accept("disable") => FiresWhen::Disabled,
        () if c.accept("enable replica") => FiresWhen::Replica,
        () if c.accept("enable always") => FiresWhen::Always,
        () => {
            c.expect("enable")?;
            FiresWhen::Origin
        }
    };
    if c.accept("rule") {
        return Ok(RelationAction::Rule(c.ident()?, fires));
    }
    c.expect("trigger")?;
    let all = c.accept("all") || c.accept("user");
    Ok(RelationAction::Trigger(if all { None } else { Some(c.ident()?) }, fires))
}

fn add(c: &mut Cursor<'_>) -> Result<RelationAction> {
    if column::is_constraint(c) {
        return Ok(RelationAction::AddConstraint(Box::new(column::constraint(c)?)));
    }
    c.accept("column");
    let if_not_exists = c.if_not_exists();
    Ok(RelationAction::AddColumn(Box::new(column::column(c)?), if_not_exists))
}

fn drop_part(c: &mut Cursor<'_>) -> Result<RelationAction> {
    let constraint = c.accept("constraint");
    if !constraint {
        c.accept("column");
    }
    let if_exists = c.if_exists();
    let name = c.ident()?;
    let cascade = c.behavior();
    Ok(match constraint {
        true => RelationAction::DropConstraint { name, if_exists, cascade },
        false => RelationAction::DropColumn { name, if_exists, cascade },
    })
}

fn attach(c: &mut Cursor<'_>) -> Result<RelationAction> {
    let partition = c.name()?;
    let bound = match () {
        () if c.accept("default") => Some(c.since(c.position().saturating_sub(1))),
        () if c.accept("for values") => Some(super::table::bound(c)?),
        () => None,
    };
    Ok(RelationAction::AttachPartition(partition, bound))
}

/// `(name = value, ...)` of relations; values without quotes.
pub(crate) fn options(c: &mut Cursor<'_>) -> Result<Vec<(String, Option<String>)>> {
    c.expect_punct(b'(')?;
    let options = c.list(|c| {
        let name = super::grant::setting_name(c)?;
        let sign = c.accept_operator("=");
        if !sign && (c.is_punct(b',') || c.is_punct(b')')) {
            return Ok((name, None));
        }
        let value = match c.accept_string() {
            Some(value) => value,
            None => c.until(|c| c.is_punct(b',')).text,
        };
        Ok((name, Some(value)))
    })?;
    c.expect_punct(b')')?;
    Ok(options)
}

fn column_action(c: &mut Cursor<'_>) -> Result<ColumnAction> {
    let start = c.position();
    let ends = |c: &Cursor<'_>| c.is_punct(b',');
    Ok(match () {
        () if c.accept("type") || c.accept("set data type") => {
            let data_type = c.type_name()?;
            let collation = if c.accept("collate") { Some(c.name()?) } else { None };
            let using = c.accept("using").then(|| c.until(ends));
            ColumnAction::Type(Box::new(data_type), collation, using)
        }
        () if c.accept("set default") => ColumnAction::Default(Some(c.until(ends))),
        () if c.accept("drop default") => ColumnAction::Default(None),
        () if c.accept("set not null") => ColumnAction::Nullable(false),
        () if c.accept("drop not null") => ColumnAction::Nullable(true),
        () if c.accept("drop identity") => {
            c.if_exists();
            ColumnAction::DropIdentity
        }
        () if c.accept("drop expression") => ColumnAction::DropExpression(c.if_exists()),
        () if c.accept("set expression as") => ColumnAction::SetExpression(c.parenthesised()?),
        () if c.accept("add generated") => add_identity(c)?,
        () if c.is("set") && c.is_ahead(1, "generated") || c.is("restart") => ColumnAction::SetIdentity(c.until(ends)),
        () if c.is("set")
            && ["start", "increment", "minvalue", "maxvalue", "no", "cache", "cycle", "restart"]
                .iter()
                .any(|w| c.is_ahead(1, w)) =>
        {
            ColumnAction::SetIdentity(c.until(ends))
        }
        () if c.accept("set statistics") || c.accept("set storage") || c.accept("set compression") => {
            c.until(ends);
            ColumnAction::Other(c.since(start))
        }
        () if c.accept("set") || c.accept("reset") || c.accept("options") => {
            c.parenthesised()?;
            ColumnAction::Other(c.since(start))
        }
        () => return c.wanted("an action on a column"),
    })
}

fn add_identity(c: &mut Cursor<'_>) -> Result<ColumnAction> {
    let identity = match () {
        () if c.accept("always as identity") => Identity::Always,
        () if c.accept("by default as identity") => Identity::ByDefault,
        () => return c.wanted("`ALWAYS AS IDENTITY` or `BY DEFAULT AS IDENTITY`"),
    };
    let mut options = Vec::new();
    if c.accept_punct(b'(') {
        options = sequence::options(c)?;
        c.expect_punct(b')')?;
    }
    Ok(ColumnAction::AddIdentity(identity, options))
}
