//! Columns.

use std::collections::HashMap;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use super::relations::{Relations, attach};
use crate::connector::ConnectError;
use crate::model::{Column, Generated, Identity, Origin, printable};

pub(super) const QUERY: Query = Query::new("columns", include_str!("columns.sql"));

/// A column with its relation and its number there.
pub(super) type Numbered = ((u32, i16), Column);

/// All columns, in their relations' order.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<Vec<Numbered>, ConnectError> {
    let mut columns = batch.read(&QUERY, context, column)?;
    columns.sort_by_key(|(place, _)| *place);
    Ok(columns)
}

fn column(record: &Record<'_>) -> Result<Numbered, ConnectError> {
    let column = Column {
        name: record.text("name")?,
        data_type: record.text("data_type")?,
        nullable: !record.flag("not_null")?,
        default: record.maybe_text("default")?,
        generated: match record.letter("generated")? {
            's' => Some(Generated::Stored),
            'v' => Some(Generated::Virtual),
            _ => None,
        },
        identity: match record.letter("identity")? {
            'a' => Some(Identity::Always),
            'd' => Some(Identity::ByDefault),
            _ => None,
        },
        collation: record.maybe_text("collation")?,
        deterministic: record.flag("deterministic")?,
        acl: record.acl()?,
        origin: Origin::Catalog,
    };
    Ok(((record.oid("relation")?, record.get("number")?), column))
}

/// The names by relation and number, which keys are told in.
pub(super) fn names(columns: &[Numbered]) -> HashMap<(u32, i16), String> {
    columns.iter().map(|(place, column)| (*place, column.name.clone())).collect()
}

/// Gives the columns to their relations. A grant on a system column, such as `ctid`, is a gap: it shows which rows
/// exist, and the model has no place for it.
pub(super) fn give(columns: Vec<Numbered>, context: &Context, relations: &mut Relations) {
    let (columns, of_system): (Vec<_>, Vec<_>) = columns.into_iter().partition(|((_, number), _)| *number > 0);
    for ((relation, _), column) in of_system.into_iter().filter(|(_, column)| !column.acl.0.is_empty()) {
        let name = relations.get(&relation).map(|r| r.name.to_string()).unwrap_or_default();
        let what = format!("the grants on the system column {} of {} are not judged", column.name, printable(&name));
        context.gap(what, true);
    }
    let columns = columns.into_iter().map(|((relation, _), column)| (relation, column)).collect();
    attach(relations, columns, |relation, column| relation.columns.push(column));
}
