//! Migration files: from the text of SQL files to what they do, without a server.
//!
//! [`split`] finds the statements of a file and [`parse`] says what each of them is. What could not be understood is
//! named with its place; nothing is left out in silence.

pub mod parse;
pub mod split;

pub(crate) mod lex;
pub(crate) mod names;

pub use names::{Name, fold};
