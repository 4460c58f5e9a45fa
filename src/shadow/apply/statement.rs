//! Statements of a file that is about to run, seen as their tokens.
//!
//! Used where a whole file cannot be sent at once, and to find statements that need care.

use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;
use crate::migrations::split::{self, Piece, PieceKind};
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

    /// Extensions that a body creates, and in which schema.
    pub(crate) fn extensions_within(&self) -> Vec<(String, Option<String>)> {
        let bodies = self.tokens.iter().filter(|t| matches!(t.kind, Kind::Dollar | Kind::Text));
        bodies.flat_map(|token| created_in(self.raw(*token))).collect()
    }

    /// Whether a name is qualified with `schema` somewhere, also inside of a function body or a DO block.
    pub(crate) fn names_schema(&self, schema: &str) -> bool {
        names_schema(self.text, &self.tokens, schema)
    }
}

/// As [`Statement::names_schema`], of the tokens of any text.
pub(crate) fn names_schema(text: &str, tokens: &[Token], schema: &str) -> bool {
    let raw = |token: &Token| text.get(token.range()).unwrap_or_default();
    let dotted = format!("{schema}.");
    tokens.iter().enumerate().any(|(at, token)| match token.kind {
        Kind::Word | Kind::Quoted => {
            tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Punct(b'.'))
                && names::identifier(token.kind, raw(token)).as_deref() == Some(schema)
        }
        Kind::Dollar => {
            let body = raw(token);
            body.match_indices(&dotted).any(|(at, _)| {
                let before = body.get(..at).and_then(|s| s.chars().next_back());
                before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.'))
            })
        }
        _ => false,
    })
}

/// Extensions that a text in quotes creates, as far as words tell.
fn created_in(body: &str) -> Vec<(String, Option<String>)> {
    let lower = body.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, words) in lower.match_indices("create extension") {
        let rest = body.get(at + words.len()..).unwrap_or_default();
        let statement = rest.split([';', '\'', '$']).next().unwrap_or_default();
        let names: Vec<String> = statement
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .skip_while(|word| ["if", "not", "exists"].contains(&word.as_str()))
            .collect();
        let schema = names.iter().position(|word| word == "schema").and_then(|at| names.get(at + 1)).cloned();
        found.extend(names.first().map(|name| (name.clone(), schema)));
    }
    found
}

/// A piece of a file, as it is sent to the server.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    /// What it is.
    pub(crate) piece: Piece,
    /// Its tokens; a statement only if the piece is one.
    pub(crate) statement: Statement<'a>,
    /// The rows that a `COPY ... FROM stdin` is followed by.
    pub(crate) rows: Option<Range<usize>>,
}

impl Part<'_> {
    /// Whether it is a statement, and no command of psql or text without an end.
    pub(crate) fn is_statement(&self) -> bool {
        self.piece.kind == PieceKind::Statement
    }

    /// Whether it refuses to run beside others in one message.
    pub(crate) fn runs_alone(&self) -> bool {
        let statement = &self.statement;
        let concurrently = statement.find("concurrently").is_some() && statement.find("index").is_some();
        concurrently
            || statement.begins(&["vacuum"])
            || statement.begins(&["alter", "system"])
            || statement.begins(&["create", "database"])
            || statement.begins(&["drop", "database"])
    }

    /// Whether it begins or ends a transaction: a file with transactions of its own may have committed some before it
    /// fails, so that nothing could be tried again.
    pub(crate) fn controls_transaction(&self) -> bool {
        ["begin", "start", "commit", "end", "rollback", "abort"].iter().any(|word| self.statement.begins(&[word]))
    }
}

/// The pieces of `text`; rows of COPY belong to their statement.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for piece in split::split(text) {
        if piece.kind == PieceKind::CopyData {
            if let Some(copy) = parts.last_mut() {
                copy.rows = Some(piece.range);
            }
            continue;
        }
        let tokens = lex::tokens(text, piece.range.clone());
        let tokens = tokens.into_iter().filter(|t| t.kind != Kind::Punct(b';')).collect();
        let statement = Statement { text, range: piece.range.clone(), tokens };
        parts.push(Part { piece, statement, rows: None });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn cuts_statements_dumps_and_broken_text() {
        assert_eq!(parts("select 1; select 2").len(), 2);
        let copy = parts("copy t from stdin;\n1\n\\.\nselect 1;");
        assert!(copy.len() == 2 && copy[0].rows.is_some() && copy[1].is_statement());
        for text in ["select 'open", "\\connect x"] {
            assert!(!parts(text)[0].is_statement(), "{text}");
        }
    }
}
