//! SQL on one line, for sentences and files that people read.

use super::parse;

/// The text on one line, unless a comment is in it.
pub(crate) fn one_line(text: &str) -> String {
    let Ok(tokens) = parse::tokens(text) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for token in tokens {
        let gap = text.get(end..token.start).unwrap_or_default();
        if !gap.trim().is_empty() {
            return text.to_owned();
        }
        if !gap.is_empty() && !out.is_empty() && !out.ends_with('(') {
            out.push(' ');
        }
        out.push_str(text.get(token.range()).unwrap_or_default());
        end = token.end;
    }
    if text.get(end..).is_some_and(|rest| rest.trim().is_empty()) { out } else { text.to_owned() }
}
