//! Which rows partitions take: the bound of a partition as a condition on its rows, and for a partitioned table that one of
//! its partitions takes the row.

use super::Resolver;
use crate::model::{PartitionStrategy, Partitioning, Relation, RelationKind, quote_ident};

/// Partitions of one table whose bounds are read; with more, whether one takes a row stays open.
const MOST: usize = 64;

impl Resolver<'_> {
    /// What the bounds of a partition, and of what it is a part of, demand of its rows, as far as they are understood.
    pub(super) fn bounds(&self, partition: &Relation) -> Vec<String> {
        let (mut demands, mut child) = (Vec::new(), partition);
        while let Some(parent) = self.whole(child) {
            demands.extend(self.bound(parent, child));
            child = parent;
        }
        demands
    }

    /// That one of the partitions takes the row; `None` if each does, or if that is not known.
    pub(super) fn routes(&self, table: &Relation) -> Option<String> {
        if table.kind != RelationKind::PartitionedTable {
            return None;
        }
        let parts = self.parts(table);
        if parts.len() > MOST {
            return None;
        }
        let mut ways = Vec::new();
        for part in parts {
            let within = self.routes(part);
            if part.bound.as_deref() == Some("DEFAULT") && within.is_none() {
                return None;
            }
            let bound = self.bound(table, part)?;
            ways.push(match within {
                Some(within) => format!("({bound} AND {within})"),
                None => bound,
            });
        }
        Some(any(ways))
    }

    fn whole(&self, part: &Relation) -> Option<&Relation> {
        let parent = part.parents.first().filter(|_| part.is_partition)?;
        self.relation_named(parent)
    }

    fn parts(&self, table: &Relation) -> Vec<&Relation> {
        let of = |r: &&Relation| r.is_partition && r.parents.contains(&table.name);
        self.bindings.lineage().below(&table.name).into_iter().filter(of).collect()
    }

    /// What the bound of a partition says of its rows.
    fn bound(&self, table: &Relation, part: &Relation) -> Option<String> {
        let partitioning = table.partitioning.as_ref()?;
        let text = part.bound.as_deref()?;
        if text != "DEFAULT" {
            return condition(table, partitioning, text);
        }
        let others = self.parts(table).into_iter().filter(|other| other.name != part.name);
        let others: Option<Vec<_>> =
            others.take(MOST + 1).map(|o| condition(table, partitioning, o.bound.as_deref()?)).collect();
        others.filter(|o| o.len() <= MOST).map(|others| format!("(NOT {})", any(others)))
    }
}

/// Whether the bound of a partition says in full which rows of the table it takes.
pub(crate) fn tells_rows(table: &Relation, part: &Relation) -> bool {
    let (Some(partitioning), Some(bound)) = (&table.partitioning, &part.bound) else { return false };
    condition(table, partitioning, bound).is_some()
}

fn any(ways: Vec<String>) -> String {
    if ways.is_empty() { "false".to_owned() } else { format!("({})", ways.join(" OR ")) }
}

/// A key column, and what stands behind a value of its type.
struct Key {
    name: String,
    cast: String,
}

fn condition(table: &Relation, partitioning: &Partitioning, bound: &str) -> Option<String> {
    let mut keys = Vec::new();
    for name in partitioning.columns.as_ref()? {
        let column = table.column(name)?;
        // The key may have a collation of its own, which orders texts in another way.
        let is_text = ["text", "character", "name", "\"char\""].iter().any(|t| column.data_type.starts_with(t));
        if is_text && partitioning.strategy == PartitionStrategy::Range {
            return None;
        }
        keys.push(Key { name: quote_ident(name).into_owned(), cast: format!("::{}", column.data_type) });
    }
    let lists = lists(bound);
    match (partitioning.strategy, lists.as_slice(), keys.as_slice()) {
        (PartitionStrategy::List, [values], [key]) => Some(one_of(key, values)),
        (PartitionStrategy::Range, [from, to], [_, ..]) if from.len() == keys.len() && to.len() == keys.len() => {
            let mut all: Vec<_> = keys.iter().map(|k| format!("{} IS NOT NULL", k.name)).collect();
            all.push(beyond(&keys, from, true));
            all.push(beyond(&keys, to, false));
            Some(format!("({})", all.join(" AND ")))
        }
        _ => None,
    }
}

fn one_of(key: &Key, values: &[&str]) -> String {
    let Key { name, cast } = key;
    let mut ways = Vec::new();
    for value in values {
        ways.push(match *value {
            "NULL" => format!("{name} IS NULL"),
            value => format!("{name} IS NOT DISTINCT FROM {value}{cast}"),
        });
    }
    any(ways)
}

/// That the key is at or above the lower end, or below the upper one, column by column.
fn beyond(keys: &[Key], ends: &[&str], lower: bool) -> String {
    let (Some((Key { name, cast }, keys)), Some((end, ends))) = (keys.split_first(), ends.split_first()) else {
        return lower.to_string();
    };
    match *end {
        "MINVALUE" => lower.to_string(),
        "MAXVALUE" => (!lower).to_string(),
        end => {
            let beside = if lower { ">" } else { "<" };
            let rest = beyond(keys, ends, lower);
            format!("({name} {beside} {end}{cast} OR ({name} = {end}{cast} AND {rest}))")
        }
    }
}

/// The elements of each list in brackets.
fn lists(text: &str) -> Vec<Vec<&str>> {
    let (mut lists, mut start, mut quoted) = (Vec::<Vec<&str>>::new(), None, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'(' if !quoted => {
                lists.push(Vec::new());
                start = Some(at + 1);
            }
            b',' | b')' if !quoted => {
                if let (Some(list), Some(element)) = (lists.last_mut(), start.and_then(|s| text.get(s..at))) {
                    list.push(element.trim());
                }
                start = (byte == b',').then_some(at + 1);
            }
            _ => {}
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bound: &str, keys: &[&str]) -> Vec<String> {
        let keys: Vec<_> = keys.iter().map(|k| Key { name: (*k).to_owned(), cast: String::new() }).collect();
        match lists(bound).as_slice() {
            [values] => vec![one_of(&keys[0], values)],
            [from, to] => vec![beyond(&keys, from, true), beyond(&keys, to, false)],
            _ => Vec::new(),
        }
    }

    #[test]
    fn bounds_are_conditions() {
        assert_eq!(
            of("FOR VALUES IN ('a, b', 'it''s', NULL)", &["k"]),
            ["(k IS NOT DISTINCT FROM 'a, b' OR k IS NOT DISTINCT FROM 'it''s' OR k IS NULL)"]
        );
        assert_eq!(
            of("FOR VALUES FROM (1, MINVALUE) TO (2, '3')", &["a", "b"]),
            ["(a > 1 OR (a = 1 AND true))", "(a < 2 OR (a = 2 AND (b < '3' OR (b = '3' AND false))))"]
        );
        assert_eq!(of("FOR VALUES FROM (MINVALUE) TO (MAXVALUE)", &["a"]), ["true", "true"]);
    }
}
