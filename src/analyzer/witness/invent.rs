//! Values of a type that differ from all that are used.

use std::collections::BTreeSet;

use crate::analyzer::term::{Decimal, Json, Type, Value};

/// Makes up values.
#[derive(Debug, Default)]
pub(super) struct Inventor {
    used: BTreeSet<Value>,
    next: i64,
}

impl Inventor {
    /// Keeps a value from being made up.
    pub(super) fn reserve(&mut self, value: &Value) {
        self.used.insert(value.clone());
    }

    /// A value that was not used yet; `None` for types of which none can be made up.
    /// A text has at most so many characters.
    pub(super) fn fresh(&mut self, data_type: &Type, most: usize) -> Option<Value> {
        let is_short = |value: &Value| !matches!(value, Value::Text(text) if text.len() > most);
        loop {
            self.next += 1;
            let value = nth(self.next, data_type)?;
            if !is_short(&value) {
                return self.letters(most);
            }
            if self.take(&value) {
                return Some(value);
            }
        }
    }

    /// Whether a value was not used yet; then it is now.
    fn take(&mut self, value: &Value) -> bool {
        let is_used = |u: &Value| u == value || u.equals(value) == Some(true);
        !self.used.iter().any(is_used) && self.used.insert(value.clone())
    }

    /// A word of few letters.
    fn letters(&mut self, most: usize) -> Option<Value> {
        let words = (0..2000).map(word).take_while(|word| word.len() <= most);
        words.map(|word| Value::Text(word.into())).find(|word| self.take(word))
    }

    /// Values in ascending order between two, as many as asked for.
    pub(super) fn between(
        &mut self,
        low: Option<&Value>,
        high: Option<&Value>,
        count: usize,
        data_type: &Type,
    ) -> Option<Vec<Value>> {
        let count = i64::try_from(count).ok()?;
        let scale = |v: &Value| match v {
            Value::Int(i) | Value::Timestamp(i) | Value::Time(i) => Some(*i),
            Value::Date(d) => Some(i64::from(*d)),
            Value::Numeric(d) => d.to_string().parse().ok(),
            _ => None,
        };
        let start = match (low, high) {
            (Some(low), _) => scale(low)?.checked_add(1)?,
            (None, Some(high)) => scale(high)?.checked_sub(count)?,
            (None, None) if matches!(data_type, Type::Timestamp | Type::Timestamptz) => 757_382_400_000_000,
            (None, None) => 1,
        };
        if let Some(high) = high
            && start.checked_add(count)? > scale(high)?
        {
            return None;
        }
        let made: Option<Vec<_>> = (start..start + count).map(|at| at_scale(at, data_type)).collect();
        made.iter().flatten().for_each(|v| self.reserve(v));
        made
    }
}

/// `a` to `z`, `aa` and so on.
fn word(n: u32) -> String {
    let letter = u8::try_from(n % 26).map_or('a', |at| char::from(b'a' + at));
    let before = (n / 26).checked_sub(1).map(word).unwrap_or_default();
    format!("{before}{letter}")
}

fn at_scale(at: i64, data_type: &Type) -> Option<Value> {
    Some(match data_type {
        Type::Int2 | Type::Int4 | Type::Int8 => Value::Int(at),
        Type::Timestamp | Type::Timestamptz => Value::Timestamp(at),
        Type::Time => Value::Time(at),
        Type::Date => Value::Date(i32::try_from(at).ok()?),
        Type::Numeric => Value::Numeric(Decimal::from(at)),
        // Ordered by their bytes, as no other order of text is known; of uuids it is the order.
        Type::Uuid => Value::Uuid(u128::try_from(at).ok()?),
        _ => return None,
    })
}

fn nth(n: i64, data_type: &Type) -> Option<Value> {
    Some(match data_type {
        Type::Int2 | Type::Int4 | Type::Int8 => Value::Int(100 + n),
        Type::Numeric => Value::Numeric(Decimal::from(100 + n)),
        Type::Float4 | Type::Float8 => Value::Float(f64::from(i32::try_from(100 + n).ok()?).to_bits()),
        Type::Text | Type::Varchar | Type::Char | Type::Name => Value::Text(format!("text{n}").into()),
        // A well-formed random (version 4) uuid in all but chance.
        Type::Uuid => Value::Uuid(0x1000_0000_0000_4000_8000_0000_0000_0000 | u128::try_from(n).ok()?),
        Type::Date => Value::Date(8766 + i32::try_from(n).ok()?),
        Type::Time => Value::Time(n * 1_000_000),
        Type::Timestamp | Type::Timestamptz => Value::Timestamp(757_382_400_000_000 + n * 1_000_000),
        Type::Bytea => Value::Bytes(n.to_be_bytes().into()),
        Type::Jsonb => Value::Json(Json::String(format!("json{n}").into()).into()),
        Type::Array(element) => Value::Array([Some(nth(n, element)?)].into()),
        Type::Bool | Type::Json | Type::Enum(_) | Type::Other(_) => return None,
    })
}
