//! A place among a statement's tokens, and the steps that every parser takes from it.

use crate::migrations::lex::{Kind, Token};
use crate::migrations::names::{self, Name};
use crate::sql::{Category, category, is_reserved};
use std::ops::Range;

/// SQL text of an author, with its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The text as written.
    pub text: String,
    /// Its bytes in the file; for text that `EXECUTE` runs, those of the `EXECUTE`.
    pub range: Range<usize>,
}

/// Why a statement was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refusal {
    pub(crate) why: String,
}

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

pub(crate) fn refuse<T>(why: impl Into<String>) -> Result<T> {
    Err(Refusal { why: why.into() })
}

/// Where a text stands in the file: at its own bytes, or, if a program made it, at the program's.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) made_at: Option<Range<usize>>,
}

impl Source<'_> {
    pub(crate) fn place(&self, range: Range<usize>) -> Range<usize> {
        self.made_at.clone().unwrap_or(range)
    }

    pub(crate) fn fragment(&self, range: Range<usize>) -> Fragment {
        Fragment { text: self.text.get(range.clone()).unwrap_or_default().to_owned(), range: self.place(range) }
    }
}

/// A place among tokens.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    pub(crate) source: &'a Source<'a>,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(source: &'a Source<'a>, tokens: &'a [Token]) -> Self {
        Self { source, tokens, at: 0 }
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn ahead(&self, n: usize) -> Option<Token> {
        self.tokens.get(self.at + n).copied()
    }

    pub(crate) fn peek(&self) -> Option<Token> {
        self.ahead(0)
    }

    pub(crate) fn bump(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(crate) fn raw(&self, token: Token) -> &'a str {
        self.source.text.get(token.range()).unwrap_or_default()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether the token `n` ahead is this key word, given in lower case.
    pub(crate) fn is_ahead(&self, n: usize, word: &str) -> bool {
        self.ahead(n).is_some_and(|t| t.kind == Kind::Word && self.raw(t).eq_ignore_ascii_case(word))
    }

    pub(crate) fn is(&self, word: &str) -> bool {
        self.is_ahead(0, word)
    }

    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|w| self.is(w))
    }

    /// Takes these key words, separated by blanks, if all of them come next.
    pub(crate) fn accept(&mut self, words: &str) -> bool {
        let mut count = 0;
        let mut rest = Some(words);
        while let Some(words) = rest {
            // A search for one byte in a short text is quicker by hand.
            let end = words.bytes().position(|b| b == b' ');
            let word = end.map_or(words, |end| words.get(..end).unwrap_or_default());
            if !self.is_ahead(count, word) {
                return false;
            }
            count += 1;
            rest = end.and_then(|end| words.get(end + 1..));
        }
        self.at += count;
        true
    }

    pub(crate) fn expect(&mut self, words: &str) -> Result<()> {
        if self.accept(words) { Ok(()) } else { self.wanted(&format!("`{}`", words.to_uppercase())) }
    }

    pub(crate) fn is_punct(&self, mark: u8) -> bool {
        self.peek().is_some_and(|t| t.kind == Kind::Punct(mark))
    }

    pub(crate) fn accept_punct(&mut self, mark: u8) -> bool {
        let found = self.is_punct(mark);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect_punct(&mut self, mark: u8) -> Result<()> {
        if self.accept_punct(mark) { Ok(()) } else { self.wanted(&format!("`{}`", char::from(mark))) }
    }

    pub(crate) fn accept_operator(&mut self, operator: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.kind == Kind::Operator && self.raw(t) == operator);
        self.at += usize::from(found);
        found
    }

    /// Refuses, saying what was wanted here and what stands here instead.
    pub(crate) fn wanted<T>(&self, what: &str) -> Result<T> {
        match self.peek() {
            Some(token) => {
                let raw: String = self.raw(token).chars().take(40).collect();
                refuse(format!("expected {what}, found `{raw}`"))
            }
            None => refuse(format!("expected {what}, found the end of the statement")),
        }
    }

    pub(crate) fn end(&self) -> Result<()> {
        if self.at_end() { Ok(()) } else { self.wanted("the end of the statement") }
    }

    /// The identifier here, if it is one.
    pub(crate) fn peek_ident(&self) -> Option<String> {
        let token = self.peek()?;
        let name = names::identifier(token.kind, self.raw(token))?;
        let reserved = token.kind == Kind::Word && is_reserved(&name);
        (!reserved).then_some(name)
    }

    pub(crate) fn ident(&mut self) -> Result<String> {
        match self.peek_ident() {
            Some(name) => {
                self.at += 1;
                Ok(name)
            }
            None => self.wanted("a name"),
        }
    }

    /// The name of a column: words that can only name functions or types are none.
    pub(crate) fn column_name(&mut self) -> Result<String> {
        self.refuse_category(Category::FunctionName)?;
        self.ident()
    }

    /// The name of a function: without a schema, words of the grammar that look like functions are none.
    pub(crate) fn function_name(&mut self) -> Result<Name> {
        if self.ahead(1).is_none_or(|next| next.kind != Kind::Punct(b'.')) {
            self.refuse_category(Category::ColumnName)?;
        }
        self.name()
    }

    fn refuse_category(&self, refused: Category) -> Result<()> {
        let word = self.peek().filter(|t| t.kind == Kind::Word).map(|t| self.raw(t).to_ascii_lowercase());
        if word.is_some_and(|word| category(&word) == refused) { self.wanted("a name") } else { Ok(()) }
    }

    /// Any word, key words too, folded.
    pub(crate) fn label(&mut self) -> Result<String> {
        let found = self.peek().and_then(|t| names::identifier(t.kind, self.raw(t)));
        match found {
            Some(name) => {
                self.at += 1;
                Ok(name)
            }
            None => self.wanted("a word"),
        }
    }

    /// `name`, `schema.name` or `database.schema.name`.
    pub(crate) fn name(&mut self) -> Result<Name> {
        let mut name = Name::plain(self.ident()?);
        let mut parts = 1;
        while self.accept_punct(b'.') {
            parts += 1;
            if parts > 3 {
                return refuse("a name has more than three parts");
            }
            let next = self.label()?;
            name = Name { schema: Some(std::mem::replace(&mut name.name, next)), name: name.name };
        }
        Ok(name)
    }

    pub(crate) fn names(&mut self) -> Result<Vec<Name>> {
        self.list(Self::name)
    }

    pub(crate) fn idents(&mut self) -> Result<Vec<String>> {
        self.list(Self::ident)
    }

    /// One or more items with commas between them.
    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept_punct(b',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `(a, b)`
    pub(crate) fn ident_list(&mut self) -> Result<Vec<String>> {
        self.expect_punct(b'(')?;
        let names = self.idents()?;
        self.expect_punct(b')')?;
        Ok(names)
    }

    /// The value of the string here, if it is one; literals in a row, on lines of their own, are one.
    pub(crate) fn accept_string(&mut self) -> Option<String> {
        let token = self.peek()?;
        let mut value = names::literal(token.kind, self.raw(token))?;
        self.at += 1;
        let mut last = token;
        while let Some(next) = self.peek().filter(|t| t.kind == Kind::Text && last.kind != Kind::Dollar) {
            let between = self.source.text.get(last.end..next.start).unwrap_or_default();
            let Some(more) = names::literal(next.kind, self.raw(next)).filter(|_| between.contains('\n')) else {
                break;
            };
            value.push_str(&more);
            self.at += 1;
            last = next;
        }
        Some(value)
    }

    /// A number as it is written, without a sign.
    pub(crate) fn accept_number(&mut self) -> Option<&'a str> {
        let token = self.peek().filter(|t| t.kind == Kind::Number)?;
        self.bump();
        Some(self.raw(token))
    }

    pub(crate) fn string(&mut self) -> Result<String> {
        match self.accept_string() {
            Some(value) => Ok(value),
            None => self.wanted("a string"),
        }
    }

    pub(crate) fn if_exists(&mut self) -> bool {
        self.accept("if exists")
    }

    pub(crate) fn if_not_exists(&mut self) -> bool {
        self.accept("if not exists")
    }

    /// Skips a bracketed thing, or one token; false at the end or at a closing bracket.
    pub(crate) fn skip_one(&mut self) -> bool {
        let mut depth = 0_usize;
        loop {
            match self.peek().map(|t| t.kind) {
                None => return false,
                Some(Kind::Punct(b'(' | b'[')) => depth += 1,
                Some(Kind::Punct(b')' | b']')) if depth == 0 => return false,
                Some(Kind::Punct(b')' | b']')) => depth -= 1,
                Some(_) => (),
            }
            self.at += 1;
            if depth == 0 {
                return true;
            }
        }
    }

    /// What is up to the first token outside of brackets that `stop` says ends it.
    pub(crate) fn until(&mut self, stop: impl Fn(&Self) -> bool) -> Fragment {
        let from = self.at;
        while !self.at_end() && !stop(self) && self.skip_one() {}
        self.since(from)
    }

    /// The text from token `from` to here.
    pub(crate) fn since(&self, from: usize) -> Fragment {
        let start = self.tokens.get(from).map_or(0, |t| t.start);
        let end = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, |t| t.end);
        self.source.fragment(start..end.max(start))
    }

    /// The tokens from `from` to here, to be read apart.
    pub(crate) fn part(&self, from: usize) -> Self {
        Self::new(self.source, self.tokens.get(from..self.at).unwrap_or_default())
    }

    pub(crate) fn rest(&mut self) -> Fragment {
        let from = self.at;
        self.skip_rest();
        self.since(from)
    }

    pub(crate) fn skip_rest(&mut self) {
        self.at = self.tokens.len();
    }

    /// The text between the parentheses that come next.
    pub(crate) fn parenthesised(&mut self) -> Result<Fragment> {
        let open = self.peek();
        self.expect_punct(b'(')?;
        while self.skip_one() {}
        let close = self.peek();
        self.expect_punct(b')')?;
        let (start, end) = (open.map_or(0, |t| t.end), close.map_or(0, |t| t.start));
        let inner = self.source.text.get(start..end).unwrap_or_default();
        let lead = inner.len() - inner.trim_start().len();
        Ok(self.source.fragment(start + lead..start + lead + inner.trim().len()))
    }
}
