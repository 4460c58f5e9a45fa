//! Migration files: which there are, and from their text what they do, without a server.
//!
//! [`layout`] finds the files of a project in the order in which its own tool runs them, [`split`] finds the statements of
//! a file and [`parse`] says what each of them is. What could not be understood is named with its place; nothing is left
//! out in silence.

pub mod base;
pub mod git;
pub(crate) mod initial;
pub mod layout;
pub mod origins;
pub mod parse;
pub mod replay;
pub mod split;

pub(crate) use crate::sql::{lex, names};

pub use names::{Name, fold};
