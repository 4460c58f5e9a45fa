//! Values in the form that their type's input function gives them, so that equal text is no accident of spelling.

use std::cmp::Ordering;
use std::sync::Arc;

use super::instant::{parse_date, parse_time, parse_timestamp, print_date, print_time, print_timestamp};
use super::{Decimal, Json, Type};
use crate::model::quote_literal;

/// A value that is not NULL. `Eq` is "the same value"; [`Value::compare`] is SQL's `=` and `<`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// `boolean`.
    Bool(bool),
    /// `int2`, `int4`, `int8`.
    Int(i64),
    /// `numeric`.
    Numeric(Decimal),
    /// `float4`, `float8`, as bits of the latter.
    Float(u64),
    /// `text`, `varchar`, `char`, `name`.
    Text(Arc<str>),
    /// `uuid`.
    Uuid(u128),
    /// `date`, in days from 2000-01-01.
    Date(i32),
    /// `time`, in microseconds of the day.
    Time(i64),
    /// `timestamp` and `timestamptz`, in microseconds from 2000-01-01 (UTC).
    Timestamp(i64),
    /// `bytea`.
    Bytes(Arc<[u8]>),
    /// `json` and `jsonb`.
    Json(Arc<Json>),
    /// A label of an enum, by its place.
    Label(u32),
    /// A one-dimensional array, its lower bound 1; `None` is a NULL element.
    Array(Arc<[Option<Value>]>),
    /// Text of a type that is not modelled, as written.
    Raw(Arc<str>),
}

/// Why text gives no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoValue {
    /// The type's input function raises an error on it.
    Invalid,
    /// The input function may take it, but what it gives is not modelled.
    Unmodelled,
}

impl Value {
    /// What the type's input function makes of `text`.
    ///
    /// # Errors
    ///
    /// [`NoValue::Invalid`] only if the server surely raises; in doubt [`NoValue::Unmodelled`].
    pub fn parse(text: &str, data_type: &Type) -> Result<Self, NoValue> {
        let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        match data_type {
            Type::Bool => parse_bool(trimmed).map(Self::Bool),
            Type::Int2 | Type::Int4 | Type::Int8 => parse_int(trimmed, data_type).map(Self::Int),
            Type::Numeric => Decimal::parse(trimmed).map(Self::Numeric).ok_or(NoValue::Unmodelled),
            Type::Float4 | Type::Float8 => parse_float(trimmed, data_type).map(Self::Float),
            Type::Text | Type::Varchar => Ok(Self::Text(text.into())),
            Type::Name if text.len() < 64 => Ok(Self::Text(text.into())),
            Type::Char => Ok(Self::Text(text.trim_end_matches(' ').into())),
            Type::Uuid => parse_uuid(text).map(Self::Uuid),
            Type::Date => parse_date(trimmed).map(Self::Date).ok_or(NoValue::Unmodelled),
            Type::Time => parse_time(trimmed).map(Self::Time).ok_or(NoValue::Unmodelled),
            Type::Timestamp => parse_timestamp(trimmed, false).map(Self::Timestamp).ok_or(NoValue::Unmodelled),
            Type::Timestamptz => parse_timestamp(trimmed, true).map(Self::Timestamp).ok_or(NoValue::Unmodelled),
            Type::Jsonb => Json::parse(text).map(|j| Self::Json(Arc::new(j))).ok_or(NoValue::Unmodelled),
            Type::Bytea => parse_bytes(text).map(Self::Bytes).ok_or(NoValue::Unmodelled),
            Type::Enum(e) => {
                let at = e.labels.iter().position(|l| **l == *text).ok_or(NoValue::Invalid)?;
                u32::try_from(at).map(Self::Label).map_err(|_| NoValue::Unmodelled)
            }
            Type::Array(element) => parse_array(trimmed, element).map(Self::Array),
            Type::Other(_) => Ok(Self::Raw(text.into())),
            Type::Name | Type::Json => Err(NoValue::Unmodelled),
        }
    }

