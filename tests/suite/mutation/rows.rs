//! Rows for all tables of a fixture, drawn from a few values so that they often meet.

use std::fmt::Write as _;

use pgwitness::analyzer::term::Type;
use pgwitness::checks::Context;
use pgwitness::model::{Column, ConstraintKind, Relation, RelationKind, Schema, quote_ident, quote_literal};

use super::weaken::subjects;
use crate::differential::choice::Choice;

/// The people there are.
pub(super) const PEOPLE: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-000000000003",
];

/// Statements, one for each row; one that a constraint refuses is left out by whoever runs them.
pub(super) fn statements(cx: &Context<'_>, c: &mut Choice, of_each: usize) -> Vec<String> {
    let mut all: Vec<_> =
        PEOPLE.iter().map(|id| format!("insert into auth.users (id) values ('{id}') on conflict do nothing")).collect();
    for relation in tables(cx) {
        for _ in 0..of_each {
            all.push(insert(relation, &row(cx.schema, relation, c)));
        }
    }
    all
}

/// The tables of the fixture that rows can be inserted into by name.
pub(super) fn tables<'a>(cx: &'a Context<'_>) -> Vec<&'a Relation> {
    let is_table =
        |r: &&Relation| matches!(r.kind, RelationKind::Table | RelationKind::PartitionedTable) && !r.is_partition;
    subjects(cx).into_iter().filter(is_table).collect()
}

/// Values for all columns that take one.
pub(super) fn row(schema: &Schema, relation: &Relation, c: &mut Choice) -> Vec<(String, Option<String>)> {
    let takes = |column: &&Column| column.generated.is_none();
    relation
        .columns
        .iter()
        .filter(takes)
        .map(|column| (column.name.clone(), value(schema, relation, column, c)))
        .collect()
}

fn insert(relation: &Relation, row: &[(String, Option<String>)]) -> String {
    let columns: Vec<_> = row.iter().map(|(name, _)| quote_ident(name)).collect();
    let values: Vec<_> = row.iter().map(|(_, v)| v.as_deref().map_or("null".to_owned(), quote_literal)).collect();
    let mut sql = String::new();
    write!(
        sql,
        "insert into {} ({}) overriding system value values ({}) on conflict do nothing",
        relation.name,
        columns.join(", "),
        values.join(", ")
    )
    .unwrap();
    sql
}

/// A value for a column, as text.
pub(super) fn value(schema: &Schema, relation: &Relation, column: &Column, c: &mut Choice) -> Option<String> {
    if column.nullable && c.chance(25) {
        return None;
    }
    if relation.name.schema == "storage" && column.name == "bucket_id" {
        return Some(c.pick(&["avatars", "photos", "exports"]).to_owned());
    }
    if relation.name.schema == "storage" && column.name == "name" {
        return Some(format!("{}/{}", c.pick(&PEOPLE), c.below(20)));
    }
    let listed = listed(relation, column);
    if !listed.is_empty() {
        return Some(c.pick(&listed));
    }
    let data_type = Type::named(&column.data_type, schema);
    Some(match &data_type {
        Type::Bool => (*c.pick(&["true", "false"])).to_owned(),
        Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric | Type::Float4 | Type::Float8 => {
            (1 + c.below(4)).to_string()
        }
        Type::Uuid => c.pick(&PEOPLE).to_owned(),
        Type::Text | Type::Varchar | Type::Char | Type::Name => c.pick(&["abc", "xyz", "lmn"]).to_owned(),
        Type::Date => format!("2025-0{}-01", 1 + c.below(9)),
        Type::Timestamp | Type::Timestamptz => format!("2025-0{}-01 00:00:00", 1 + c.below(9)),
        Type::Time => "12:00".to_owned(),
        Type::Bytea => "\\x00".to_owned(),
        Type::Json | Type::Jsonb | Type::Array(_) => "{}".to_owned(),
        Type::Enum(e) => c.pick(&e.labels).to_string(),
        Type::Other(name) => match name.as_ref() {
            "interval" => "1 hour".to_owned(),
            "inet" => "192.0.2.1".to_owned(),
            _ => return None,
        },
    })
}

/// The words that a CHECK lists for the column.
fn listed(relation: &Relation, column: &Column) -> Vec<String> {
    let of_column = relation.constraints.iter().filter(|c| c.columns == [column.name.clone()]);
    let texts = of_column.filter_map(|c| match &c.kind {
        ConstraintKind::Check(text) if text.contains("ANY") => Some(text.as_str()),
        _ => None,
    });
    texts.flat_map(|text| text.split('\'').skip(1).step_by(2)).map(ToOwned::to_owned).collect()
}
