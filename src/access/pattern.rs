//! Patterns for relations and functions, and which of two is the more specific.

use super::rules::Word;
use super::text::At;
use crate::model::QualifiedName;
use crate::model::glob::matches;

/// `schema.name` with wildcards; for functions, perhaps with argument types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// As it was written.
    pub(super) text: String,
    pub(super) at: At,
    pub(super) schema: Part,
    pub(super) name: Part,
    /// The argument types as written, of functions only.
    pub(super) arguments: Option<String>,
}

/// One side of the dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// A name.
    Exact(String),
    /// One with `*` or `?`.
    Glob(String),
}

impl Part {
    fn new(text: &str) -> Option<Self> {
        if let Some(quoted) = text.strip_prefix('"') {
            let inner = quoted.strip_suffix('"')?.replace("\"\"", "\"");
            return (!inner.is_empty()).then_some(Self::Exact(inner));
        }
        if text.is_empty() || text.contains('"') {
            return None;
        }
        let text = text.to_owned();
        Some(if text.contains(['*', '?']) { Self::Glob(text) } else { Self::Exact(text) })
    }

    fn covers(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Glob(glob) => matches(glob, name),
        }
    }

    /// Whether it says anything of a name.
    fn is_open(&self) -> bool {
        matches!(self, Self::Glob(glob) if glob.chars().all(|c| c == '*'))
    }
}

/// How much a pattern says; the greater wins over the lesser, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `*`
    Everything,
    /// `public.*`
    Schema,
    /// `public.audit_*`, `*.audit_log`
    Some,
    /// `public.documents`
    One,
    /// `public.reset(uuid)`
    Overload,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong and what to do.
    pub(super) fn new(word: Word, function: bool) -> Result<Self, (String, String)> {
        let Word { text, at } = word;
        let bad = |help: &str| (format!("`{text}` names nothing"), help.to_owned());
        let (path, arguments) = match text.split_once('(') {
            Some((path, rest)) if function => {
                let inner = rest.strip_suffix(')').ok_or_else(|| bad("the argument types end with `)`"))?;
                (path, Some(inner.trim().to_owned()))
            }
            _ => (text.as_str(), None),
        };
        let example =
            if function { "such as `public.reset(uuid)`" } else { "such as `public.documents` or `public.*`" };
        let (schema, name) = if path == "*" { ("*", "*") } else { split(path).unwrap_or(("", path)) };
        if schema.is_empty() && !name.is_empty() {
            return Err(bad(&format!("say the schema too: `public.{name}`")));
        }
        let parts = Part::new(schema).zip(Part::new(name)).filter(|_| split(name).is_none());
        let (schema, name) = parts.ok_or_else(|| bad(&format!("a schema and a name, {example}")))?;
        if arguments.is_some() && !matches!((&schema, &name), (Part::Exact(_), Part::Exact(_))) {
            return Err(bad("argument types go with a whole name only"));
        }
        Ok(Self { schema, name, arguments, text, at })
    }

    /// Whether it covers a name.
    pub(super) fn covers(&self, name: &QualifiedName) -> bool {
        self.schema.covers(&name.schema) && self.name.covers(&name.name)
    }

    /// The one name that it is, if it has no wildcards.
    pub(super) fn exact(&self) -> Option<QualifiedName> {
        match (&self.schema, &self.name) {
            (Part::Exact(schema), Part::Exact(name)) => Some(QualifiedName::new(schema, name)),
            _ => None,
        }
    }

    pub(super) fn level(&self) -> Level {
        match (&self.schema, &self.name) {
            (Part::Exact(_), Part::Exact(_)) if self.arguments.is_some() => Level::Overload,
            (Part::Exact(_), Part::Exact(_)) => Level::One,
            (schema, name) if schema.is_open() && name.is_open() => Level::Everything,
            (_, name) if name.is_open() => Level::Schema,
            _ => Level::Some,
        }
    }

    /// Whether two patterns mean the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.schema, &self.name, &self.arguments) == (&other.schema, &other.name, &other.arguments)
    }
}

/// Takes a path apart at its first dot outside of quotes.
fn split(path: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let dot = path.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    })?;
    path.get(..dot.0).zip(path.get(dot.0 + 1..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, (String, String)> {
        Pattern::new(Word { text: text.to_owned(), at: At { file: 0, start: 0, end: 0 } }, text.contains('('))
    }

    #[test]
    fn patterns_cover_what_they_say() {
        let name = |text: &str| QualifiedName::new(text.split_once('.').unwrap().0, text.split_once('.').unwrap().1);
        for (text, covered, not, level) in [
            ("public.docs", "public.docs", "public.doc", Level::One),
            ("public.*", "public.docs", "publics.docs", Level::Schema),
            ("*.audit_log", "app.audit_log", "app.audit_logs", Level::Some),
            ("*", "a.b", "", Level::Everything),
            ("public.\"a.*\"", "public.a.*", "public.a.b", Level::One),
            ("a.b(int)", "a.b", "a.c", Level::Overload),
        ] {
            let pattern = pattern(text).unwrap();
            assert!(pattern.covers(&name(covered)), "{text}");
            assert!(not.is_empty() || !pattern.covers(&name(not)), "{text}");
            assert_eq!(pattern.level(), level, "{text}");
        }
    }

    #[test]
    fn bad_patterns_say_what_to_do() {
        for (text, help) in [
            ("docs", "public.docs"),
            ("", "a schema and a name"),
            ("a.", "a schema and a name"),
            (".b", "public.b"),
            ("a.b.c", "a schema and a name"),
            ("a.\"b", "a schema and a name"),
            ("a.b(int", "end with"),
            ("a.*(int)", "whole name"),
        ] {
            let (_, found) = pattern(text).unwrap_err();
            assert!(found.contains(help), "{text}: {found}");
        }
    }
}