    /// SQL's order of two values of types that compare; `None` where it is not known. Text that differs is only
    /// ordered where every collation agrees, which is nowhere: `Some(Equal)` or `None`.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Numeric(a), Self::Numeric(b)) => Some(a.compare(b)),
            (Self::Float(a), Self::Float(b)) => Some(compare_floats(f64::from_bits(*a), f64::from_bits(*b))),
            (Self::Text(a), Self::Text(b)) => (a == b).then_some(Ordering::Equal),
            (Self::Json(_), _) | (Self::Array(_), _) | (Self::Raw(_), _) => {
                (self.equals(other) == Some(true)).then_some(Ordering::Equal)
            }
            _ => (std::mem::discriminant(self) == std::mem::discriminant(other)).then(|| self.cmp(other)),
        }
    }

    /// SQL's `=`; `None` where it is not known.
    #[must_use]
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a == b),
            (Self::Json(a), Self::Json(b)) => Some(a.equals(b)),
            (Self::Array(a), Self::Array(b)) => {
                if a.len() != b.len() {
                    return Some(false);
                }
                let mut equal = Some(true);
                for pair in a.iter().zip(b.iter()) {
                    let same = match pair {
                        (None, None) => Some(true),
                        (Some(a), Some(b)) => a.equals(b),
                        _ => Some(false),
                    };
                    match same {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => equal = None,
                    }
                }
                equal
            }
            // Of types that do not compare, or that are not modelled.
            (Self::Raw(_) | Self::Json(_) | Self::Array(_), _) => None,
            _ => self.compare(other).map(Ordering::is_eq),
        }
    }

    /// What the type's output function prints (time zone UTC, ISO dates); `None` where it is not modelled.
    #[must_use]
    pub fn text(&self, data_type: &Type) -> Option<String> {
        Some(match self {
            Self::Bool(b) => (if *b { "t" } else { "f" }).to_owned(),
            Self::Int(i) => i.to_string(),
            Self::Numeric(d) => d.to_string(),
            Self::Float(bits) => return print_float(f64::from_bits(*bits)),
            Self::Text(t) | Self::Raw(t) => t.to_string(),
            Self::Uuid(u) => print_uuid(*u),
            Self::Date(d) => print_date(*d),
            Self::Time(t) => print_time(*t),
            Self::Timestamp(t) => print_timestamp(*t, *data_type == Type::Timestamptz),
            Self::Bytes(bytes) => format!("\\x{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            Self::Json(j) => j.to_string(),
            Self::Label(at) => match data_type {
                Type::Enum(e) => e.labels.get(usize::try_from(*at).ok()?)?.to_string(),
                _ => return None,
            },
            Self::Array(items) => print_array(items, data_type.element()?)?,
        })
    }

    /// A literal of the type in SQL.
    #[must_use]
    pub fn sql(&self, data_type: &Type) -> String {
        match (self, data_type) {
            (Self::Bool(b), _) => b.to_string(),
            _ => {
                let text = self.text(data_type).unwrap_or_default();
                // A bare `char` is `char(1)`, which cuts.
                let name = if *data_type == Type::Char { "bpchar".to_owned() } else { data_type.to_string() };
                format!("{}::{name}", quote_literal(&text))
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

fn compare_floats(a: f64, b: f64) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        (a, b) => a.cmp(&b),
    }
}

/// Any unique prefix of the words, and `0` and `1`.
fn parse_bool(text: &str) -> Result<bool, NoValue> {
    let lower = text.to_ascii_lowercase();
    let prefix = |word: &str, least: usize| lower.len() >= least && word.starts_with(&lower);
    if prefix("true", 1) || prefix("yes", 1) || prefix("on", 2) || lower == "1" {
        Ok(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || lower == "0" {
        Ok(false)
    } else {
        Err(NoValue::Invalid)
    }
}

fn parse_int(text: &str, data_type: &Type) -> Result<i64, NoValue> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NoValue::Invalid);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        // PostgreSQL 16 reads `0x1f` and `1_000`.
        return Err(NoValue::Unmodelled);
    }
    let value: i64 = text.parse().map_err(|_| NoValue::Invalid)?;
    if in_range(value, data_type) { Ok(value) } else { Err(NoValue::Invalid) }
}

/// Whether an integer fits the type.
pub(crate) fn in_range(value: i64, data_type: &Type) -> bool {
    match data_type {
        Type::Int2 => i16::try_from(value).is_ok(),
        Type::Int4 => i32::try_from(value).is_ok(),
        _ => true,
    }
}

fn parse_float(text: &str, data_type: &Type) -> Result<u64, NoValue> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let value: f64 = text.parse().map_err(|_| NoValue::Unmodelled)?;
    let narrow = *data_type == Type::Float8 || {
        #[expect(clippy::cast_possible_truncation, reason = "asks whether anything is lost")]
        let cut = value as f32;
        f64::from(cut) == value
    };
    if plain && value.is_finite() && narrow { Ok(value.to_bits()) } else { Err(NoValue::Unmodelled) }
}

/// Whole numbers only: the server's shortest form of the others has rules of its own.
fn print_float(value: f64) -> Option<String> {
    let whole = value.fract() == 0.0 && value.abs() < 1e6;
    if whole && value == 0.0 && value.is_sign_negative() {
        return Some("-0".to_owned());
    }
    whole.then(|| format!("{value:.0}"))
}

/// 32 hexadecimal digits, a hyphen after any four, braces around.
fn parse_uuid(text: &str) -> Result<u128, NoValue> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or(NoValue::Invalid)?,
        None => text,
    };
    let (mut value, mut digits) = (0_u128, 0);
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        let digit = c.to_digit(16).ok_or(NoValue::Invalid)?;
        value = value.wrapping_shl(4) | u128::from(digit);
        digits += 1;
        if digits % 4 == 0 && digits < 32 && chars.peek() == Some(&'-') {
            chars.next();
        }
    }
    if digits == 32 { Ok(value) } else { Err(NoValue::Invalid) }
}

