//! What built-in functions and casts give for values: the part of the server that is modelled exactly.

use std::sync::Arc;

use super::instant::DAY;
use super::{Decimal, Json, NoValue, Type, Value, in_range};

/// Why a function has no result for values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoResult {
    /// The server raises an error.
    Raises,
    /// What it gives is not modelled.
    Unmodelled,
}

use NoResult::{Raises, Unmodelled};

/// A result: `None` is NULL.
type Outcome = Result<Option<Value>, NoResult>;

/// What the function of that name (as [`super::Function::name`]) gives for arguments that are not NULL.
///
/// # Errors
///
/// [`NoResult`].
pub fn apply(name: &str, args: &[(Value, Type)], returns: &Type) -> Outcome {
    if let Some(target) = name.strip_prefix("::") {
        let [(value, from)] = args else { return Err(Unmodelled) };
        // A modifier would be a part of the name.
        return if target == returns.to_string() { cast(value, from, returns) } else { Err(Unmodelled) };
    }
    let values: Vec<&Value> = args.iter().map(|(v, _)| v).collect();
    let is_plain_json = args.iter().any(|(_, of)| *of == Type::Json);
    match (name, values.as_slice()) {
        ("raise", _) => Err(Raises),
        ("lower", [Value::Text(t)]) => ascii(t, 'I').map(|t| text(&t.to_ascii_lowercase())),
        ("upper", [Value::Text(t)]) => ascii(t, 'i').map(|t| text(&t.to_ascii_uppercase())),
        ("length", [Value::Text(t)]) => length(t.chars().count()),
        ("||", [Value::Text(a), Value::Text(b)]) => Ok(text(&format!("{a}{b}"))),
        // `char(n)` is tested with its blanks, which the value does not tell.
        ("like" | "ilike" | "starts_with", _) if args.iter().any(|(_, of)| *of == Type::Char) => Err(Unmodelled),
        ("like", [Value::Text(t), Value::Text(pattern)]) => like(t, pattern),
        ("ilike", [Value::Text(t), Value::Text(pattern)]) => {
            like(&ascii(t, 'I')?.to_ascii_lowercase(), &ascii(pattern, 'I')?.to_ascii_lowercase())
        }
        ("starts_with", [Value::Text(t), Value::Text(prefix)]) => bool(t.starts_with(&**prefix)),
        ("split_part", [Value::Text(t), Value::Text(by), Value::Int(n)]) => split_part(t, by, *n),
        // Of no parts, there is no last one.
        ("storage.foldername", [Value::Text(t)]) => Ok((!t.is_empty()).then(|| folders(t))),
        ("storage.filename", [Value::Text(t)]) => Ok(t.rsplit('/').next().filter(|_| !t.is_empty()).and_then(text)),
        ("[]", [Value::Array(items), Value::Int(at)]) => Ok(subscript(items, *at)),
        ("array", items) => Ok(Some(Value::Array(items.iter().map(|v| Some((*v).clone())).collect()))),
        ("cardinality", [Value::Array(items)]) => length(items.len()),
        ("array_length", [Value::Array(items), Value::Int(1)]) if !items.is_empty() => length(items.len()),
        ("array_length", [Value::Array(items), Value::Int(1)]) if items.is_empty() => Ok(None),
        ("= any", [x, Value::Array(items)]) => contains(x, items),
        ("<@", [Value::Array(part), Value::Array(whole)]) | ("@>", [Value::Array(whole), Value::Array(part)]) => {
            all_in(part, whole)
        }
        ("&&", [Value::Array(a), Value::Array(b)]) => any_in(a, b),
        ("->", [Value::Json(json), key]) => Ok(step(json, key)?.map(|j| Value::Json(Arc::new(j.clone())))),
        ("->>", [Value::Json(json), key]) => match step(json, key)? {
            // `json` gives these as they were written.
            Some(Json::Number(_) | Json::Array(_) | Json::Object(_)) if is_plain_json => Err(Unmodelled),
            found => Ok(found.and_then(Json::text).map(Value::Text)),
        },
        ("?", [Value::Json(json), Value::Text(key)]) => bool(exists(json, key)),
        ("+", [Value::Int(a), Value::Int(b)]) => whole(a.checked_add(*b), returns),
        ("-", [Value::Int(a), Value::Int(b)]) => whole(a.checked_sub(*b), returns),
        ("*", [Value::Int(a), Value::Int(b)]) => whole(a.checked_mul(*b), returns),
        ("/" | "%", [Value::Int(_), Value::Int(0)]) => Err(Raises),
        ("/", [Value::Int(a), Value::Int(b)]) => whole(a.checked_div(*b), returns),
        ("%", [Value::Int(a), Value::Int(b)]) => whole(Some(a.wrapping_rem(*b)), returns),
        _ => Err(Unmodelled),
    }
}

