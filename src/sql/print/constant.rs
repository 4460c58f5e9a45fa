//! Constants as the server prints them.

use super::Printer;
use crate::sql::types::Type;

/// Whether the type of a constant is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Where it is needed to read the same value.
    Needed,
    /// Never: a cast follows.
    Never,
    /// Always: a bare number would be read as a place.
    Always,
}

impl Printer<'_> {
    pub(super) fn constant(&mut self, value: Option<&str>, of: &Type, label: Label) {
        let Some(value) = value else {
            self.put("NULL");
            if label != Label::Never {
                self.cast_suffix(of);
            }
            return;
        };
        let canonical = canonical(value, of);
        let plain = match of.name() {
            "boolean" => true,
            "integer" => !canonical.starts_with('-') && canonical.bytes().all(|b| b.is_ascii_digit()),
            "numeric" => canonical.starts_with(|c: char| c.is_ascii_digit()) && canonical.contains(['.', 'e', 'E']),
            _ => false,
        };
        if plain {
            self.put(&canonical);
        } else {
            // Strings conform to the standard: a backslash is itself.
            self.put(&format!("'{}'", canonical.replace('\'', "''")));
        }
        let needed = match of.name() {
            "boolean" | "unknown" => false,
            "integer" | "numeric" => !plain || of.modifier().is_some(),
            _ => true,
        };
        if label == Label::Always || needed && label == Label::Needed {
            self.cast_suffix(of);
        }
    }
}

/// What the type's output function makes of what its input function read, for the types where we know it.
fn canonical(value: &str, of: &Type) -> String {
    match of.name() {
        "boolean" => boolean(value).unwrap_or(value).to_owned(),
        "integer" | "bigint" | "smallint" => {
            value.trim().parse::<i64>().map_or_else(|_| value.to_owned(), |v| v.to_string())
        }
        "uuid" => {
            let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
            match (digits.get(..8), digits.get(8..12), digits.get(12..16), digits.get(16..20), digits.get(20..)) {
                (Some(a), Some(b), Some(c), Some(d), Some(e)) if e.len() == 12 => format!("{a}-{b}-{c}-{d}-{e}"),
                _ => value.to_owned(),
            }
        }
        _ => value.to_owned(),
    }
}

fn boolean(value: &str) -> Option<&'static str> {
    let word = value.trim().to_ascii_lowercase();
    let is = |full: &str| !word.is_empty() && full.starts_with(&word);
    match word.as_str() {
        "1" | "on" => Some("true"),
        "0" | "of" | "off" => Some("false"),
        "o" => None,
        _ if is("true") || is("yes") => Some("true"),
        _ if is("false") || is("no") => Some("false"),
        _ => None,
    }
}
