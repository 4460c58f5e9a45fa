//! JSON as `jsonb` keeps it: object keys sorted and unique, numbers with their scale.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Decimal;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Json {
    /// `null`, which is no SQL NULL.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(BTreeMap<Arc<str>, Json>),
}

impl Json {
    /// Reads JSON text; `None` if it is none, or holds what `jsonb` refuses (`\u0000`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // serde_json's numbers lose the scale, so they are read as raw text.
        let value: Box<serde_json::value::RawValue> = serde_json::from_str(text).ok()?;
        Self::from_raw(&value, 0)
    }

    fn from_raw(raw: &serde_json::value::RawValue, depth: u8) -> Option<Self> {
        type Raw = Box<serde_json::value::RawValue>;
        let text = raw.get().trim();
        let depth = depth.checked_add(1).filter(|d| *d < 100)?;
        Some(match text.bytes().next()? {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => {
                let s: String = serde_json::from_str(text).ok().filter(|s: &String| !s.contains('\0'))?;
                Self::String(s.into())
            }
            b'[' => {
                let items: Vec<Raw> = serde_json::from_str(text).ok()?;
                Self::Array(items.iter().map(|i| Self::from_raw(i, depth)).collect::<Option<_>>()?)
            }
            b'{' => {
                let fields: BTreeMap<String, Raw> = serde_json::from_str(text).ok()?;
                let field = |(k, v): (&String, &Raw)| Some((Arc::from(k.as_str()), Self::from_raw(v, depth)?));
                Self::Object(fields.iter().map(field).collect::<Option<_>>()?)
            }
            _ => Self::Number(Decimal::parse(text)?),
        })
    }

    /// `->`: the field of an object.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Self> {
        if let Self::Object(fields) = self { fields.get(key) } else { None }
    }

    /// `->`: the element of an array, counted from the end if negative.
    #[must_use]
    pub fn element(&self, index: i64) -> Option<&Self> {
        let Self::Array(items) = self else { return None };
        let at = if index < 0 { i64::try_from(items.len()).ok()? + index } else { index };
        items.get(usize::try_from(at).ok()?)
    }

    /// `#>`: follows a path, whose steps index arrays when they are numbers.
    #[must_use]
    pub fn follow(&self, path: &[Arc<str>]) -> Option<&Self> {
        path.iter().try_fold(self, |at, step| match at {
            Self::Array(_) => at.element(step.parse().ok()?),
            _ => at.field(step),
        })
    }

    /// `->>`: a string's own text, other JSON as printed, NULL for `null`.
    #[must_use]
    pub fn text(&self) -> Option<Arc<str>> {
        match self {
            Self::Null => None,
            Self::String(s) => Some(s.clone()),
            other => Some(other.to_string().into()),
        }
    }

    /// SQL's `=` of `jsonb`: numbers compare by value.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.compare(b).is_eq(),
            (Self::Array(a), Self::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b)),
            (Self::Object(a), Self::Object(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && a.equals(b))
            }
            _ => self == other,
        }
    }
}

/// As `jsonb` prints it: a space after each colon and comma, keys by length, then bytes.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::Number(n) => write!(f, "{n}"),
            Self::String(s) => write_string(f, s),
            Self::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by_key(|(k, _)| (k.len(), k.as_bytes()));
                f.write_str("{")?;
                for (at, (key, value)) in sorted.into_iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    write_string(f, key)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_as_jsonb() {
        let text = r#"{"bb":1.50,"a":[true,null,"x\ny"],"c":{"d":{}}, "a": [1]}"#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.to_string(), r#"{"a": [1], "c": {"d": {}}, "bb": 1.50}"#);
        assert_eq!(json.follow(&["a".into(), "0".into()]).and_then(Json::text).as_deref(), Some("1"));
        assert_eq!(Json::parse("{"), None);
        assert_eq!(Json::parse(r#""\u0000""#), None);
        assert!(Json::parse("[1.0]").unwrap().equals(&Json::parse("[1.00]").unwrap()));
        assert_eq!(Json::parse("null").unwrap().text(), None);
    }
}
