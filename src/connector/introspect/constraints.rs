//! Constraints and indexes.

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{
    Constraint, ConstraintKind, ForeignKey, Index, Origin, QualifiedName, ReferentialAction, RelationKind,
};

pub(super) const QUERY: Query = Query::new("constraints", include_str!("constraints.sql"));
pub(super) const INDEXES: Query = Query::new("indexes", include_str!("indexes.sql"));

/// Adds constraints and indexes to their relations.
pub(super) fn add(batch: &Batch, context: &Context, relations: &mut Relations) -> Result<(), ConnectError> {
    let constraints = batch.read(&QUERY, context, constraint)?;
    attach(relations, constraints, |relation, mut constraint| {
        // The server checks no row of a foreign table.
        constraint.enforced &= relation.kind != RelationKind::ForeignTable;
        relation.constraints.push(constraint);
    });
    let indexes = batch.read(&INDEXES, context, index)?;
    attach(relations, indexes, |relation, index| relation.indexes.push(index));
    Ok(())
}

fn constraint(record: &Record<'_>) -> Result<(u32, Constraint), ConnectError> {
    let (relation, name) = (record.oid("relation")?, record.text("name")?);
    let constraint = Constraint {
        kind: match record.letter("kind")? {
            'p' => ConstraintKind::PrimaryKey,
            'u' => ConstraintKind::Unique,
            'x' => ConstraintKind::Exclusion,
            't' => ConstraintKind::Trigger,
            'f' => ConstraintKind::ForeignKey(foreign_key(record, relation)?),
            _ => ConstraintKind::Check(record.printed("expression", &name)?),
        },
        columns: record.columns(relation, "columns")?,
        definition: record.printed("definition", &name)?,
        validated: record.flag("validated")?,
        enforced: record.flag("enforced")?,
        deferrable: record.flag("deferrable")?,
        initially_deferred: record.flag("initially_deferred")?,
        name,
        origin: Origin::Catalog,
    };
    Ok((relation, constraint))
}

fn foreign_key(record: &Record<'_>, relation: u32) -> Result<ForeignKey, ConnectError> {
    let schema = record.maybe_text("foreign_schema")?.unwrap_or_default();
    let name = record.maybe_text("foreign_name")?.unwrap_or_default();
    Ok(ForeignKey {
        relation: QualifiedName::new(schema, name),
        columns: record.columns(record.oid("foreign_relation")?, "foreign_columns")?,
        on_update: action(record.letter("on_update")?),
        on_delete: action(record.letter("on_delete")?),
        delete_set_columns: record.columns(relation, "delete_set_columns")?,
        match_full: record.flag("match_full")?,
    })
}

fn action(letter: char) -> ReferentialAction {
    match letter {
        'r' => ReferentialAction::Restrict,
        'c' => ReferentialAction::Cascade,
        'n' => ReferentialAction::SetNull,
        'd' => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

fn index(record: &Record<'_>) -> Result<(u32, Index), ConnectError> {
    let name = record.text("name")?;
    let keys = record.maybe_texts("keys")?;
    if keys.iter().any(Option::is_none) {
        record.vanished(&name);
    }
    let index = Index {
        keys: keys.into_iter().map(Option::unwrap_or_default).collect(),
        unique: record.flag("unique")?,
        nulls_not_distinct: record.flag("nulls_not_distinct")?,
        predicate: record.printed_if("is_partial", "predicate", &name)?,
        valid: record.flag("valid")?,
        method: record.text("method")?,
        name,
        origin: Origin::Catalog,
    };
    Ok((record.oid("relation")?, index))
}
