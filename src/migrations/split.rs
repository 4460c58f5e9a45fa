//! SQL text cut into statements, with their place in the text.
//!
//! The one splitter of the crate. It cuts where psql and the server would, and never gives up on a file: what has no end
//! is one piece of its own that says so.

use super::lex::{Kind, Lexer, Open, Token};
use std::ops::Range;

/// What a piece of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PieceKind {
    /// A statement.
    Statement,
    /// A meta-command of psql, such as `\restrict` or `\connect`.
    Meta,
    /// The rows that follow `COPY ... FROM stdin`, with the line `\.` that ends them.
    CopyData,
    /// Text that cannot be cut into statements, and why.
    Unread(String),
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its bytes, a statement's from its first token up to and with its semicolon.
    pub range: Range<usize>,
    /// The line it starts in, from 1.
    pub line: usize,
    /// The column it starts in, from 1, in characters.
    pub column: usize,
}

/// Cuts `text` into its statements and what else is in it. Blanks, comments and lone semicolons lie between the pieces.
#[must_use]
pub fn split(text: &str) -> Vec<Piece> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut splitter = Splitter {
        text,
        lexer: Lexer::new(text, start),
        pieces: Vec::new(),
        place: Place { at: start, ..Place::default() },
    };
    splitter.run();
    splitter.pieces
}

/// Where the lines of a text begin, to tell the line of any byte.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Reads all of `text` once.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Line and column, both from 1, of a byte; the column in characters.
    #[must_use]
    pub fn place(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|l| self.starts.get(l)).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or_default();
        (line, before.chars().filter(|c| *c != '\u{feff}').count() + 1)
    }
}

struct Splitter<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    pieces: Vec<Piece>,
    place: Place,
}

impl Splitter<'_> {
    fn run(&mut self) {
        let mut open: Option<Statement> = None;
        loop {
            match self.lexer.next_token() {
                Ok(Some(token)) if token.kind == Kind::Backslash => {
                    self.finish(open.take());
                    self.meta(token.start);
                }
                Ok(Some(token)) => self.token(&mut open, token),
                Ok(None) => return self.finish(open),
                Err(error) => return self.unread(open, error),
            }
        }
    }

    fn token(&mut self, open: &mut Option<Statement>, token: Token) {
        if token.kind == Kind::Punct(b';') && open.as_ref().is_none_or(Statement::may_end) {
            let Some(mut done) = open.take() else { return };
            done.end = token.end;
            let copy = done.reads_stdin;
            self.finish(Some(done));
            if copy {
                self.copy_data();
            }
            return;
        }
        open.get_or_insert_with(|| Statement::new(token.start)).take(self.text, token);
    }

    fn finish(&mut self, open: Option<Statement>) {
        if let Some(done) = open {
            self.push(PieceKind::Statement, done.start..done.end);
        }
    }

    fn push(&mut self, kind: PieceKind, range: Range<usize>) {
        let (line, column) = self.place.seek(self.text, range.start);
        self.pieces.push(Piece { kind, range, line, column });
    }

    fn meta(&mut self, start: usize) {
        let end = self.line_end(start);
        let trimmed = self
            .text
            .get(start..end)
            .map_or(end, |line| start + line.trim_end_matches(|c: char| c.is_ascii_whitespace()).len());
        self.push(PieceKind::Meta, start..trimmed);
        self.lexer.at = end;
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        from + rest.find('\n').unwrap_or(rest.len())
    }

    fn copy_data(&mut self) {
        let from = self.lexer.at;
        let line = self.line_end(from);
        let tail = self.text.get(from..line).unwrap_or_default();
        let tail_start = from + (tail.len() - tail.trim_start().len());
        if !tail.trim().is_empty() && !tail.trim_start().starts_with("--") {
            let why = "text after `COPY ... FROM stdin` in its line is not read".to_owned();
            self.push(PieceKind::Unread(why), tail_start..line);
        }
        let start = (line + 1).min(self.text.len());
        let mut at = start;
        while at < self.text.len() {
            let end = self.line_end(at);
            let is_last = self.text.get(at..end).is_some_and(|l| l.trim_end_matches('\r') == "\\.");
            at = (end + 1).min(self.text.len());
            if is_last {
                self.push(PieceKind::CopyData, start..end);
                self.lexer.at = at;
                return;
            }
        }
        let why = "the data of `COPY ... FROM stdin` has no end: a line with only `\\.` is missing".to_owned();
        self.push(PieceKind::Unread(why), start..self.text.len());
        self.lexer.at = self.text.len();
    }

    fn unread(&mut self, open: Option<Statement>, error: Open) {
        let start = open.map_or(error.start, |o| o.start);
        let (first, _) = self.place.seek(self.text, start);
        let breaks = self.text.get(start..error.start).map_or(0, |t| t.bytes().filter(|b| *b == b'\n').count());
        let why = format!("the {} opened in line {} has no end", error.what, first + breaks);
        self.push(PieceKind::Unread(why), start..self.text.len());
    }
}

