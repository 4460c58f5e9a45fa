//! Bounds of partitions: two of one table may not hold the same rows.
//!
//! Values are compared only where their text tells how: numbers, plain text, dates and times in one form, and whatever is
//! written alike. Of others nothing is refused.

use super::catalog::Id;
use super::catalog::object::{Bound, Datum, PartitionBy, Strategy};
use super::run::{Result, Run, reject, state};
use crate::migrations::lex::{self, Kind, Token};
use std::cmp::Ordering;

impl Run {
    /// The bound that a statement writes, for a new partition of `parent`; refused if another has rows of it.
    pub(super) fn bound_of_partition(&self, parent: Id, written: &str) -> Result<Option<Bound>> {
        let Some(row) = self.catalog.relations.get(parent) else { return Ok(None) };
        let Some(by) = &row.partition_by else { return Ok(None) };
        let types: Vec<String> = match by.columns_only {
            true => row
                .partition_key
                .iter()
                .filter_map(|place| row.columns.get(*place))
                .map(|c| self.catalog.type_name(&c.data_type))
                .collect(),
            false => Vec::new(),
        };
        let bound = read(written, &types);
        let fits = match (&bound, by.strategy) {
            (Bound::Default, strategy) => strategy != Strategy::Hash,
            (Bound::List(_), strategy) => strategy == Strategy::List,
            (Bound::Range(..), strategy) => strategy == Strategy::Range,
            (Bound::Hash(..), strategy) => strategy == Strategy::Hash,
            (Bound::Unknown, _) => true,
        };
        if !fits {
            return reject(state::INVALID_DEFINITION, "the bound is not one of this kind of partitioned table");
        }
        if let Bound::Range(from, to) = &bound
            && order(from, to).is_some_and(Ordering::is_ge)
        {
            return reject(state::INVALID_OBJECT_DEFINITION, "the range of the partition is empty");
        }
        for other in self.partitions(parent) {
            let other = self.catalog.relations.get(other);
            if let Some((row, own)) = other.and_then(|row| Some((row, row.bound.as_ref()?)))
                && overlap(&bound, own)
            {
                return reject(
                    state::INVALID_OBJECT_DEFINITION,
                    format!("the partition would overlap partition `{}`", row.name),
                );
            }
        }
        Ok(Some(bound))
    }
}

/// What PARTITION BY says.
pub(super) fn partition_by(text: &str) -> Option<PartitionBy> {
    let word = text.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let strategy = match word.to_ascii_lowercase().as_str() {
        "list" => Strategy::List,
        "range" => Strategy::Range,
        "hash" => Strategy::Hash,
        _ => return None,
    };
    Some(PartitionBy { strategy, columns_only: text.matches('(').count() == 1 })
}

/// Reads what stands behind FOR VALUES, or DEFAULT.
fn read(text: &str, types: &[String]) -> Bound {
    let tokens = lex::tokens(text, 0..text.len());
    let word = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default().to_ascii_lowercase();
    let start = if word(0) == "for" { 2 } else { 0 };
    let lists = lists(&tokens);
    // The values of a list are all of the key's one column; a range has one for each.
    let list = |at: usize, one_column: bool| -> Vec<Datum> {
        let elements = lists.get(at).into_iter().flatten().enumerate();
        let of = |n: usize| types.get(if one_column { 0 } else { n }).map_or("", String::as_str);
        elements.map(|(n, element)| datum(text, element, of(n))).collect()
    };
    match word(start).as_str() {
        "default" => Bound::Default,
        "in" => Bound::List(list(0, true)),
        "from" => Bound::Range(list(0, false), list(1, false)),
        "with" => {
            let numbers: Vec<u64> = tokens.iter().filter_map(|t| text.get(t.range())?.parse().ok()).collect();
            match numbers.as_slice() {
                [modulus, remainder] if *modulus > 0 => Bound::Hash(*modulus, *remainder),
                _ => Bound::Unknown,
            }
        }
        _ => Bound::Unknown,
    }
}

/// The elements of each list in brackets.
fn lists(tokens: &[Token]) -> Vec<Vec<&[Token]>> {
    let mut lists: Vec<Vec<&[Token]>> = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Punct(b'(') => {
                depth += 1;
                if depth == 1 {
                    lists.push(Vec::new());
                    start = at + 1;
                }
            }
            Kind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => (),
        }
        let ends = depth == 0 && token.kind == Kind::Punct(b')') || depth == 1 && token.kind == Kind::Punct(b',');
        if let (true, Some(list), Some(element)) = (ends, lists.last_mut(), tokens.get(start..at)) {
            list.push(element);
            start = at + 1;
        }
    }
    lists
}

fn datum(text: &str, tokens: &[Token], data_type: &str) -> Datum {
    let written = |t: &Token| text.get(t.range()).unwrap_or_default();
    let value = match tokens {
        [one] | [one, ..] if written(one).starts_with('\'') && tokens.get(1).is_none_or(|t| written(t) == "::") => {
            let inner = written(one).strip_prefix('\'').and_then(|w| w.strip_suffix('\''));
            inner.map(|w| w.replace("''", "'"))
        }
        [one] => match written(one).to_ascii_lowercase().as_str() {
            "minvalue" => return Datum::Least,
            "maxvalue" => return Datum::Greatest,
            "null" => return Datum::Null,
            word => (one.kind == Kind::Number || matches!(word, "true" | "false")).then(|| word.to_owned()),
        },
        [sign, one] if one.kind == Kind::Number => Some(format!("{}{}", written(sign), written(one))),
        _ => None,
    };
    value.map_or(Datum::Unknown, |value| typed(&value, data_type).unwrap_or(Datum::Written(value)))
}

