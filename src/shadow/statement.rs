//! Statements of a file that is about to run, seen as their tokens.
//!
//! Used where a whole file cannot be sent at once, and to find statements that need care.

use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;
use crate::migrations::split::{self, PieceKind};
use std::ops::Range;

/// One statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement<'a> {
    text: &'a str,
    /// Its bytes, from its first token up to and with its semicolon.
    pub(crate) range: Range<usize>,
    tokens: Vec<Token>,
}

impl Statement<'_> {
    fn raw(&self, token: Token) -> &str {
        self.text.get(token.range()).unwrap_or_default()
    }

    fn is(&self, token: Token, word: &str) -> bool {
        token.kind == Kind::Word && self.raw(token).eq_ignore_ascii_case(word)
    }

    /// Whether it begins with these words, given in lower case.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        words.len() <= self.tokens.len() && words.iter().zip(&self.tokens).all(|(word, token)| self.is(*token, word))
    }

    /// The word at a position, as Postgres would fold it.
    pub(crate) fn word(&self, at: usize) -> Option<String> {
        let token = *self.tokens.get(at)?;
        names::identifier(token.kind, self.raw(token))
    }

    /// Where a word stands, given in lower case.
    pub(crate) fn find(&self, word: &str) -> Option<usize> {
        self.tokens.iter().position(|token| self.is(*token, word))
    }

    /// Whether a name is qualified with `schema` somewhere, also inside of a function body or a DO block.
    pub(crate) fn names_schema(&self, schema: &str) -> bool {
        let dotted = format!("{schema}.");
        self.tokens.iter().enumerate().any(|(at, token)| match token.kind {
            Kind::Word | Kind::Quoted => {
                self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Punct(b'.'))
                    && self.word(at).as_deref() == Some(schema)
            }
            Kind::Dollar => {
                let body = self.raw(*token);
                body.match_indices(&dotted).any(|(at, _)| {
                    let before = body.get(..at).and_then(|s| s.chars().next_back());
                    before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.'))
                })
            }
            _ => false,
        })
    }
}

/// The statements of `text`; `None` if some of it is no statement, so that only the server can say what is wrong.
pub(crate) fn statements(text: &str) -> Option<Vec<Statement<'_>>> {
    let pieces = split::split(text);
    pieces
        .into_iter()
        .map(|piece| {
            let tokens = lex::tokens(text, piece.range.clone());
            let tokens = tokens.into_iter().filter(|t| t.kind != Kind::Punct(b';')).collect();
            (piece.kind == PieceKind::Statement).then_some(Statement { text, range: piece.range, tokens })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn broken_text_and_dumps_are_not_cut() {
        assert_eq!(statements("select 1; select 2").unwrap().len(), 2);
        for text in ["select 'open", "copy t from stdin;\n1\n\\.\n", "\\connect x"] {
            assert!(statements(text).is_none(), "{text}");
        }
    }
}
