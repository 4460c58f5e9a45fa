//! node-pg-migrate with SQL files.
//!
//! By its sources, and tried on version 9: the first comment line of dashes and `Up Migration`, in any case, begins what
//! runs, and the first with `Down Migration` ends it if it stands behind; without an up marker the whole file runs. Files
//! run by the number that their name begins with, of which 17 digits are a time in UTC, then by name as people sort:
//! numbers by value, punctuation aside. A name without a number stops the run. Migrations may also be JavaScript or
//! TypeScript.

use super::sections::{Marker, lines};
use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let mut files = place.sql_files()?;
    files.sort_by_cached_key(|entry| (number(digits(&entry.name)), collation(&entry.name)));
    for entry in files {
        if digits(&entry.name).is_empty() && !place.is_file() {
            let message = format!("`{}` has no number: node-pg-migrate stops at such a name", entry.name);
            out.warn(&entry.path, None, WarningKind::NotRead, message);
        }
        let text = place.text(&entry.path)?;
        let version = Some(digits(&entry.name).to_owned()).filter(|d| !d.is_empty());
        let runs = runs(&text);
        out.add(&entry.path, FileRole::Migration, version, text, runs);
    }
    if !place.is_file() {
        let is_code = |e: &read::Entry| ["js", "cjs", "mjs", "ts", "cts", "mts"].iter().any(|x| e.has_extension(x));
        for entry in read::entries(&place.path)?.into_iter().filter(is_code) {
            let message = format!("`{}` is a migration in JavaScript, which was not read", entry.name);
            out.warn(&entry.path, None, WarningKind::NotRead, message);
        }
    }
    Ok(())
}

fn digits(name: &str) -> &str {
    let end = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name.get(..end).unwrap_or_default()
}

/// The value of a number that a name begins with; none sorts last.
fn number(digits: &str) -> u128 {
    let value = digits.parse().unwrap_or(u128::MAX);
    if digits.len() == 17 { milliseconds(digits).unwrap_or(value) } else { value }
}

/// A time `YYYYMMDDhhmmssSSS` as milliseconds since 1970.
fn milliseconds(digits: &str) -> Option<u128> {
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    // Days of the proleptic Gregorian calendar, whose year is taken to begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 719_469;
    let seconds = days * 86_400 + part(8..10)? * 3600 + part(10..12)? * 60 + part(12..14)?;
    u128::try_from(seconds * 1000 + part(14..17)?).ok()
}

/// What stands for a name when names are sorted as people do: numbers before letters and by value, punctuation aside,
/// small letters before large ones where nothing else differs.
fn collation(name: &str) -> (Vec<(bool, u128, String)>, Vec<bool>) {
    let (mut parts, mut large): (Vec<(bool, u128, String)>, Vec<bool>) = (Vec::new(), Vec::new());
    let mut digits = String::new();
    for c in name.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() && c.is_alphanumeric() || c == ' ' && !digits.is_empty() {
            parts.push((false, digits.parse().unwrap_or(u128::MAX), String::new()));
            digits.clear();
        }
        if c.is_alphanumeric() {
            parts.push((true, 0, c.to_lowercase().collect()));
            large.push(c.is_uppercase());
        }
    }
    (parts, large)
}

/// The marker that a line is.
pub(super) fn marker(line: &str) -> Option<Marker> {
    let line = line.trim_start_matches('\u{feff}').trim_start();
    let words = line.strip_prefix("--")?.trim_start_matches(|c: char| c == '-' || c.is_whitespace()).to_lowercase();
    let mut words = words.split_whitespace();
    let way = match words.next()? {
        "up" => Marker::Up,
        "down" => Marker::Down,
        _ => return None,
    };
    words.next().filter(|word| word.starts_with("migration")).map(|_| way)
}

/// From the first up marker to the first down marker if that is behind it; all of a file that has no up marker.
fn runs(text: &str) -> Runs {
    let markers: Vec<_> =
        lines(text).enumerate().filter_map(|(n, (at, line))| Some((marker(line)?, at, n + 1))).collect();
    let Some((_, up, _)) = markers.iter().find(|(way, ..)| *way == Marker::Up) else {
        let mut runs = Runs::whole(text);
        if let Some((_, _, line)) = markers.first() {
            let message = "without an up marker node-pg-migrate runs the whole file, its down part too".to_owned();
            runs.remarks.push((*line, WarningKind::MixedLayouts, message));
        }
        return runs;
    };
    let first = markers.iter().find(|(way, ..)| *way == Marker::Down);
    let down = first.filter(|(_, at, _)| at > up).map_or(text.len(), |(_, at, _)| *at);
    Runs { parts: std::iter::once(*up..down).collect(), ..Runs::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_the_tool_sorts_them() {
        // What version 9 made of these names.
        let expected = ["1_a9.sql", "1_a10.sql", "1_a.sql", "1_A.sql", "1_b.sql", "3_c.sql", "0004_e.sql"];
        let times = ["20200101000000000_b.sql", "1700000000000_a.sql", "20240101000000_d.sql"];
        let mut names: Vec<_> = times.iter().chain(&expected).collect();
        names.sort_by_cached_key(|name| (number(digits(name)), collation(name)));
        assert_eq!(names, expected.iter().chain(&times).collect::<Vec<_>>());
        assert_eq!(milliseconds("19700101000000000"), Some(0));
        assert_eq!(milliseconds("20240229235959999"), Some(1_709_251_199_999));
    }
}