/// What a cast without a type modifier gives.
///
/// # Errors
///
/// [`NoResult`].
pub fn cast(value: &Value, from: &Type, to: &Type) -> Outcome {
    if from == to {
        return Ok(Some(value.clone()));
    }
    if let (Value::Array(items), Some(from), Some(to)) = (value, from.element(), to.element()) {
        let each = items.iter().map(|item| item.as_ref().map_or(Ok(None), |item| self::cast(item, from, to)));
        return Ok(Some(Value::Array(each.collect::<Result<Vec<_>, _>>()?.into())));
    }
    let cast = match (value, to) {
        (Value::Text(t), Type::Json) => Value::Json(Arc::new(Json::parse(t).ok_or(Unmodelled)?)),
        (Value::Text(t), _) if from.is_text() || *from == Type::Char => {
            return match Value::parse(t, to) {
                Ok(value) => Ok(Some(value)),
                Err(NoValue::Invalid) => Err(Raises),
                Err(NoValue::Unmodelled) => Err(Unmodelled),
            };
        }
        (_, Type::Text | Type::Varchar) => printed(value, from)?,
        (Value::Int(i), Type::Int2 | Type::Int4 | Type::Int8) => return whole(Some(*i), to),
        (Value::Int(i), Type::Numeric) => Value::Numeric(Decimal::from(*i)),
        (Value::Int(i), Type::Bool) if *from == Type::Int4 => Value::Bool(*i != 0),
        (Value::Bool(b), Type::Int4) => Value::Int(i64::from(*b)),
        (Value::Timestamp(at), Type::Date) if *from == Type::Timestamp => {
            Value::Date(i32::try_from(at.div_euclid(DAY)).map_err(|_| Raises)?)
        }
        (Value::Date(days), Type::Timestamp) => Value::Timestamp(i64::from(*days) * DAY),
        (Value::Json(json), Type::Bool) => match **json {
            Json::Bool(b) => Value::Bool(b),
            // Before PostgreSQL 17, `null` raises; since, it is NULL.
            Json::Null => return Err(Unmodelled),
            _ => return Err(Raises),
        },
        _ => return Err(Unmodelled),
    };
    Ok(Some(cast))
}

/// `value::text`, which for booleans is not what they print as.
fn printed(value: &Value, from: &Type) -> Result<Value, NoResult> {
    match (value, from) {
        (Value::Bool(b), _) => Ok(Value::Text(b.to_string().into())),
        // These follow settings of the session, or keep text of their own.
        (
            Value::Date(_) | Value::Time(_) | Value::Timestamp(_) | Value::Bytes(_) | Value::Array(_) | Value::Raw(_),
            _,
        ) => Err(Unmodelled),
        (_, Type::Json) => Err(Unmodelled),
        _ => value.text(from).map(|t| Value::Text(t.into())).ok_or(Unmodelled),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is an outcome like the others")]
fn bool(value: bool) -> Outcome {
    Ok(Some(Value::Bool(value)))
}

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.into()))
}

fn length(value: usize) -> Outcome {
    i64::try_from(value).map(|n| Some(Value::Int(n))).map_err(|_| Raises)
}

fn whole(value: Option<i64>, returns: &Type) -> Outcome {
    match value.filter(|v| in_range(*v, returns)) {
        Some(value) if returns.is_integer() => Ok(Some(Value::Int(value))),
        Some(_) => Err(Unmodelled),
        None => Err(Raises),
    }
}

