//! Text for a terminal: styles, wrapping by display width, and names made safe.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::finding::Severity;
use crate::model::printable;

/// Headings and what matters most.
pub const BOLD: Style = Style::new().bold();
/// What may be skipped.
pub const DIM: Style = Style::new().dimmed();

/// The colour of a severity.
#[must_use]
pub fn severity(severity: Severity) -> Style {
    let color = match severity {
        Severity::Critical | Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
        Severity::Info => AnsiColor::Blue,
    };
    color.on_default().bold()
}

/// `text` in a style.
#[must_use]
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Upper case at the start, unless it is a name: messages are sentences that begin with whoever acts.
#[must_use]
pub fn capitalized(text: &str) -> String {
    let is_word = text.split(' ').next().is_some_and(|word| word.chars().all(|c| c.is_ascii_lowercase()));
    let mut chars = text.chars();
    match chars.next().filter(|_| is_word) {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => text.to_owned(),
    }
}

/// One paragraph, made printable and wrapped to `width` columns; every line but the first starts with `indent` spaces.
///
/// Words longer than a line are left whole: they are names and URLs that someone will copy.
#[must_use]
pub fn wrapped(text: &str, width: usize, indent: usize) -> String {
    wrapped_after(indent, text, width, indent)
}

/// The same, when the first line already holds `taken` columns.
#[must_use]
pub fn wrapped_after(taken: usize, text: &str, width: usize, indent: usize) -> String {
    let safe = printable(text);
    let room = width.saturating_sub(indent).max(20);
    let (mut out, mut used) = (String::new(), taken.saturating_sub(indent));
    for word in safe.split(' ').filter(|w| !w.is_empty()) {
        let wide = word.width();
        if !out.is_empty() && used + 1 + wide > room {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = 0;
        } else if !out.is_empty() {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += wide;
    }
    out
}

/// Text of several lines (SQL, commands), made printable line by line, each but the first indented; never wrapped.
#[must_use]
pub fn block(text: &str, indent: usize) -> String {
    let lines: Vec<_> = text.trim_matches('\n').split('\n').map(|line| printable(line.trim_end())).collect();
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// `text`, cut to `most` characters with an ellipsis.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// `1 table`, `2 tables`.
#[must_use]
pub fn counted(n: u64, word: &str) -> String {
    if n == 1 {
        return format!("{n} {word}");
    }
    match word.strip_suffix('y') {
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_by_display_width() {
        assert_eq!(wrapped("aaaa bbbb cccc dddd eeee ffff", 24, 2), "aaaa bbbb cccc dddd\n  eeee ffff");
        assert_eq!(wrapped("数据 数据 数据 数据 数据", 20, 0), "数据 数据 数据 数据\n数据");
        assert_eq!(wrapped("\u{1b}[31mred", 80, 0), "\\u{1b}[31mred");
    }

    #[test]
    fn blocks_keep_their_lines() {
        assert_eq!(block("\nselect 1\n  from t\u{202e};\n", 4), "select 1\n      from t\\u{202e};");
        assert_eq!((capitalized("any user"), capitalized("public.f()")), ("Any user".into(), "public.f()".into()));
        assert_eq!(cut("abcdefghij", 6), "abc...");
        assert_eq!((counted(1, "policy"), counted(3, "policy")), ("1 policy".into(), "3 policies".into()));
    }
}