/// What is known of the statement being read, as far as it decides where the statement ends.
struct Statement {
    start: usize,
    end: usize,
    head: Head,
    parens: usize,
    /// How deep in `BEGIN ATOMIC ... END` the text is.
    atomic: usize,
    after_begin: bool,
    after_from: bool,
    reads_stdin: bool,
}

/// How the statement began.
#[derive(PartialEq, Eq)]
enum Head {
    Empty,
    Create,
    /// A routine: its body may be `BEGIN ATOMIC ... END`.
    Routine,
    /// A rule: its commands may stand in parentheses.
    Rule,
    Copy,
    Other,
}

impl Statement {
    fn new(start: usize) -> Self {
        Self {
            start,
            end: start,
            head: Head::Empty,
            parens: 0,
            atomic: 0,
            after_begin: false,
            after_from: false,
            reads_stdin: false,
        }
    }

    fn may_end(&self) -> bool {
        self.atomic == 0 && (self.head != Head::Rule || self.parens == 0)
    }

    fn take(&mut self, text: &str, token: Token) {
        self.end = token.end;
        match token.kind {
            Kind::Punct(b'(') => self.parens += 1,
            Kind::Punct(b')') => self.parens = self.parens.saturating_sub(1),
            _ => (),
        }
        if self.head == Head::Other {
            return;
        }
        let word = match token.kind {
            Kind::Word => text.get(token.range()).unwrap_or_default(),
            _ => "",
        };
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        match self.head {
            Head::Empty if is("create") => self.head = Head::Create,
            Head::Empty if is("copy") => self.head = Head::Copy,
            Head::Create if is("or") || is("replace") => (),
            Head::Create if is("function") || is("procedure") => self.head = Head::Routine,
            Head::Create if is("rule") => self.head = Head::Rule,
            Head::Empty | Head::Create => self.head = Head::Other,
            Head::Copy => {
                self.reads_stdin |= self.parens == 0 && self.after_from && is("stdin");
                self.after_from = is("from");
            }
            Head::Routine => {
                match self.atomic {
                    0 => self.atomic = usize::from(self.after_begin && is("atomic")),
                    _ if is("case") => self.atomic += 1,
                    _ if is("end") => self.atomic -= 1,
                    _ => (),
                }
                self.after_begin = is("begin");
            }
            Head::Rule | Head::Other => (),
        }
    }
}

/// A place that only moves on, so that all places of a file cost one pass.
struct Place {
    at: usize,
    line: usize,
    column: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { at: 0, line: 1, column: 1 }
    }
}

impl Place {
    fn seek(&mut self, text: &str, to: usize) -> (usize, usize) {
        let skipped = text.as_bytes().get(self.at..to).unwrap_or_default();
        let mut rest = skipped;
        let breaks = skipped.iter().filter(|b| **b == b'\n').count();
        if breaks > 0 {
            let last = skipped.iter().rposition(|b| *b == b'\n').unwrap_or(0);
            rest = skipped.get(last + 1..).unwrap_or_default();
            (self.line, self.column) = (self.line + breaks, 1);
        }
        self.column += rest.iter().filter(|b| **b & 0xc0 != 0x80).count();
        self.at = to.max(self.at);
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests;