/// Only ASCII has a case that no collation changes, but for the one `i` that Turkic ones change to another letter.
fn ascii(text: &str, turkic: char) -> Result<&str, NoResult> {
    if text.is_ascii() && !text.contains(turkic) { Ok(text) } else { Err(Unmodelled) }
}

/// `%`, `_` and `\` as LIKE reads them.
fn like(text: &str, pattern: &str) -> Outcome {
    fn matches(text: &[char], pattern: &[char]) -> Option<bool> {
        match pattern {
            [] => Some(text.is_empty()),
            ['%', rest @ ..] => {
                (0..=text.len()).try_fold(false, |found, from| Some(found || matches(text.get(from..)?, rest)?))
            }
            ['\\'] => None,
            ['\\', c, rest @ ..] => match text {
                [t, tail @ ..] if t == c => matches(tail, rest),
                _ => Some(false),
            },
            [c, rest @ ..] => match text {
                [t, tail @ ..] if *c == '_' || t == c => matches(tail, rest),
                _ => Some(false),
            },
        }
    }
    // Each `%` multiplies the work.
    if pattern.matches('%').count() > 4 || text.len() > 200 {
        return Err(Unmodelled);
    }
    let (text, pattern): (Vec<_>, Vec<_>) = (text.chars().collect(), pattern.chars().collect());
    matches(&text, &pattern).map(|m| Some(Value::Bool(m))).ok_or(Unmodelled)
}

fn split_part(text: &str, by: &str, n: i64) -> Outcome {
    if by.is_empty() || n < 1 {
        return Err(Unmodelled);
    }
    let at = usize::try_from(n - 1).map_err(|_| Unmodelled)?;
    Ok(self::text(text.split(by).nth(at).unwrap_or_default()))
}

/// All parts of a path but the last.
fn folders(path: &str) -> Value {
    let mut parts: Vec<_> = path.split('/').map(|p| Some(Value::Text(p.into()))).collect();
    parts.pop();
    Value::Array(parts.into())
}

fn subscript(items: &[Option<Value>], at: i64) -> Option<Value> {
    let at = usize::try_from(at.checked_sub(1)?).ok()?;
    items.get(at).cloned().flatten()
}

fn contains(x: &Value, items: &[Option<Value>]) -> Outcome {
    let mut found = Some(Value::Bool(false));
    for item in items {
        match item.as_ref().map(|item| x.equals(item)) {
            Some(Some(true)) => return bool(true),
            Some(Some(false)) => {}
            Some(None) => return Err(Unmodelled),
            None => found = None,
        }
    }
    Ok(found)
}

/// Whether each item is among others. NULL is equal to none.
fn all_in(part: &[Option<Value>], whole: &[Option<Value>]) -> Outcome {
    let mut all = true;
    for item in part {
        all &= match item {
            Some(item) => is_item(item, whole)?,
            None => false,
        };
    }
    bool(all)
}

/// Whether an item is among others.
fn any_in(a: &[Option<Value>], b: &[Option<Value>]) -> Outcome {
    let mut any = false;
    for item in a.iter().flatten() {
        any |= is_item(item, b)?;
    }
    bool(any)
}

fn is_item(item: &Value, all: &[Option<Value>]) -> Result<bool, NoResult> {
    let mut found = false;
    for other in all.iter().flatten() {
        found |= item.equals(other).ok_or(Unmodelled)?;
    }
    Ok(found)
}

fn step<'a>(json: &'a Json, key: &Value) -> Result<Option<&'a Json>, NoResult> {
    match key {
        Value::Text(key) => Ok(json.field(key)),
        Value::Int(at) => Ok(json.element(*at)),
        _ => Err(Unmodelled),
    }
}

fn exists(json: &Json, key: &str) -> bool {
    match json {
        Json::Object(fields) => fields.contains_key(key),
        Json::Array(items) => items.iter().any(|i| matches!(i, Json::String(s) if **s == *key)),
        Json::String(s) => **s == *key,
        _ => false,
    }
}
