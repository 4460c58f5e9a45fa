//! Collations of the columns that queries give, as far as they are those of other columns.

use super::bind;
use super::catalog::object::Column;
use super::run::Run;
use crate::migrations::Name;
use crate::sql::Type;
use crate::sql::tree::{Expr, Node, Query, Select, SourceKind};

impl Run {
    /// Gives the column of a query its collation, and whether equal values are the same bytes under it.
    pub(super) fn collate_of_query(&self, column: &mut Column, query: &Query, place: usize) {
        let value = query.select().and_then(|select| Some((&select.targets.get(place)?.value, select)));
        if let Some((value, select)) = value {
            self.collate_as(column, value, select);
        }
    }

    fn collate_as(&self, column: &mut Column, value: &Expr, select: &Select) {
        match &value.node {
            Node::Collate(_, name) => {
                let schema = (!name.schema.is_empty()).then(|| name.schema.clone());
                self.collate(column, Some(&Name { schema, name: name.name.clone() }));
            }
            Node::Cast { operand, .. } if is_text(&value.data_type) && is_text(&operand.data_type) => {
                self.collate_as(column, operand, select);
            }
            Node::Column(found) if found.up == 0 => {
                let Some((source, at)) = select.sources.get(found.source).zip(found.column) else { return };
                match &source.kind {
                    SourceKind::Query(inner) => self.collate_of_query(column, inner, at),
                    SourceKind::Relation { key: Some(key), columns, .. } => {
                        let row = self.catalog.relations.get(bind::id(key.0));
                        let place = columns.get(at).and_then(|key| usize::try_from(key.0).ok());
                        if let Some(own) = row.and_then(|r| r.columns.get(place?)) {
                            column.collation.clone_from(&own.collation);
                            column.deterministic = own.deterministic;
                        }
                    }
                    _ => (),
                }
            }
            _ => (),
        }
    }
}

fn is_text(of: &Type) -> bool {
    matches!(of.name(), "text" | "character varying" | "character" | "name")
}
