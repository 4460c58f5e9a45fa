//! Whether two texts of SQL say the same, as far as their tokens show: layout, comments and the case of words play no part.

use crate::migrations::lex::{Kind, Token, tokens};
use crate::migrations::names::{identifier, literal};
use crate::model::{QualifiedName, Schema};
use crate::sql::bind::{Binder, Scope};
use crate::sql::print::{self, AsBound, Outside};
use crate::sql::{Catalog, SchemaCatalog, Type};

/// Whether `a` and `b` have the same tokens; parentheses around the whole play no part either.
#[must_use]
pub fn same_text(a: &str, b: &str) -> bool {
    a == b || normal_text(a) == normal_text(b)
}

/// The same, where either may be missing.
pub(super) fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same_text(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// The tokens of a text as words that compare.
#[must_use]
pub fn normal_text(text: &str) -> Vec<String> {
    let all = tokens(text, 0..text.len());
    let mut words: Vec<_> = all.iter().map(|token| word(text, *token)).collect();
    // What is behind an open quote is no token; it must not be left out of the comparison.
    let rest = text.get(all.last().map_or(0, |last| last.end)..).unwrap_or_default();
    if rest.contains(['\'', '"', '$', '*']) {
        words.push(rest.to_owned());
    }
    while words.first().is_some_and(|w| w == "(") && closes_at_end(&words) {
        words.pop();
        words.remove(0);
    }
    words
}

fn word(text: &str, token: Token) -> String {
    let raw = text.get(token.range()).unwrap_or_default();
    match token.kind {
        // A word and the same word in quotes are one identifier, unless it is a key word; those are the same text anyway.
        Kind::Word | Kind::Quoted | Kind::UnicodeQuoted => identifier(token.kind, raw).unwrap_or_default(),
        Kind::Text | Kind::Escaped | Kind::UnicodeText => {
            format!("'{}'", literal(token.kind, raw).unwrap_or_default())
        }
        // The body of a function is code too.
        Kind::Dollar => format!("${}", normal_text(&literal(token.kind, raw).unwrap_or_default()).join(" ")),
        _ => raw.to_owned(),
    }
}

/// Whether the first parenthesis is closed by the last word and none before.
fn closes_at_end(words: &[String]) -> bool {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1 == words.len();
        }
    }
    false
}

/// Where names are looked for that a text does not qualify.
const PATH: [&str; 2] = ["public", "extensions"];

/// A condition on the rows of `relation` as the server would print it; `None` where its names are not understood.
pub(super) fn printed_condition(schema: &Schema, relation: &QualifiedName, text: &str) -> Option<String> {
    let (catalog, path) = (SchemaCatalog::new(schema), PATH.map(str::to_owned));
    let scope = Scope::default().relation(catalog.relation(&relation.schema, &relation.name)?, None);
    let bound = Binder::new(&catalog, &path).expression(text, &scope, Some(&Type::named("boolean"))).ok()?;
    Some(print::expression(&bound.tree, &Outside::of(&scope), &AsBound))
}

/// A query as the server would print it; `None` where its names are not understood.
pub(super) fn printed_query(schema: &Schema, text: &str) -> Option<String> {
    let (catalog, path) = (SchemaCatalog::new(schema), PATH.map(str::to_owned));
    let scope = Scope::default();
    let bound = Binder::new(&catalog, &path).query(text.trim().trim_end_matches(';'), &scope).ok()?;
    Some(print::query(&bound.tree, &Outside::of(&scope), &AsBound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_no_difference_and_words_are() {
        for (a, b) in [
            ("(Owner_Id = auth.uid())", "owner_id  =  auth.uid() -- mine"),
            ("((a) or (b))", "(a) or (b)"),
            ("a = E'x'", "a = 'x'"),
            ("\"a\" > 1", "a > 1"),
            ("", " -- nothing\n"),
            ("(a", "(a"),
        ] {
            assert!(same_text(a, b), "{a} | {b}");
        }
        for (a, b) in [
            ("a = 'X'", "a = 'x'"),
            ("\"A\" > 1", "a > 1"),
            ("(a) or (b)", "a or b)"),
            ("a = 1", "a = 1 or true"),
            ("a = b", "a =b c"),
            ("a = 'x", "a = 'y"),
        ] {
            assert!(!same_text(a, b), "{a} | {b}");
        }
    }
}