fn print_uuid(value: u128) -> String {
    let hex = format!("{value:032x}");
    let mut out = String::with_capacity(36);
    for (at, c) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

fn parse_bytes(text: &str) -> Option<Arc<[u8]>> {
    let hex = text.strip_prefix("\\x")?;
    if hex.len() % 2 != 0 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

/// Plain elements and double-quoted ones; nested arrays, bounds and stray spaces are not modelled.
fn parse_array(text: &str, element: &Type) -> Result<Arc<[Option<Value>]>, NoValue> {
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or(NoValue::Unmodelled)?;
    if inner.ends_with(',') {
        return Err(NoValue::Unmodelled);
    }
    let mut items = Vec::new();
    let mut chars = inner.chars().peekable();
    while chars.peek().is_some() {
        let quoted = chars.next_if_eq(&'"').is_some();
        let mut item = String::new();
        loop {
            match chars.next() {
                Some('"') if quoted => break,
                Some('\\') if quoted => item.push(chars.next().ok_or(NoValue::Invalid)?),
                Some(',') | None if !quoted => break,
                Some('{' | '}' | '"' | '\\' | ' ' | '\t' | '\n') if !quoted => return Err(NoValue::Unmodelled),
                Some(c) => item.push(c),
                None => return Err(NoValue::Invalid),
            }
        }
        if quoted && !matches!(chars.next(), Some(',') | None) {
            return Err(NoValue::Unmodelled);
        }
        if item.is_empty() && !quoted {
            return Err(NoValue::Unmodelled);
        }
        let is_null = !quoted && item.eq_ignore_ascii_case("null");
        items.push(if is_null { None } else { Some(Value::parse(&item, element)?) });
    }
    Ok(items.into())
}

fn print_array(items: &[Option<Value>], element: &Type) -> Option<String> {
    let mut out = String::from("{");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let Some(value) = item else {
            out.push_str("NULL");
            continue;
        };
        let text = value.text(element)?;
        let plain = !text.is_empty()
            && !text.eq_ignore_ascii_case("null")
            && !text.contains(|c: char| matches!(c, '{' | '}' | '"' | '\\' | ',') || c.is_ascii_whitespace());
        if plain {
            out.push_str(&text);
        } else {
            out.push_str(&format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
        }
    }
    out.push('}');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, data_type: &Type) -> Result<String, NoValue> {
        Value::parse(text, data_type).map(|v| v.text(data_type).unwrap())
    }

    #[test]
    fn literals_are_canonical_values() {
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for spelled in [uuid, "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11"] {
            assert_eq!(read(spelled, &Type::Uuid).as_deref(), Ok(uuid));
        }
        for bad in ["", "a0ee", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1-1", " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] {
            assert_eq!(read(bad, &Type::Uuid), Err(NoValue::Invalid), "{bad}");
        }
        for (text, expected) in [("TRUE", "t"), (" y ", "t"), ("of", "f"), ("0", "f")] {
            assert_eq!(read(text, &Type::Bool).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(read("o", &Type::Bool), Err(NoValue::Invalid));
        assert_eq!(read(" 007 ", &Type::Int4).as_deref(), Ok("7"));
        assert_eq!(read("2147483648", &Type::Int4), Err(NoValue::Invalid));
        assert_eq!(read("1_000", &Type::Int4), Err(NoValue::Unmodelled));
        let texts = Type::Array(Type::Text.into());
        assert_eq!(read(r#"{a,"b c",NULL,"null"}"#, &texts).as_deref(), Ok(r#"{a,"b c",NULL,"null"}"#));
        assert_eq!(read("{}", &texts).as_deref(), Ok("{}"));
        for strange in ["{{a}}", "{a,}", "[2:3]={a,b}"] {
            assert_eq!(read(strange, &texts), Err(NoValue::Unmodelled), "{strange}");
        }
    }

    #[test]
    fn equality_is_the_types_own() {
        let equal = |a: &str, b: &str, t: &Type| Value::parse(a, t).unwrap().equals(&Value::parse(b, t).unwrap());
        assert_eq!(equal("1.0", "1.00", &Type::Numeric), Some(true));
        assert_eq!(equal("-0", "0", &Type::Float8), Some(true));
        assert_eq!(equal("a ", "a", &Type::Char), Some(true));
        assert_eq!(equal("a ", "a", &Type::Text), Some(false));
        assert_eq!(equal("[1.0]", "[1]", &Type::Jsonb), Some(true));
        assert_eq!(equal("10.0.0.1", "10.0.0.1/32", &Type::Other("inet".into())), None);
    }
}
