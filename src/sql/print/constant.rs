//! Constants as the server prints them.

use super::array::array;
use super::{Printer, moment};
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

/// Types whose values stand in an array as they stand alone; `boolean` does not.
const PLAIN_ELEMENTS: [&str; 7] = ["text", "character varying", "uuid", "integer", "bigint", "smallint", "numeric"];

/// What the type's output function makes of what its input function read, for the types where we know it.
fn canonical(value: &str, of: &Type) -> String {
    if let Some(element) = of.element().filter(|element| PLAIN_ELEMENTS.contains(&element.name())) {
        return array(value, |item| canonical(item, &element)).unwrap_or_else(|| value.to_owned());
    }
    match of.name() {
        "boolean" => boolean(value).unwrap_or(value).to_owned(),
        "integer" | "bigint" | "smallint" => whole(value).map_or_else(|| value.to_owned(), |v| v.to_string()),
        "numeric" => numeric(value).unwrap_or_else(|| value.to_owned()),
        "uuid" => {
            let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
            match (digits.get(..8), digits.get(8..12), digits.get(12..16), digits.get(16..20), digits.get(20..)) {
                (Some(a), Some(b), Some(c), Some(d), Some(e)) if e.len() == 12 => format!("{a}-{b}-{c}-{d}-{e}"),
                _ => value.to_owned(),
            }
        }
        "date" => moment::date(value).unwrap_or_else(|| value.to_owned()),
        "time without time zone" => moment::time(value).unwrap_or_else(|| value.to_owned()),
        "timestamp without time zone" => moment::timestamp(value).unwrap_or_else(|| value.to_owned()),
        "timestamp with time zone" => moment::timestamp_in_utc(value).unwrap_or_else(|| value.to_owned()),
        _ => value.to_owned(),
    }
}

/// A whole number; from 16 on it may be hexadecimal and the like, with `_` between digits.
fn whole(value: &str) -> Option<i64> {
    let text = value.trim().replace('_', "");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let lower = digits.to_ascii_lowercase();
    let of_base = |prefix: &str, base| {
        let digits = lower.strip_prefix(prefix)?;
        i64::from_str_radix(&format!("{sign}{digits}"), base).ok()
    };
    of_base("0x", 16).or_else(|| of_base("0o", 8)).or_else(|| of_base("0b", 2)).or_else(|| text.parse().ok())
}

/// Digits without an exponent, with one before the point and with the scale that was written.
fn numeric(value: &str) -> Option<String> {
    /// Numbers with longer exponents are printed in as many digits; such are left as they are.
    const LONGEST: i32 = 1000;
    let lower = value.trim().to_ascii_lowercase();
    let (sign, rest) = lower.strip_prefix('-').map_or(("", lower.as_str()), |rest| ("-", rest));
    let (mantissa, exponent) = rest.trim_start_matches('+').split_once('e').unwrap_or((rest, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|e| (-LONGEST..=LONGEST).contains(e))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let digits = format!("{}{digits}{}", zeros(-point), zeros(point - i32::try_from(digits.len()).ok()?));
    let (whole, fraction) = digits.split_at_checked(usize::try_from(point).unwrap_or(0))?;
    let whole = Some(whole.trim_start_matches('0')).filter(|w| !w.is_empty()).unwrap_or("0");
    let zero = digits.bytes().all(|b| b == b'0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{}{whole}{point}{fraction}", if zero { "" } else { sign }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_exponents() {
        let printed = |text| numeric(text).unwrap();
        assert_eq!(
            ["1e5", ".5", "1.", "-1.50e1", "1e-2", "007.10"].map(printed),
            ["100000", "0.5", "1", "-15.0", "0.01", "7.10"]
        );
        assert_eq!(numeric("NaN"), None);
    }
}
