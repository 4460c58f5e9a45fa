//! Answers to the guards of a block.

use super::run::Run;
use crate::migrations::Name;
use crate::migrations::parse::guard::Guard;

impl Run {
    /// Whether a condition holds; `None` if only the server knows.
    pub(super) fn ask(&self, guard: &Guard) -> Option<bool> {
        self.holds(&guard.text.text, &guard.known)
    }
}

/// A name as a cast to regclass reads it.
pub(super) fn spelled(text: &str) -> Option<Name> {
    let tokens = crate::migrations::lex::tokens(text, 0..text.len());
    let source = crate::migrations::parse::cursor::Source { text, made_at: None };
    let mut cursor = crate::migrations::parse::cursor::Cursor::new(&source, &tokens);
    cursor.name().ok().filter(|_| cursor.at_end())
}
