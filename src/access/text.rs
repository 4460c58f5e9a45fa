//! A rule file's text, and where things are in it.

use std::ops::Range;
use std::path::PathBuf;

use super::error::RuleError;
use super::intent::Place;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// As it was named.
    pub(super) path: PathBuf,
    /// What it holds.
    pub(super) text: String,
    /// Whether it comes with the program.
    pub(super) is_preset: bool,
}

/// Some bytes of one of several files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    /// The file's place in the list.
    pub(super) file: usize,
    /// The first byte.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
}

impl At {
    pub(super) fn new(file: usize, span: &Range<usize>) -> Self {
        Self { file, start: span.start, end: span.end }
    }
}

/// SQL in a string of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sql {
    /// The SQL.
    pub(super) text: String,
    /// The string, its quotes included.
    pub(super) at: At,
}

impl Text {
    /// The place of a byte.
    pub(super) fn place(&self, byte: usize) -> Place {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Place {
            file: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: line.trim_start_matches('\u{feff}').chars().count() + 1,
        }
    }

    /// The byte of the file that gave a byte of a TOML string's value.
    fn byte_of(&self, value: &Sql, byte: usize) -> usize {
        let raw = self.text.get(value.at.start..value.at.end).unwrap_or_default();
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| raw.starts_with(*q)).unwrap_or_default();
        let mut at = quotes.len();
        if quotes.len() == 3 {
            let rest = raw.get(at..).unwrap_or_default();
            at +=
                rest.find('\n').filter(|end| rest.get(..*end).is_some_and(|s| s.trim_end() == "")).map_or(0, |e| e + 1);
        }
        let escapes = quotes.starts_with('"');
        for c in value.text.get(..byte).unwrap_or(&value.text).chars() {
            at += raw.get(at..).map_or(0, |rest| length(rest, c, escapes));
        }
        let here = raw.get(at..).unwrap_or_default();
        value.at.start + at + if escapes { folded(here) } else { 0 }
    }

    /// The place of a byte of a TOML string's value.
    pub(super) fn place_in(&self, value: &Sql, byte: usize) -> Place {
        self.place(self.byte_of(value, byte))
    }
}

/// How many bytes a TOML string spends on a character of its value.
fn length(raw: &str, of: char, escapes: bool) -> usize {
    let skipped = if escapes { folded(raw) } else { 0 };
    let raw = raw.get(skipped..).unwrap_or_default();
    let mut chars = raw.chars();
    skipped
        + match chars.next() {
            Some('\\') if escapes => match chars.next() {
                Some('u') => 6,
                Some('U') => 10,
                Some('x') => 4,
                _ => 2,
            },
            Some('\r') if of == '\n' => 2,
            Some(c) => c.len_utf8(),
            None => 0,
        }
}

/// The bytes of line ends that backslashes take out of the value.
fn folded(raw: &str) -> usize {
    let mut rest = raw;
    while let Some(after) = rest.strip_prefix('\\') {
        let Some((blank, _)) = after.split_once('\n').filter(|(blank, _)| blank.trim().is_empty()) else { break };
        rest = after.get(blank.len()..).unwrap_or_default().trim_start();
    }
    raw.len() - rest.len()
}

/// Errors of several files.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'a>(pub(super) &'a [Text]);

impl Texts<'_> {
    /// The place where something begins.
    pub(super) fn place(self, at: &At) -> Place {
        self.0.get(at.file).map(|text| text.place(at.start)).unwrap_or_default()
    }

    /// An error about something.
    pub(super) fn error(self, at: &At, message: impl Into<String>, help: Option<String>) -> RuleError {
        RuleError { place: self.place(at), message: message.into(), help }
    }

    /// An error about a byte of SQL.
    pub(super) fn error_in(
        self,
        sql: &Sql,
        byte: usize,
        message: impl Into<String>,
        help: Option<String>,
    ) -> RuleError {
        let place = self.0.get(sql.at.file).map(|text| text.place_in(sql, byte)).unwrap_or_default();
        RuleError { place, message: message.into(), help }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a piece of the value is in the file.
    fn found(file: &str, value: &str, piece: &str) -> (usize, usize) {
        let text = Text { path: "x.toml".into(), text: file.to_owned(), is_preset: false };
        let start = file.find(['"', '\'']).unwrap();
        let sql = Sql { text: value.to_owned(), at: At { file: 0, start, end: file.trim_end().len() } };
        let parsed: toml::Table = file.parse().unwrap();
        assert_eq!(
            parsed["a"].as_str().unwrap().replace("\r\n", "\n"),
            value.replace("\r\n", "\n"),
            "the test's value is the parser's"
        );
        let place = text.place_in(&sql, value.find(piece).unwrap());
        (place.line, place.column)
    }

    #[test]
    fn bytes_of_every_kind_of_string_are_found() {
        assert_eq!(found("a = \"x = 1\"", "x = 1", "1"), (1, 10));
        assert_eq!(found("a = 'x = 1'", "x = 1", "x"), (1, 6));
        assert_eq!(found(r#"a = "\"é\u00e9\t\" = 1""#, "\"éé\t\" = 1", "1"), (1, 22));
        assert_eq!(found("a = \"\"\"\nx =\n  1\"\"\"", "x =\n  1", "1"), (3, 3));
        assert_eq!(found("a = \"\"\"x \\\n   = 1\"\"\"", "x = 1", "="), (2, 4));
        assert_eq!(found("a = '''\r\nx\r\n= 1'''", "x\n= 1", "1"), (3, 3));
    }
}