/// A value in a form in which equal ones are the same and others compare as the type does.
fn typed(value: &str, data_type: &str) -> Option<Datum> {
    let plain = data_type.split('(').next().unwrap_or_default().trim();
    match plain {
        "smallint" | "integer" | "bigint" => value.trim().replace(' ', "").parse().ok().map(Datum::Number),
        "text" | "character varying" => Some(Datum::Text(value.to_owned())),
        "boolean" => match value.to_ascii_lowercase().as_str() {
            "t" | "true" => Some(Datum::Number(1)),
            "f" | "false" => Some(Datum::Number(0)),
            _ => None,
        },
        "date" | "timestamp without time zone" | "timestamp with time zone" => {
            let shape: String = value.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            let rest = match shape.as_str() {
                "0000-00-00" => " 00:00:00",
                "0000-00-00 00:00" => ":00",
                "0000-00-00 00:00:00" => "",
                "0000-00-00 00:00:00+00" => return Some(Datum::Time(value.get(..19)?.to_owned())),
                _ => return None,
            };
            Some(Datum::Time(format!("{value}{rest}")))
        }
        _ => None,
    }
}

/// Which of two values is less; `None` if their text does not tell.
fn compare(one: &Datum, other: &Datum) -> Option<Ordering> {
    use Datum::{Greatest, Least, Number, Time};
    match (one, other) {
        (Least, Least) | (Greatest, Greatest) => Some(Ordering::Equal),
        (Least, _) | (_, Greatest) => Some(Ordering::Less),
        (_, Least) | (Greatest, _) => Some(Ordering::Greater),
        (Number(a), Number(b)) => Some(a.cmp(b)),
        (Time(a), Time(b)) => Some(a.cmp(b)),
        // How text is ordered its collation says.
        (a, b) => same(a, b).then_some(Ordering::Equal),
    }
}

/// Whether two values surely are one.
fn same(one: &Datum, other: &Datum) -> bool {
    one == other && *one != Datum::Unknown
}

fn order(one: &[Datum], other: &[Datum]) -> Option<Ordering> {
    for (one, other) in one.iter().zip(other) {
        match compare(one, other)? {
            Ordering::Equal => (),
            order => return Some(order),
        }
    }
    Some(Ordering::Equal)
}

/// Whether two bounds surely hold a row in common, or cannot stand beside each other.
fn overlap(one: &Bound, other: &Bound) -> bool {
    match (one, other) {
        (Bound::Default, Bound::Default) => true,
        (Bound::List(one), Bound::List(other)) => one.iter().any(|value| other.iter().any(|other| same(value, other))),
        (Bound::Range(from, to), Bound::Range(other_from, other_to)) => {
            order(from, other_to).is_some_and(Ordering::is_lt) && order(other_from, to).is_some_and(Ordering::is_lt)
        }
        (Bound::Hash(modulus, remainder), Bound::Hash(other, rest)) => {
            let (least, most) = (modulus.min(other), modulus.max(other));
            most % least != 0 || remainder % least == rest % least
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(one: &str, other: &str, data_type: &str) -> bool {
        let types = [data_type.to_owned()];
        overlap(&read(one, &types), &read(other, &types))
    }

    #[test]
    fn lists_overlap_in_a_value() {
        assert!(overlaps("in (1, 2)", "in (3, '2')", "integer"));
        assert!(overlaps("in (null)", "in ('x', null)", "text"));
        assert!(overlaps("default", "default", "integer"));
        assert!(overlaps("in ('a')", "in ('b', 'a')", "s.e"));
        assert!(!overlaps("in (random())", "in (random())", "s.e"));
        assert!(!overlaps("in (1)", "in (10)", "integer"));
        assert!(!overlaps("in ('1')", "in ('01')", "text"));
        assert!(!overlaps("in ('a')", "in ('b')", "s.e"));
    }

    #[test]
    fn ranges_overlap_between_their_ends() {
        let date = "date";
        assert!(overlaps("from ('2024-01-01') to ('2024-02-01')", "from ('2024-01-31'::date) to ('2024-03-01')", date));
        assert!(!overlaps("from ('2024-01-01') to ('2024-02-01')", "from ('2024-02-01') to (maxvalue)", date));
        assert!(overlaps("from (minvalue) to (10)", "from (-5) to (5)", "integer"));
        assert!(!overlaps("from ('a') to ('m')", "from ('c') to ('z')", "text"), "a collation decides");
    }

    #[test]
    fn remainders_overlap() {
        assert!(overlaps("with (modulus 4, remainder 1)", "with (modulus 8, remainder 5)", "integer"));
        assert!(overlaps("with (modulus 4, remainder 1)", "with (modulus 6, remainder 0)", "integer"), "no factor");
        assert!(!overlaps("with (modulus 4, remainder 1)", "with (modulus 4, remainder 2)", "integer"));
    }
}
