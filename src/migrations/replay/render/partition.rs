//! How tables are partitioned, and the bounds of partitions as the server prints them.

use crate::migrations::replay::catalog::Catalog;
use crate::migrations::replay::catalog::object::{Bound, Datum, PartitionBy, Relation, Strategy};
use crate::model::{PartitionStrategy, Partitioning, quote_literal};

impl Catalog {
    pub(super) fn partitioning(&self, row: &Relation) -> Option<Partitioning> {
        let PartitionBy { strategy, columns_only } = row.partition_by?;
        let strategy = match strategy {
            Strategy::List => PartitionStrategy::List,
            Strategy::Range => PartitionStrategy::Range,
            Strategy::Hash => PartitionStrategy::Hash,
        };
        let named = row.partition_key.iter().filter_map(|place| row.columns.get(*place));
        let columns = columns_only.then(|| named.map(|c| c.name.clone()).collect());
        Some(Partitioning { strategy, columns })
    }

    /// The bound of a partition, unless the server computes a value of it.
    pub(super) fn bound(&self, row: &Relation) -> Option<String> {
        let parent = self.relations.get(*row.parents.first()?)?;
        parent.partition_by.filter(|by| by.columns_only)?;
        let key = parent.partition_key.iter().filter_map(|place| parent.columns.get(*place));
        let types: Vec<String> = key.map(|c| self.type_name(&c.data_type)).collect();
        let of = |at: usize| types.get(at).map_or("", String::as_str);
        Some(match row.bound.as_ref()? {
            Bound::Default => "DEFAULT".to_owned(),
            Bound::List(values) => {
                let values: Option<Vec<_>> = values.iter().map(|value| printed(value, of(0))).collect();
                format!("FOR VALUES IN ({})", values?.join(", "))
            }
            Bound::Range(from, to) => {
                let line = |values: &[Datum]| -> Option<String> {
                    let each: Option<Vec<_>> = values.iter().enumerate().map(|(at, v)| printed(v, of(at))).collect();
                    Some(each?.join(", "))
                };
                format!("FOR VALUES FROM ({}) TO ({})", line(from)?, line(to)?)
            }
            Bound::Hash(modulus, remainder) => {
                format!("FOR VALUES WITH (modulus {modulus}, remainder {remainder})")
            }
            Bound::Unknown => return None,
        })
    }
}

fn printed(value: &Datum, data_type: &str) -> Option<String> {
    Some(match (value, data_type.split('(').next().unwrap_or_default().trim()) {
        (Datum::Least, _) => "MINVALUE".to_owned(),
        (Datum::Greatest, _) => "MAXVALUE".to_owned(),
        (Datum::Null, _) => "NULL".to_owned(),
        (Datum::Number(number), "integer") if *number >= 0 => number.to_string(),
        (Datum::Number(number), "boolean") => (*number == 1).to_string(),
        (Datum::Number(number), _) => format!("'{number}'"),
        (Datum::Text(text), _) => quote_literal(text),
        (Datum::Time(time), "date") => format!("'{}'", time.get(..10).filter(|_| time.ends_with(" 00:00:00"))?),
        (Datum::Time(time), "timestamp without time zone") => format!("'{time}'"),
        // Whoever wrote it without an offset meant the time zone of the session.
        (Datum::Time(time), "timestamp with time zone") => format!("'{time}+00'"),
        (Datum::Written(text), "uuid") if text.len() == 36 => format!("'{}'", text.to_ascii_lowercase()),
        // An enum's label.
        (Datum::Written(text), of) if !of.is_empty() && of.contains('.') => quote_literal(text),
        (Datum::Time(_) | Datum::Written(_) | Datum::Unknown, _) => return None,
    })
}
