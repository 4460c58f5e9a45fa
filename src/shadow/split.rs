//! SQL text cut into statements, with their place in the text.
//!
//! Used where a whole file cannot be sent at once, and to find statements that need care. The tokenizer is sqlparser's,
//! which knows quotes, dollar quotes and nested comments; parsing is not needed and would reject too much.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};
use std::ops::Range;

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Its bytes, from its first token up to and with its semicolon.
    pub(crate) range: Range<usize>,
    /// Its tokens without blanks and comments.
    pub(crate) tokens: Vec<Token>,
}

impl Statement {
    /// Whether it begins with these words, given in lower case.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        words.len() <= self.tokens.len() && words.iter().zip(&self.tokens).all(|(word, token)| is_word(token, word))
    }

    /// The word at a position, as Postgres would fold it.
    pub(crate) fn word(&self, at: usize) -> Option<String> {
        match self.tokens.get(at)? {
            Token::Word(w) if w.quote_style.is_some() => Some(w.value.clone()),
            Token::Word(w) => Some(w.value.to_lowercase()),
            _ => None,
        }
    }

    /// Where a word stands, given in lower case.
    pub(crate) fn find(&self, word: &str) -> Option<usize> {
        self.tokens.iter().position(|token| is_word(token, word))
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// Cuts `text` at its semicolons; `None` if it cannot even be tokenized.
pub(crate) fn split(text: &str) -> Option<Vec<Statement>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).with_unescape(false).tokenize_with_location().ok()?;
    let mut cursor = Cursor { rest: text.char_indices().peekable(), end: text.len(), line: 1, column: 1 };
    let mut statements = Vec::new();
    let mut open: Option<Statement> = None;
    let mut body = Body::default();
    for token in tokens {
        if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
            continue;
        }
        let start = cursor.seek(token.span.start);
        let end = cursor.seek(token.span.end);
        let closes = body.closes(&token.token);
        if token.token == Token::SemiColon && closes {
            if let Some(mut done) = open.take() {
                done.range.end = end;
                statements.push(done);
            }
            continue;
        }
        let statement = open.get_or_insert_with(|| Statement { range: start..end, tokens: Vec::new() });
        statement.range.end = end;
        statement.tokens.push(token.token);
    }
    statements.extend(open);
    Some(statements)
}

/// Follows `BEGIN ATOMIC ... END`, the one place where a semicolon does not end a statement.
#[derive(Default)]
struct Body {
    begin: bool,
    depth: usize,
}

impl Body {
    /// Takes the next token; true if a semicolon here ends the statement.
    fn closes(&mut self, token: &Token) -> bool {
        if self.depth == 0 {
            if self.begin && is_word(token, "atomic") {
                self.depth = 1;
            }
        } else if is_word(token, "case") {
            self.depth += 1;
        } else if is_word(token, "end") {
            self.depth -= 1;
        }
        self.begin = is_word(token, "begin");
        self.depth == 0
    }
}

/// Turns line and column into a byte offset, in one pass because tokens come in order.
struct Cursor<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    end: usize,
    line: u64,
    column: u64,
}

impl Cursor<'_> {
    fn seek(&mut self, to: Location) -> usize {
        while (self.line, self.column) < (to.line, to.column) {
            match self.rest.next() {
                Some((_, '\n')) => (self.line, self.column) = (self.line + 1, 1),
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.rest.peek().map_or(self.end, |(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn parts(text: &str) -> Vec<&str> {
        split(text).unwrap().into_iter().map(|s| &text[s.range]).collect()
    }

    #[test]
    fn cuts_at_semicolons_outside_of_quotes_and_bodies() {
        assert_eq!(parts("select 1; select ';' ; -- a;b\nselect $$;$$"), ["select 1;", "select ';' ;", "select $$;$$"]);
        let atomic = "create function f() returns int begin atomic select case when true then 1 end; end;";
        assert_eq!(parts(&format!("{atomic} select 2;")), [atomic, "select 2;"]);
        assert_eq!(parts(" ;; /* ; */ "), [""; 0]);
    }

    #[test]
    fn offsets_are_bytes() {
        assert_eq!(parts("select 'é';\r\nselect 'ß';"), ["select 'é';", "select 'ß';"]);
    }

    #[test]
    fn broken_text_is_not_cut() {
        assert!(split("select 'open").is_none());
    }
}
