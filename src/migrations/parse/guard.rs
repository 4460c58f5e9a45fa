//! Conditions of IF in a block, for the catalog to answer.

use super::constant::Known;
use super::cursor::Fragment;
use crate::migrations::lex;
use crate::migrations::names;
use std::collections::BTreeSet;

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// As written.
    pub text: Fragment,
    /// What is known of the variables that it speaks of.
    pub(crate) known: Known,
}

/// A condition with what is known of its variables.
pub(crate) fn guard(text: Fragment, known: &Known) -> Guard {
    let known = spoken_of(&text.text, known);
    Guard { text, known }
}

/// The variables that occur in a text.
pub(crate) fn spoken_of(text: &str, known: &Known) -> Known {
    let tokens = lex::tokens(text, 0..text.len());
    let words: BTreeSet<String> =
        tokens.iter().filter_map(|t| names::identifier(t.kind, text.get(t.range())?)).collect();
    let occurs = |name: &String| words.contains(name.split('.').next().unwrap_or_default());
    known.iter().filter(|(name, _)| occurs(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
