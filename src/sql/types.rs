//! Types by the names that `format_type` prints under an empty `search_path`, modifiers apart.

use crate::model::{QualifiedName, quote_ident};
use std::fmt;
use std::sync::Arc;

/// A type, perhaps with a modifier. Equal types have equal names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    /// The canonical name without a modifier: `integer`, `timestamp with time zone`, `public.mood`, `text[]`.
    name: Arc<str>,
    /// What stands in the parentheses (`10,2`), or the fields of an interval with a blank in front.
    modifier: Option<Arc<str>>,
}

impl Type {
    /// The type of that canonical name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), modifier: None }
    }

    /// A type outside `pg_catalog`.
    #[must_use]
    pub fn of(name: &QualifiedName) -> Self {
        Self::named(&name.to_string())
    }

    /// Reads what `format_type` printed.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (base, array) = text.strip_suffix("[]").map_or((text, ""), |base| (base, "[]"));
        if base.ends_with('"') && base != "\"bit\"" {
            return Self::named(text);
        }
        let spelled = |name: String, modifier: &str| Self { name: name.into(), modifier: Some(modifier.into()) };
        if let Some(fields) = base.strip_prefix("interval ") {
            return spelled(format!("interval{array}"), &format!(" {fields}"));
        }
        let Some((open, close)) = base.find('(').zip(base.rfind(')')).filter(|(open, close)| open < close) else {
            // What the catalog calls `bpchar` has no length; `character` is the same type.
            let base = match base {
                "bpchar" => "character",
                "\"bit\"" => "bit",
                base => base,
            };
            return Self::named(&format!("{base}{array}"));
        };
        let (before, after) = (base.get(..open).unwrap_or_default(), base.get(close + 1..).unwrap_or_default());
        spelled(format!("{before}{after}{array}"), base.get(open + 1..close).unwrap_or_default())
    }

    /// The canonical name without a modifier.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The modifier.
    #[must_use]
    pub fn modifier(&self) -> Option<&str> {
        self.modifier.as_deref()
    }

    /// The same type with a modifier, or without.
    #[must_use]
    pub fn with_modifier(&self, modifier: Option<&str>) -> Self {
        Self { name: Arc::clone(&self.name), modifier: modifier.map(Into::into) }
    }

    /// The same type without a modifier.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { name: Arc::clone(&self.name), modifier: None }
    }

    /// Whether it is the type of that canonical name, whatever its modifier.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        &*self.name == name
    }

    /// The array of this type; arrays of arrays are arrays.
    #[must_use]
    pub fn array(&self) -> Self {
        if self.is_array() {
            return self.clone();
        }
        Self { name: format!("{}[]", self.name).into(), modifier: self.modifier.clone() }
    }

    /// Whether its name is that of an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.name.ends_with("[]")
    }

    /// The type of an array's elements.
    #[must_use]
    pub fn element(&self) -> Option<Self> {
        let element = match &*self.name {
            "int2vector" => "smallint",
            "oidvector" => "oid",
            name => name.strip_suffix("[]")?,
        };
        Some(Self { name: element.into(), modifier: self.modifier.clone() })
    }

    /// Schema and name of a type outside `pg_catalog`, or of its elements.
    #[must_use]
    pub fn qualified(&self) -> Option<QualifiedName> {
        let name = self.name.strip_suffix("[]").unwrap_or(&self.name);
        // Most types are built in, and have no schema in their names.
        name.bytes().any(|b| b == b'.').then_some(())?;
        let (schema, rest) = identifier(name)?;
        let (name, rest) = identifier(rest.strip_prefix('.')?)?;
        rest.is_empty().then(|| QualifiedName::new(schema, name))
    }
}

/// Takes a quoted or plain identifier off the front.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        return Some((text.get(..end)?.to_owned(), text.get(end..)?)).filter(|(name, _)| !name.is_empty());
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted.get(at + 1..).is_some_and(|r| r.starts_with('"')) => {
                chars.next();
                name.push('"');
            }
            '"' => return Some((name, quoted.get(at + 1..)?)),
            _ => name.push(c),
        }
    }
    None
}

/// As `format_type` prints it, with the modifier.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (base, array) = self.name.strip_suffix("[]").map_or((&*self.name, ""), |base| (base, "[]"));
        let Some(modifier) = &self.modifier else {
            // Without a length `character` would read as `character(1)`, and so would `bit`.
            let base = match base {
                "character" => "bpchar",
                "bit" => "\"bit\"",
                base => base,
            };
            return write!(f, "{base}{array}");
        };
        if modifier.starts_with(' ') {
            return write!(f, "{base}{modifier}{array}");
        }
        match base.split_once(' ') {
            Some((first, rest)) if first == "timestamp" || first == "time" => {
                write!(f, "{first}({modifier}) {rest}{array}")
            }
            _ => write!(f, "{base}({modifier}){array}"),
        }
    }
}

/// A name as `format_type` prints it.
#[must_use]
pub(crate) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_what_format_type_prints() {
        for (text, name, modifier) in [
            ("integer", "integer", None),
            ("character varying(20)", "character varying", Some("20")),
            ("character varying(20)[]", "character varying[]", Some("20")),
            ("timestamp(3) with time zone", "timestamp with time zone", Some("3")),
            ("numeric(10,2)", "numeric", Some("10,2")),
            ("interval day to second(3)", "interval", Some(" day to second(3)")),
            ("interval(3)", "interval", Some("3")),
            ("bpchar", "character", None),
            ("\"char\"", "\"char\"", None),
            ("public.\"a(1)\"", "public.\"a(1)\"", None),
            ("extensions.vector(3)", "extensions.vector", Some("3")),
        ] {
            let parsed = Type::parse(text);
            assert_eq!((parsed.name(), parsed.modifier(), parsed.to_string().as_str()), (name, modifier, text));
        }
    }

    #[test]
    fn takes_names_apart() {
        assert_eq!(Type::named("\"a.\"\"b\".c[]").qualified(), Some(QualifiedName::new("a.\"b", "c")));
        assert_eq!(Type::named("integer").qualified(), None);
        assert_eq!(Type::named("timestamp with time zone").qualified(), None);
    }
}
