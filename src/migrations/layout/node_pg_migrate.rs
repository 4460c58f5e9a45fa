//! node-pg-migrate with SQL files.
//!
//! By its sources: a comment line of dashes and `Up Migration`, in any case, begins what runs, and one with
//! `Down Migration` ends it; without either the whole file runs. Files run by the number that their name begins with,
//! then by name. Migrations may also be JavaScript or TypeScript.

use super::sections::{Marker, lines};
use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let mut files = place.sql_files()?;
    files.sort_by_key(|entry| (digits(&entry.name).parse::<u128>().unwrap_or(u128::MAX), entry.name.clone()));
    for entry in files {
        let text = place.text(&entry.path)?;
        let version = Some(digits(&entry.name).to_owned()).filter(|d| !d.is_empty());
        let runs = runs(&text);
        out.add(&entry.path, FileRole::Migration, version, text, runs);
    }
    if !place.is_file() {
        let is_code = |e: &read::Entry| ["js", "cjs", "mjs", "ts"].iter().any(|x| e.has_extension(x));
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

/// From the first up marker to the first down marker after it; all of a file that has no up marker, whatever else it has.
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
    let down = markers.iter().find(|(way, at, _)| *way == Marker::Down && at > up).map_or(text.len(), |(_, at, _)| *at);
    Runs { parts: std::iter::once(*up..down).collect(), ..Runs::default() }
}
