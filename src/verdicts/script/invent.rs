//! Values for columns that must have one and of which nothing is asked.

use crate::analyzer::term::Type;
use crate::model::{Column, ConstraintKind, Relation, Schema};

/// The `n`th value for a column, as text: another for each `n` where the type has as many. `None` is NULL.
pub(crate) fn value(column: &Column, relation: &Relation, schema: &Schema, n: u32) -> Option<String> {
    if let Some(listed) = listed(column, relation) {
        return Some(listed);
    }
    let data_type = Type::named(&column.data_type, schema);
    Some(match &data_type {
        Type::Bool => "false".to_owned(),
        Type::Int2 | Type::Int4 | Type::Int8 | Type::Float4 | Type::Float8 => (1000 + n).to_string(),
        Type::Numeric => n.to_string(),
        Type::Uuid => format!("20000000-0000-4000-8000-{n:012}"),
        Type::Text | Type::Varchar | Type::Char | Type::Name => text(column, n),
        Type::Date => "2025-01-01".to_owned(),
        Type::Time => "12:00".to_owned(),
        Type::Timestamp | Type::Timestamptz => "2025-01-01 00:00:00".to_owned(),
        Type::Bytea => format!("\\x{n:08x}"),
        Type::Json | Type::Jsonb | Type::Array(_) => "{}".to_owned(),
        Type::Enum(labels) => labels.labels.first()?.to_string(),
        Type::Other(name) => other(name, n)?,
    })
}

/// A text that fits: `x42`, cut to the column's length from the left.
fn text(column: &Column, n: u32) -> String {
    let most = column.data_type.split_once('(').and_then(|(_, rest)| rest.split_once(')')?.0.parse::<usize>().ok());
    let text = format!("text_{n}");
    match most {
        Some(most) if most < text.len() => {
            text.chars().rev().take(most).collect::<Vec<_>>().into_iter().rev().collect()
        }
        _ => text,
    }
}

fn other(name: &str, n: u32) -> Option<String> {
    let bare = name.rsplit_once('.').map_or(name, |(_, bare)| bare);
    let bare = bare.split_once('(').map_or(bare, |(head, _)| head);
    Some(match bare {
        "citext" => format!("text_{n}"),
        "inet" | "cidr" => "192.0.2.1".to_owned(),
        "macaddr" => "02:00:00:00:00:01".to_owned(),
        "interval" => "1 day".to_owned(),
        "time with time zone" => "12:00+00".to_owned(),
        "money" | "oid" | "bit" | "bit varying" => "1".to_owned(),
        "tsvector" | "xml" | "hstore" => String::new(),
        "point" => "(0,0)".to_owned(),
        _ if bare.ends_with("range") => "empty".to_owned(),
        _ => return None,
    })
}

/// The first of the words that a CHECK lists for the column, as `status in ('draft', 'open')` does.
fn listed(column: &Column, relation: &Relation) -> Option<String> {
    relation.constraints.iter().find_map(|constraint| {
        let ConstraintKind::Check(text) = &constraint.kind else { return None };
        let lists = constraint.columns == [column.name.clone()]
            && (text.contains("ANY (ARRAY[") || text.contains("= '") || text.contains(" IN ("));
        let (_, rest) = text.split_once('\'').filter(|_| lists)?;
        let word = rest.split_once('\'')?.0;
        (!word.is_empty()).then(|| word.to_owned())
    })
}
