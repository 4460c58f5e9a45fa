//! A place among the tokens of a PL/pgSQL body.

use super::{Read, unread};
use crate::sql::lex::{Kind, Token};
use crate::sql::{names, parse};

/// How deep blocks and IFs may nest.
const DEEPEST: usize = 60;

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    pub(super) at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Read<Self> {
        match parse::tokens(text) {
            Ok(tokens) => Ok(Self { text, tokens, at: 0, depth: 0 }),
            Err(error) => unread(format!("its body ({error})")),
        }
    }

    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= DEEPEST {
            return unread("blocks nested too deeply");
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn raw(&self, token: Token) -> &'a str {
        self.text.get(token.range()).unwrap_or_default()
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == Kind::Word && self.raw(t).eq_ignore_ascii_case(word))
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Read<()> {
        if self.eat_word(word) { Ok(()) } else { unread(format!("its body (expected {})", word.to_ascii_uppercase())) }
    }

    pub(super) fn is_kind(&self, ahead: usize, kind: Kind) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == kind)
    }

    pub(super) fn eat(&mut self, kind: Kind) -> bool {
        let found = self.is_kind(0, kind);
        self.at += usize::from(found);
        found
    }

    pub(super) fn is_operator(&self, ahead: usize, symbol: &str) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == Kind::Operator && self.raw(t) == symbol)
    }

    /// An identifier, folded.
    pub(super) fn name(&mut self) -> Read<String> {
        let name = self.peek(0).and_then(|t| names::identifier(t.kind, self.raw(t)));
        self.at += 1;
        name.map_or_else(|| unread("its body (expected a name)"), Ok)
    }

    /// The text up to one of these words or a `;` outside parentheses, which is left.
    pub(super) fn until(&mut self, words: &[&str]) -> Read<String> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0) {
            match token.kind {
                Kind::Punct(b'(' | b'[') => depth += 1,
                Kind::Punct(b')' | b']') => depth = depth.saturating_sub(1),
                Kind::Punct(b';') if depth == 0 => break,
                Kind::Word if depth == 0 && words.iter().any(|w| self.is_word(0, w)) => break,
                _ => {}
            }
            self.at += 1;
        }
        Ok(self.between(start, self.at))
    }

    /// The text of some tokens.
    pub(super) fn between(&self, from: usize, to: usize) -> String {
        let start = self.tokens.get(from).map(|t| t.start);
        let end = to.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|t| t.end);
        let range = start.zip(end).filter(|(s, e)| s < e);
        range.and_then(|(s, e)| self.text.get(s..e)).unwrap_or_default().to_owned()
    }

    pub(super) fn semicolon(&mut self) -> Read<()> {
        if self.eat(Kind::Punct(b';')) { Ok(()) } else { unread("its body (expected `;`)") }
    }
}
