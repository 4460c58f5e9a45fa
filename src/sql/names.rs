//! Names as Postgres reads them: folded, unescaped and cut to what it keeps.

use super::lex::Kind;
use std::fmt;

/// The longest identifier that Postgres keeps, in bytes (`NAMEDATALEN - 1`).
const LONGEST: usize = 63;

/// A name as it was written: folded, with the schema only if there was one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The schema, if it was written.
    pub schema: Option<String>,
    /// The name itself.
    pub name: String,
}

impl Name {
    /// A name without a schema.
    pub fn plain(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }
}

/// Valid SQL: both parts quoted where they need it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::model::quote_ident;
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote_ident(schema))?;
        }
        f.write_str(&quote_ident(&self.name))
    }
}

/// Folds an unquoted identifier: ASCII letters only, as in a UTF-8 database, and at most 63 bytes of it.
#[must_use]
pub fn fold(word: &str) -> String {
    cut(word.to_ascii_lowercase())
}

fn cut(mut name: String) -> String {
    if name.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        name.truncate(end);
    }
    name
}

/// The identifier that a token of this kind spells.
pub(crate) fn identifier(kind: Kind, raw: &str) -> Option<String> {
    match kind {
        Kind::Word => Some(fold(raw)),
        Kind::Quoted => Some(cut(inner(raw, 1).replace("\"\"", "\""))),
        Kind::UnicodeQuoted => Some(cut(unicode(&inner(raw, 3).replace("\"\"", "\""), '\\'))),
        _ => None,
    }
}

/// The value of a string literal of this kind.
pub(crate) fn literal(kind: Kind, raw: &str) -> Option<String> {
    match kind {
        Kind::Text => {
            let prefix = raw.find('\'')? + 1;
            Some(inner(raw, prefix).replace("''", "'"))
        }
        Kind::Escaped => Some(unescape(inner(raw, 2))),
        Kind::UnicodeText => Some(unicode(&inner(raw, 3).replace("''", "'"), '\\')),
        Kind::Dollar => {
            let tag = dollar_tag(raw);
            Some(raw.get(tag..raw.len().checked_sub(tag)?)?.to_owned())
        }
        _ => None,
    }
}

/// The length of a dollar quote's tag, with both dollars.
pub(crate) fn dollar_tag(raw: &str) -> usize {
    raw.get(1..).and_then(|r| r.find('$')).map_or(0, |at| at + 2)
}

fn inner(raw: &str, prefix: usize) -> &str {
    raw.get(prefix..raw.len().saturating_sub(1)).unwrap_or_default()
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            chars.next_if_eq(&'\'');
            out.push('\'');
            continue;
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(escape) = chars.next() else { break };
        let number = match escape {
            'x' => digits(&mut chars, 16, 2),
            'u' => digits(&mut chars, 16, 4),
            'U' => digits(&mut chars, 16, 8),
            '0'..='7' => {
                let more = digits(&mut chars, 8, 2);
                let first = escape.to_digit(8).unwrap_or(0);
                Some(more.map_or(first, |(value, length)| first * 8_u32.pow(length) + value)).map(|v| (v, 0))
            }
            _ => None,
        };
        out.push(match (escape, number) {
            (_, Some((value, _))) => char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER),
            ('n', _) => '\n',
            ('r', _) => '\r',
            ('t', _) => '\t',
            ('b', _) => '\u{8}',
            ('f', _) => '\u{c}',
            (other, _) => other,
        });
    }
    out
}

/// Up to `most` digits: their value and how many there were.
fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: u32) -> Option<(u32, u32)> {
    let (mut value, mut length) = (0_u32, 0);
    while length < most {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
        chars.next();
        value = value.wrapping_mul(radix).wrapping_add(digit);
        length += 1;
    }
    (length > 0).then_some((value, length))
}

/// `\XXXX` and `\+XXXXXX`.
fn unicode(text: &str, escape: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != escape {
            out.push(c);
        } else if chars.next_if_eq(&escape).is_some() {
            out.push(escape);
        } else {
            let most = if chars.next_if_eq(&'+').is_some() { 6 } else { 4 };
            let value = digits(&mut chars, 16, most).and_then(|(value, _)| char::from_u32(value));
            out.push(value.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_cuts_as_postgres_does() {
        assert_eq!(fold("FooÉ"), "fooÉ");
        assert_eq!(identifier(Kind::Quoted, "\"Foo\"\"x\"").unwrap(), "Foo\"x");
        assert_eq!(identifier(Kind::UnicodeQuoted, "U&\"d\\0061t\\+000061\"").unwrap(), "data");
        let long = "é".repeat(40);
        assert_eq!(fold(&long).len(), 62);
        assert_eq!(fold(&"a".repeat(70)).len(), 63);
    }

    #[test]
    fn reads_literals() {
        assert_eq!(literal(Kind::Text, "'it''s \\n'").unwrap(), "it's \\n");
        assert_eq!(literal(Kind::Escaped, r"E'it\'s ''\n\x41\101\u00e9'").unwrap(), "it's '\nAAé");
        assert_eq!(literal(Kind::Dollar, "$a$ x $a$").unwrap(), " x ");
        assert_eq!(literal(Kind::Dollar, "$$$$").unwrap(), "");
    }
}
