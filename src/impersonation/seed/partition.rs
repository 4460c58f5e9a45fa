//! Values that a partition takes: a row of a partitioned table must fall into one.

use std::collections::BTreeMap;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::model::{Relation, RelationKind, quote_literal};

/// How deep partitions lie.
const DEPTH: usize = 8;

/// The values of the key's columns that the first leaf below a partitioned table takes; empty for other tables, and where
/// a default partition takes all.
pub(super) async fn bound(
    client: &Client,
    table: &Relation,
) -> Result<BTreeMap<String, String>, tokio_postgres::Error> {
    let mut values = BTreeMap::new();
    if table.kind != RelationKind::PartitionedTable {
        return Ok(values);
    }
    let mut parent = format!("{}::pg_catalog.regclass", quote_literal(&table.name.to_string()));
    for _ in 0..DEPTH {
        let ask = format!(
            "select c.oid, pg_catalog.pg_get_partkeydef(i.inhparent), pg_catalog.pg_get_expr(c.relpartbound, c.oid) \
             from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid \
             where i.inhparent = {parent} and c.relispartition \
             order by pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT', c.relname limit 1"
        );
        let answer = client.simple_query(&ask).await?;
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let Some((oid, key, bound)) = row.and_then(|row| Some((row.get(0)?, row.get(1)?, row.get(2)?))) else { break };
        values.extend(read(key, bound));
        oid.clone_into(&mut parent);
    }
    Ok(values)
}

/// `RANGE (at)` and `FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`; the lower bound is within.
fn read(key: &str, bound: &str) -> Vec<(String, String)> {
    let inside = |text: &str| Some(text.split_once('(')?.1.rsplit_once(')')?.0.to_owned());
    let Some(columns) = inside(key) else { return Vec::new() };
    let list =
        bound.split_once("FROM (").or_else(|| bound.split_once("IN (")).and_then(|(_, rest)| rest.split_once(')'));
    let Some((list, _)) = list else { return Vec::new() };
    let upper = bound.split_once("TO (").and_then(|(_, rest)| rest.split_once(')')).map(|(list, _)| list);
    let plain = |text: &str| text.trim().trim_matches('\'').to_owned();
    columns
        .split(',')
        .zip(list.split(','))
        .filter_map(|(column, value)| match (value.trim(), upper) {
            ("NULL" | "MAXVALUE", _) => None,
            ("MINVALUE", Some(upper)) => Some((plain(column).replace('"', ""), before(&plain(upper))?)),
            (value, _) => Some((plain(column).replace('"', ""), plain(value))),
        })
        .collect()
}

/// A number below an upper bound; of other types nothing is known.
fn before(upper: &str) -> Option<String> {
    upper.parse::<i64>().ok().map(|n| (n - 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn bounds_give_values() {
        let pair = |c: &str, v: &str| vec![(c.to_owned(), v.to_owned())];
        assert_eq!(read("RANGE (at)", "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"), pair("at", "2024-01-01"));
        assert_eq!(read("LIST (\"Kind\")", "FOR VALUES IN ('a', 'b')"), pair("Kind", "a"));
        assert_eq!(read("RANGE (n)", "FOR VALUES FROM (MINVALUE) TO (10)"), pair("n", "9"));
        assert_eq!(read("LIST (n)", "DEFAULT"), []);
    }
}
