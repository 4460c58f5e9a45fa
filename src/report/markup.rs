//! Text for XML, HTML and Markdown: names come from a database that its users may shape.

use crate::model::printable;

/// `text` on one line, for the content and the attributes of XML and HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    marked(&printable(text))
}

/// Text of several lines, likewise; its line breaks stay.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_matches('\n').split('\n').map(|line| escaped(line.trim_end())).collect();
    lines.join("\n")
}

fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Printable for us, and yet no characters of XML.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `text` on one line of Markdown, where nothing of it is markup, a mention, a link or the end of a table's cell.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in printable(text).chars() {
        match c {
            '&' | '<' | '>' => out.push_str(&marked(c.encode_utf8(&mut [0; 4]))),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Would mention a person, an issue or a page wherever the comment stands.
            '@' => out.push_str("&#64;"),
            ':' => out.push_str("&#58;"),
            c => out.push(c),
        }
    }
    out
}

/// `text` as a fenced block of Markdown, with a fence that nothing in it can close.
#[must_use]
pub fn fenced(language: &str, text: &str) -> String {
    let lines: Vec<_> = text.trim_matches('\n').split('\n').map(|line| printable(line.trim_end())).collect();
    let text = lines.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_markup() {
        assert_eq!(escaped("<a b='c'>&\u{1b}"), "&lt;a b=&#39;c&#39;&gt;&amp;\\u{1b}");
        assert_eq!(markdown("a|b*[x](y)@me"), "a\\|b\\*\\[x\\]\\(y\\)&#64;me");
        assert_eq!(fenced("sql", "select '```'\n"), "````sql\nselect '```'\n````\n");
        assert_eq!(escaped_lines("\na <\nb\n"), "a &lt;\nb");
    }
}
