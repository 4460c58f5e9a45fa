//! Where findings and gaps are, for formats that want files, lines and URIs.

use std::collections::BTreeMap;

use super::CoverageGap;
use crate::finding::{Finding, Location};

/// A range in a file: lines and columns from 1, columns in code points, the end behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

impl Default for Region {
    fn default() -> Self {
        Self { line: 1, column: 1, end_line: 1, end_column: 2 }
    }
}

/// The range of a statement; its end is known where the file's text is.
pub(super) fn region(location: &Location, texts: &BTreeMap<String, String>) -> Region {
    let span = location.span;
    let start = Region {
        line: span.line.max(1),
        column: span.column.max(1),
        end_line: span.line.max(1),
        end_column: span.column.max(1) + 1,
    };
    let text = texts.get(&location.file).and_then(|text| text.get(span.start as usize..span.end as usize));
    let Some(text) = text.filter(|text| !text.is_empty()) else { return start };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let breaks = number(text.matches('\n').count());
    let last = number(text.rsplit('\n').next().unwrap_or_default().chars().count());
    let end_column = if breaks == 0 { start.column + last } else { last + 1 };
    Region { end_line: start.line + breaks, end_column, ..start }
}

/// A path as the relative reference of a URI: what may not stand in one is percent-encoded, separators stay.
pub(super) fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    if out.is_empty() { ".".to_owned() } else { out }
}

/// What stands for a file where a finding comes from none: the object in the database.
pub(super) fn unplaced(finding: &Finding) -> String {
    let object = &finding.object;
    let schema = object.schema.as_deref().map_or_else(String::new, |schema| format!("{schema}."));
    format!("database/{schema}{}", object.name.replace(['/', '\\'], "_"))
}

/// The file and the line of a finding, where there is one.
pub(super) fn first(finding: &Finding) -> Option<&Location> {
    finding.locations.first()
}

/// A gap in one line, its place first.
pub(super) fn gap(gap: &CoverageGap) -> String {
    match (&gap.file, gap.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {}", gap.what),
        (Some(file), None) => format!("{file}: {}", gap.what),
        _ => gap.what.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Statement;

    #[test]
    fn regions_end_where_the_statement_does() {
        let text = "--\n  é create\ntable ü;".to_owned();
        let start = text.find("create").unwrap();
        let span = |start: usize, end: usize| Statement {
            file: 0,
            start: u32::try_from(start).unwrap(),
            end: u32::try_from(end).unwrap(),
            line: 2,
            column: 5,
        };
        let texts = BTreeMap::from([("a.sql".to_owned(), text.clone())]);
        let at = |span| region(&Location { file: "a.sql".into(), span }, &texts);
        assert_eq!(at(span(start, text.len())), Region { line: 2, column: 5, end_line: 3, end_column: 9 });
        assert_eq!(at(span(start, start + 6)), Region { line: 2, column: 5, end_line: 2, end_column: 11 });
        assert_eq!(at(span(start, 999)), Region { line: 2, column: 5, end_line: 2, end_column: 6 });
    }

    #[test]
    fn uris_hold_no_hostile_name() {
        assert_eq!(uri("./a b/c%::é\n.sql"), "a%20b/c%25%3A%3A%C3%A9%0A.sql");
        assert_eq!(uri(""), ".");
    }
}
