//! The reader's place among the tokens.

use crate::sql::ast::{Name, Part};
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::keywords::{Category, category};
use crate::sql::lex::{Kind, Token};
use crate::sql::names;
use std::ops::Range;

/// How deep expressions and queries may nest: far beyond what people write, and safe on a thread's stack.
const DEEPEST: usize = 100;

/// How high a tree may become, chains of operators counted too; all that walk it recurse.
const HIGHEST: usize = 150;

/// A reader of one text.
pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    pub(super) at: usize,
    depth: usize,
    height: usize,
}

impl<'a> Parser<'a> {
    /// Reads `tokens`, which are some of `text`.
    pub(crate) fn new(text: &'a str, tokens: &'a [Token]) -> Self {
        Self { text, tokens, at: 0, depth: 0, height: 0 }
    }

    /// Refuses what follows the thing read.
    pub(crate) fn end(&self) -> Result<(), SqlError> {
        match self.peek(0) {
            None => Ok(()),
            Some(_) => Err(self.unexpected("the end")),
        }
    }

    pub(crate) fn is_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Runs a part of the reader one level deeper; `chain` is asked afterwards for what a loop has piled up.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self, &mut usize) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if self.depth >= DEEPEST {
            return Err(self.too_deep());
        }
        let outer = std::mem::take(&mut self.height);
        self.depth += 1;
        let mut chain = 0;
        let result = read(self, &mut chain);
        self.depth -= 1;
        let own = self.height + chain + 1;
        if own > HIGHEST {
            return Err(self.too_deep());
        }
        self.height = own.max(outer);
        result
    }

    /// Counts one more link of a chain that a loop piles up.
    pub(super) fn link(&self, chain: &mut usize) -> Result<(), SqlError> {
        *chain += 1;
        if *chain > HIGHEST { Err(self.too_deep()) } else { Ok(()) }
    }

    /// Adds to the height of what was read last.
    pub(super) fn raise(&mut self, by: usize) -> Result<(), SqlError> {
        self.height += by;
        if self.height > HIGHEST { Err(self.too_deep()) } else { Ok(()) }
    }

    fn too_deep(&self) -> SqlError {
        SqlError::new(ErrorKind::Syntax, self.here(), "nested too deeply to be read safely")
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// The token at a place.
    pub(super) fn token(&self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    pub(super) fn raw(&self, token: Token) -> &'a str {
        self.text.get(token.range()).unwrap_or_default()
    }

    /// The bytes of the next token; empty at the end.
    pub(super) fn here(&self) -> Range<usize> {
        self.peek(0).map_or(self.last_end()..self.last_end(), Token::range)
    }

    /// One past the last byte read.
    pub(super) fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |t| t.end)
    }

    pub(super) fn start(&self) -> usize {
        self.here().start
    }

    pub(super) fn unexpected(&self, wanted: &str) -> SqlError {
        let what = match self.peek(0) {
            Some(token) => format!("expected {wanted}, found `{}`", crate::model::printable(self.raw(token))),
            None => format!("expected {wanted}, found the end"),
        };
        SqlError::new(ErrorKind::Syntax, self.here(), what)
    }

    pub(super) fn unsupported(&self, what: &str) -> SqlError {
        SqlError::new(ErrorKind::Unsupported, self.here(), format!("{what} is not modelled"))
    }

    /// Whether the token `ahead` is this unquoted word.
    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == Kind::Word && self.raw(t).eq_ignore_ascii_case(word))
    }

    pub(super) fn is_one_of(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().any(|w| self.is_word(ahead, w))
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.at += usize::from(found);
        found
    }

    /// Takes all words or none.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(ahead, w)| self.is_word(ahead, w));
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), SqlError> {
        if self.eat_word(word) { Ok(()) } else { Err(self.unexpected(&format!("`{}`", word.to_ascii_uppercase()))) }
    }

    pub(super) fn is_punct(&self, ahead: usize, punct: u8) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == Kind::Punct(punct))
    }

    pub(crate) fn eat_punct(&mut self, punct: u8) -> bool {
        let found = self.is_punct(0, punct);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_punct(&mut self, punct: u8) -> Result<(), SqlError> {
        if self.eat_punct(punct) { Ok(()) } else { Err(self.unexpected(&format!("`{}`", char::from(punct)))) }
    }

    pub(super) fn is_operator(&self, ahead: usize, symbol: &str) -> bool {
        self.peek(ahead).is_some_and(|t| t.kind == Kind::Operator && self.raw(t) == symbol)
    }

    pub(super) fn eat_operator(&mut self, symbol: &str) -> bool {
        let found = self.is_operator(0, symbol);
        self.at += usize::from(found);
        found
    }

    /// The unquoted word ahead in small letters.
    pub(super) fn word(&self, ahead: usize) -> Option<String> {
        self.peek(ahead).filter(|t| t.kind == Kind::Word).map(|t| self.raw(t).to_ascii_lowercase())
    }

    /// The category of the token as a name; `None` if it can be none.
    pub(super) fn name_category(&self, ahead: usize) -> Option<Category> {
        let token = self.peek(ahead)?;
        match token.kind {
            Kind::Word => Some(category(&self.raw(token).to_ascii_lowercase())),
            Kind::Quoted | Kind::UnicodeQuoted => Some(Category::Unreserved),
            _ => None,
        }
    }

    /// Whether the token may name a column or relation.
    pub(super) fn is_column_name(&self, ahead: usize) -> bool {
        matches!(self.name_category(ahead), Some(Category::Unreserved | Category::ColumnName))
    }

    /// Takes any identifier, key words too.
    pub(super) fn label(&mut self) -> Result<Part, SqlError> {
        let token = self.peek(0).ok_or_else(|| self.unexpected("a name"))?;
        let value = names::identifier(token.kind, self.raw(token)).ok_or_else(|| self.unexpected("a name"))?;
        self.at += 1;
        Ok(Part { value, range: token.range() })
    }

    /// Takes the name of a column or relation.
    pub(super) fn column_name(&mut self) -> Result<Part, SqlError> {
        if self.is_column_name(0) { self.label() } else { Err(self.unexpected("a name")) }
    }

    /// Takes `a`, `a.b` or `a.b.c`; words behind a dot may be key words.
    pub(super) fn name(&mut self) -> Result<Name, SqlError> {
        let mut parts = vec![self.label()?];
        while self.is_punct(0, b'.') && self.name_category(1).is_some() {
            self.at += 1;
            parts.push(self.label()?);
        }
        Ok(Name { parts })
    }

    /// Reads things between commas.
    pub(super) fn comma_separated<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        let mut list = vec![read(self)?];
        while self.eat_punct(b',') {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Reads something between parentheses.
    pub(super) fn parenthesised<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        self.expect_punct(b'(')?;
        let inner = read(self)?;
        self.expect_punct(b')')?;
        Ok(inner)
    }
}

/// Adds a token; a run of operator characters that Postgres ends earlier is taken apart: one of several characters ends
/// in `+` or `-` only if it also has one of `~!@#%^&|?` and the backquote.
pub(super) fn push_split(text: &str, token: Token, tokens: &mut Vec<Token>) {
    let raw = text.get(token.range()).unwrap_or_default();
    let mut end = raw.len();
    if token.kind == Kind::Operator && raw != "::" && raw != ":=" && raw != ".." {
        while end > 1
            && raw.get(..end).is_some_and(|r| {
                r.ends_with(['+', '-']) && !r.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'])
            })
        {
            end -= 1;
        }
    }
    tokens.push(Token { end: token.start + end, ..token });
    for start in token.start + end..token.end {
        if token.kind == Kind::Operator && end < raw.len() {
            tokens.push(Token { kind: Kind::Operator, start, end: start + 1 });
        }
    }
}
