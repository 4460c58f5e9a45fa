//! Files that hold both directions, parted by comment lines, of which only the way up counts.

use super::{Runs, WarningKind};

/// A comment line that parts a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Up,
    Down,
}

/// The lines of a text with the byte at which each starts, without their ends.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}

/// Whether a text has nothing to run: blanks and comments of one line.
pub(super) fn is_blank(text: &str) -> bool {
    lines(text).all(|(_, line)| {
        let line = line.trim_start_matches('\u{feff}').trim_start();
        line.is_empty() || line.starts_with("--")
    })
}

/// A comment's words after its dashes, which must begin the line; `None` for another line.
pub(super) fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    line.strip_prefix("--").map(str::trim)
}

/// The text from each `Up` marker to the next `Down` one; `mark` says which lines are markers.
///
/// `tool` is for the remarks: it refuses a file with statements before the first marker, and one without a marker.
pub(super) fn up_parts(text: &str, tool: &str, mark: impl Fn(&str) -> Option<Marker>) -> Runs {
    let mut runs = Runs::default();
    let (mut open, mut any, mut before) = (None, false, true);
    for (number, (start, line)) in lines(text).enumerate() {
        match mark(line) {
            Some(Marker::Up) => {
                (any, before) = (true, false);
                open.get_or_insert(start);
            }
            Some(Marker::Down) => {
                before = false;
                runs.parts.extend(open.take().map(|from| from..start));
            }
            None if before && !is_blank(line) => {
                before = false;
                let message = format!("a statement stands before the first marker: {tool} refuses such a file");
                runs.remarks.push((number + 1, WarningKind::NotRead, message));
            }
            None => (),
        }
    }
    runs.parts.extend(open.map(|from| from..text.len()));
    if !any {
        runs.remarks.push((1, WarningKind::NotRead, format!("no section to run: {tool} refuses such a file")));
    }
    runs
}
