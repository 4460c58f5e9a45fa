//! Whether the text of a literal is a value of its type, as the type's input function asks.
//!
//! Only what is surely none is an error: of types whose input depends on settings or on rows (dates, names of objects) every
//! text is let through.

use super::type_facts::Sort;
use super::{Context, error};
use crate::sql::catalog::UserType;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::types::Type;
use std::ops::Range;

/// How deep JSON may be nested for our own reader to judge it.
const DEEPEST_JSON: usize = 100;

impl Context<'_> {
    /// Refuses a literal that is no value of `of`.
    pub(super) fn literal(&self, text: &str, of: &Type, range: &Range<usize>) -> Result<(), SqlError> {
        let fits = match self.sort(of) {
            Sort::Enum => self.is_label(text, of),
            _ => self.is_value(text, of.name()),
        };
        match fits {
            true => Ok(()),
            false if is_whole(text, self.major >= 16, i128::MIN, i128::MAX) && self.is_whole_type(of) => {
                error(ErrorKind::OutOfRange, range, format!("`{text}` is out of range for type `{of}`"))
            }
            false => error(ErrorKind::Literal, range, format!("`{text}` is no value of type `{of}`")),
        }
    }

    fn is_whole_type(&self, of: &Type) -> bool {
        matches!(of.name(), "smallint" | "integer" | "bigint")
    }

    fn is_label(&self, text: &str, of: &Type) -> bool {
        let labels = of.qualified().and_then(|name| self.catalog.data_type(&name.schema, &name.name));
        !matches!(labels, Some(UserType::Enum(labels)) if !labels.iter().any(|label| label == text))
    }

    fn is_value(&self, text: &str, name: &str) -> bool {
        // Spellings such as `0x1f` and `1_000`.
        let more_spellings = self.major >= 16;
        match name {
            "boolean" => is_boolean(text),
            "smallint" => is_whole(text, more_spellings, i128::from(i16::MIN), i128::from(i16::MAX)),
            "integer" => is_whole(text, more_spellings, i128::from(i32::MIN), i128::from(i32::MAX)),
            "bigint" => is_whole(text, more_spellings, i128::from(i64::MIN), i128::from(i64::MAX)),
            "numeric" => is_number(text, more_spellings),
            "real" | "double precision" => is_number(text, true),
            "uuid" => is_uuid(text),
            "json" | "jsonb" => is_json(text),
            _ if name.ends_with("[]") => trimmed(text).starts_with(['{', '[']),
            _ => true,
        }
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}'))
}

fn is_boolean(text: &str) -> bool {
    let word = trimmed(text).to_ascii_lowercase();
    let starts = |whole: &str| !word.is_empty() && whole.starts_with(&word);
    matches!(word.as_str(), "on" | "of" | "off" | "1" | "0") || ["true", "false", "yes", "no"].into_iter().any(starts)
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// `more_spellings` lets others through, such as `0x1f`.
fn is_whole(text: &str, more_spellings: bool, least: i128, most: i128) -> bool {
    let text = trimmed(text);
    let digits = unsigned(text);
    if more_spellings && (digits.contains('_') || digits.starts_with('0') && digits.len() > 1) {
        return digits.starts_with(|c: char| c.is_ascii_digit());
    }
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits && text.parse::<i128>().is_ok_and(|value| (least..=most).contains(&value))
}

fn is_number(text: &str, more_spellings: bool) -> bool {
    let word = unsigned(trimmed(text)).to_ascii_lowercase();
    if matches!(word.as_str(), "nan" | "inf" | "infinity") {
        return true;
    }
    if more_spellings && (word.contains('_') || word.starts_with('0') && word.len() > 1) {
        return word.starts_with(|c: char| c.is_ascii_digit());
    }
    let (mantissa, exponent) = word.split_once('e').map_or((word.as_str(), None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let some = |part: &str| !part.is_empty() && digits(part);
    (some(whole) || some(fraction)) && digits(whole) && digits(fraction) && exponent.is_none_or(|e| some(unsigned(e)))
}

/// Hexadecimal digits with hyphens behind groups of four, perhaps in braces.
fn is_uuid(text: &str) -> bool {
    let inner = match text.strip_prefix('{') {
        Some(rest) => match rest.strip_suffix('}') {
            Some(inner) => inner,
            None => return false,
        },
        None => text,
    };
    let (mut digits, mut hyphen) = (0_usize, false);
    for c in inner.chars() {
        match c {
            '-' if !hyphen && digits > 0 && digits < 32 && digits.is_multiple_of(4) => hyphen = true,
            c if c.is_ascii_hexdigit() => (digits, hyphen) = (digits + 1, false),
            _ => return false,
        }
    }
    digits == 32
}

fn is_json(text: &str) -> bool {
    let brackets = text.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
    brackets > DEEPEST_JSON || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_may_be_cut_short() {
        let all = ["t", " TRUE ", "fal", "y", "no", "on", "of", "1"];
        assert!(all.into_iter().all(is_boolean));
        assert!(!["", "o", "truth", "2", "x"].into_iter().any(is_boolean));
    }

    #[test]
    fn numbers_have_their_forms_and_ranges() {
        let small = |text, more| is_whole(text, more, -32_768, 32_767);
        assert!([" 7 ", "-32768", "+1"].into_iter().all(|t| small(t, false)));
        assert!(!["", "x", "1.0", "32768", "0x10", "1_0"].into_iter().any(|t| small(t, false)));
        assert!(["0x10", "1_0"].into_iter().all(|t| small(t, true)));
        assert!(["1", ".5", "1.", "-1e5", "NaN", "-inf"].into_iter().all(|t| is_number(t, false)));
        assert!(!["", ".", "1e", "1x", "0x10"].into_iter().any(|t| is_number(t, false)));
    }

    #[test]
    fn uuids_and_json() {
        let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        assert!(is_uuid(uuid) && is_uuid(&format!("{{{uuid}}}")) && is_uuid(&uuid.replace('-', "")));
        assert!(!["", "x", "a0eebc99", &format!(" {uuid}"), &format!("{{{uuid}")].into_iter().any(is_uuid));
        assert!(is_json("{\"a\": [1, null]}") && !is_json("{a: 1}") && !is_json(""));
    }
}
