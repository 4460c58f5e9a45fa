//! The key words of Postgres' grammar and where each may stand for a name.

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// Where a key word may stand for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// Anywhere; words that are no key words too.
    Unreserved,
    /// As column or relation, not as function or type.
    ColumnName,
    /// As function or type only.
    FunctionName,
    /// Nowhere.
    Reserved,
}

static WORDS: LazyLock<FxHashMap<&'static str, (Category, bool)>> = LazyLock::new(|| {
    let mut words = FxHashMap::default();
    for line in include_str!("builtin/keywords.txt").lines().filter(|l| !l.starts_with('#')) {
        let mut fields = line.split('\t');
        let (Some(word), Some(code), Some(label)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let category = match code {
            "R" => Category::Reserved,
            "T" => Category::FunctionName,
            "C" => Category::ColumnName,
            _ => Category::Unreserved,
        };
        words.insert(word, (category, label.starts_with('t')));
    }
    words
});

/// The category of a word in small letters.
pub(crate) fn category(word: &str) -> Category {
    WORDS.get(word).map_or(Category::Unreserved, |(category, _)| *category)
}

/// Whether a word in small letters may label a column without `AS`.
pub(crate) fn bare_label(word: &str) -> bool {
    WORDS.get(word).is_none_or(|(_, label)| *label)
}
