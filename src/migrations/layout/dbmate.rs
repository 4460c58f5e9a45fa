//! dbmate: one file for both ways.
//!
//! Tried on version 2.36: files are `<digits><anything>.sql`, in lower case, and run by name; the digits are the version. A
//! line `-- migrate:up`, in lower case and from its first column, opens the section that runs, `-- migrate:down` the one
//! that undoes it, and options stand behind the marker, of which `transaction:false` is the only one. A file is refused
//! without an up section, and with anything but blanks and `--` comments before it; then none of the later ones runs.

use super::sections::{Marker, comment, lines, up_parts};
use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    for entry in place.sql_files()? {
        let digits: String = entry.name.chars().take_while(char::is_ascii_digit).collect();
        if (digits.is_empty() || !entry.name.ends_with(".sql")) && !place.is_file() {
            let why = "dbmate wants names that begin with digits and end in .sql";
            let message = format!("`{}` is never applied: {why}", entry.name);
            out.warn(&entry.path, None, WarningKind::NeverApplied, message);
            continue;
        }
        let text = place.text(&entry.path)?;
        let runs = runs(&text);
        out.add(&entry.path, FileRole::Migration, Some(digits).filter(|d| !d.is_empty()), text, runs);
    }
    Ok(())
}

/// The marker that a line is.
pub(super) fn marker(line: &str) -> Option<Marker> {
    let words = comment(line)?;
    match words.split_whitespace().next()? {
        "migrate:up" => Some(Marker::Up),
        "migrate:down" => Some(Marker::Down),
        _ => None,
    }
}

fn runs(text: &str) -> Runs {
    let mut runs = up_parts(text, "dbmate", marker);
    let is_alone = |line: &str| {
        marker(line) == Some(Marker::Up)
            && comment(line).is_some_and(|c| c.to_lowercase().contains("transaction:false"))
    };
    runs.no_transaction = lines(text).any(|(_, line)| is_alone(line));
    runs
}
