//! The lines of a file that a finding comes from, as compilers show them.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Human;
use super::text::{DIM, styled};
use crate::finding::{Finding, Location};
use crate::model::printable;

/// Bytes of a statement that are shown; the rest of a long one says little about where it is.
const SHOWN: usize = 400;

impl Human<'_> {
    /// The place, and its lines when the file's text is at hand and still has that span.
    pub(super) fn snippet(&self, location: &Location, finding: &Finding, out: &mut String) {
        let span = location.span;
        let range = span.start as usize..span.end as usize;
        let text = self.texts.get(&location.file).filter(|text| text.get(range.clone()).is_some());
        let Some(text) = text else {
            let place = format!("  --> {}:{}:{}\n", printable(&location.file), span.line, span.column);
            out.push_str(&styled(DIM, &place));
            return;
        };
        // A byte order mark has no width.
        let mark = if text.starts_with('\u{feff}') && range.start > 0 { '\u{feff}'.len_utf8() } else { 0 };
        let text = text.get(mark..).unwrap_or_default();
        let range = range.start.saturating_sub(mark)..range.end.saturating_sub(mark);
        let end = (range.start..=range.end.min(range.start + SHOWN)).rev().find(|at| text.is_char_boundary(*at));
        let path = printable(&location.file);
        let title = printable(&finding.title);
        let annotation = AnnotationKind::Primary.span(range.start..end.unwrap_or(range.end));
        let text = harmless(text);
        let snippet = Snippet::source(text.as_str()).path(path.as_ref()).annotation(annotation);
        let report = [Group::with_title(Level::NOTE.no_name().primary_title(title)).element(snippet)];
        let rendered = Renderer::styled().term_width(self.width).render(&report);
        // The title has been printed; what remains starts with the arrow and the file.
        let lines = rendered.split_once('\n').map_or("", |(_, lines)| lines);
        out.push_str(lines);
        out.push_str("\n\n");
    }
}

/// The text with every character that a terminal obeys replaced by one of as many bytes, so that spans still fit.
fn harmless(text: &str) -> String {
    let kept = |c: char| matches!(c, '\n' | '\r' | '\t') || c.is_ascii_graphic() || c == ' ';
    let obeyed = |c: char| printable(c.encode_utf8(&mut [0; 4])).len() > c.len_utf8();
    text.chars()
        .map(|c| match c.len_utf8() {
            _ if kept(c) || !obeyed(c) => c,
            1 => '?',
            2 => '\u{bf}',
            _ => '\u{fffd}',
        })
        .collect()
}
