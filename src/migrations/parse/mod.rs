//! Statements understood: what each statement of a migration file is, read without a server.
//!
//! The parsers are our own, one family a file, over the splitter's tokens. Statement-wise, so that one bad statement does
//! not lose its file; and every statement comes out, if need be as [`Statement::Unknown`] with the reason.
//! Expressions, queries and bodies stay the author's text ([`Fragment`]), for the analyzer to read.

pub mod alter;
pub mod block;
pub mod column;
pub mod data;
pub mod foreign;
pub mod function;
pub mod grant;
pub mod guard;
pub mod kind;
pub mod object;
pub mod operator;
pub mod policy;
pub mod publication;
pub mod role;
pub mod routine;
pub mod sequence;
pub mod setting;
pub mod subscription;
pub mod table;
pub mod trigger;
pub mod types;
pub mod view;

mod cluster;
pub(crate) mod constant;
pub(crate) mod cursor;
mod statement;
pub(crate) mod variables;

pub use cursor::Fragment;
pub use statement::Statement;

use self::cursor::{Cursor, Source};
use super::lex::{self, Kind, Token};
use super::split::{Piece, PieceKind, split};
use statement::{read_or_unknown, unknown};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// A statement and its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What it is.
    pub statement: Statement,
    /// Its bytes; of a statement that `EXECUTE` runs those of the EXECUTE.
    pub range: Range<usize>,
}

/// Understands one piece of `text`.
#[must_use]
pub fn parse(text: &str, piece: &Piece) -> Parsed {
    let raw = || text.get(piece.range.clone()).unwrap_or_default();
    let parsed = match &piece.kind {
        PieceKind::Statement => {
            let source = Source { text, made_at: None };
            statement(&source, &lex::tokens(text, piece.range.clone()), 0)
        }
        PieceKind::Meta => Statement::Meta(raw().to_owned()),
        PieceKind::CopyData => Statement::CopyData,
        PieceKind::Unread(why) => Statement::Unknown { why: why.clone(), may_touch_access_control: true },
    };
    Parsed { statement: parsed, range: piece.range.clone() }
}

/// Splits and understands all of a file.
#[must_use]
pub fn parse_file(text: &str) -> Vec<Parsed> {
    split(text).iter().map(|piece| parse(text, piece)).collect()
}

/// As [`parse_file`] for many files at once, on all processors; the answers are in the order of the files.
#[must_use]
pub fn parse_files<S: AsRef<str> + Sync>(files: &[S]) -> Vec<Vec<Parsed>> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(files.len());
    let next = AtomicUsize::new(0);
    // Each thread keeps its own answers, so that none waits for another.
    let work = || {
        let mut parsed = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return parsed };
            parsed.push((at, parse_file(file.as_ref())));
        }
    };
    let mut parsed = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut parsed = work();
        for other in others {
            match other.join() {
                Ok(more) => parsed.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        parsed
    });
    parsed.sort_by_key(|(at, _)| *at);
    parsed.into_iter().map(|(_, statements)| statements).collect()
}

/// How many files a thread may be ahead of who takes them.
const AHEAD: usize = 32;

/// Understands the files `text` gives, up to the number `files`, and hands each to `take` in order. Other processors go
/// ahead meanwhile, but not far: no more than a few files are held at a time.
pub fn parse_ahead(
    files: usize,
    text: impl Fn(usize) -> String + Sync,
    mut take: impl FnMut(usize, String, Vec<Parsed>),
) {
    let read = |at: usize| {
        let text = text(at);
        let parsed = parse_file(&text);
        (text, parsed)
    };
    let others = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(files).saturating_sub(1);
    std::thread::scope(|scope| {
        let start = |first: usize| {
            let (give, ready) = sync_channel(AHEAD);
            let read = &read;
            scope.spawn(move || (first..files).step_by(others).try_for_each(|at| give.send(read(at))));
            ready
        };
        let ready: Vec<_> = (0..others).map(start).collect();
        for at in 0..files {
            let next = match ready.get(at % others.max(1)) {
                Some(ready) => ready.recv().ok(),
                None => Some(read(at)),
            };
            // Without an answer its thread has panicked, and so does the scope.
            let Some((text, parsed)) = next else { return };
            take(at, text, parsed);
        }
    });
}

/// The statement that these tokens are.
fn statement(source: &Source<'_>, tokens: &[Token], depth: usize) -> Statement {
    let tokens = match tokens.split_last() {
        Some((last, rest)) if last.kind == Kind::Punct(b';') => rest,
        _ => tokens,
    };
    read_or_unknown(&mut Cursor::new(source, tokens), depth)
}

/// The statement that a program made: `text[range]`, run by what stands at `place`.
fn made(text: &str, range: Range<usize>, place: Range<usize>, depth: usize) -> Statement {
    let source = Source { text, made_at: Some(place) };
    statement(&source, &lex::tokens(text, range), depth + 1)
}

/// The body of a function that is called at `place`, as a block.
pub(crate) fn called_block(body: &str, place: Range<usize>) -> cursor::Result<block::DoBlock> {
    block::called(body, place)
}

#[cfg(test)]
mod tests;
