//! goose: annotations in comments.
//!
//! By its documentation: files are `<number>_<name>.sql` (or .go) and run by number; annotations are case-insensitive
//! and start their line; `-- +goose Up` is mandatory, `-- +goose Down` ends what runs, `-- +goose NO TRANSACTION` holds
//! for the file, `StatementBegin` and `StatementEnd` keep a statement with semicolons together (ours knows where they
//! end), and `ENVSUB ON` replaces variables of the environment.

use super::sections::{Marker, comment, lines, up_parts};
use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let mut files = Vec::new();
    for entry in place.sql_files()? {
        match number(&entry.name) {
            Some(number) => files.push((number, entry)),
            None if place.is_file() => files.push((0, entry)),
            None => {
                let message = format!("`{}` is never applied: goose wants names like 00001_name.sql", entry.name);
                out.warn(&entry.path, None, WarningKind::NeverApplied, message);
            }
        }
    }
    if !place.is_file() {
        for entry in read::entries(&place.path)? {
            if entry.has_extension("go") && !entry.name.ends_with("_test.go") && number(&entry.name).is_some() {
                let message = format!("`{}` is a migration in Go, which was not read", entry.name);
                out.warn(&entry.path, None, WarningKind::NotRead, message);
            }
        }
    }
    files.sort_by_key(|(number, _)| *number);
    for (number, entry) in files {
        let text = place.text(&entry.path)?;
        let runs = runs(&text);
        out.add(&entry.path, FileRole::Migration, Some(number.to_string()).filter(|_| number > 0), text, runs);
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    name.split_once('_')?.0.parse().ok().filter(|n| *n > 0)
}

fn annotation(line: &str) -> Option<String> {
    let words = comment(line)?.to_lowercase();
    words.strip_prefix("+goose").map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The marker that a line is.
pub(super) fn marker(line: &str) -> Option<Marker> {
    match annotation(line)?.as_str() {
        "up" => Some(Marker::Up),
        "down" => Some(Marker::Down),
        _ => None,
    }
}

fn runs(text: &str) -> Runs {
    // The annotation for the whole file stands before the section.
    let mut runs = up_parts(text, "goose", marker);
    runs.no_transaction = lines(text).any(|(_, line)| annotation(line).as_deref() == Some("no transaction"));
    if let Some(at) = lines(text).position(|(_, line)| annotation(line).as_deref() == Some("envsub on")) {
        let message = "variables of the environment are not replaced (ENVSUB ON)".to_owned();
        runs.remarks.push((at + 1, WarningKind::NotRead, message));
    }
    runs
}
