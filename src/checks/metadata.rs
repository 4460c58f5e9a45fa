//! Where code copies what users write into their own metadata into columns of the application.
//!
//! Reads the text of trigger functions of `auth.users`, statement by statement: the values of INSERT, the assignments of
//! UPDATE, and variables that carry one into the other.

use std::collections::BTreeSet;

use super::Context;
use crate::model::{Function, QualifiedName, Relation};
use crate::sql::lex::{Kind, Token, tokens};

/// A column that is filled from the users' own metadata.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Copied<'a> {
    /// The table.
    pub(super) table: &'a QualifiedName,
    /// The column.
    pub(super) column: String,
}

/// Where users keep what they write themselves.
pub(super) const OWN: [&str; 2] = ["raw_user_meta_data", "user_metadata"];

impl<'a> Context<'a> {
    /// The trigger functions of the platform's users.
    pub(super) fn user_triggers(&self) -> impl Iterator<Item = &'a Function> {
        let users = self.schema.relations.iter().filter(|r| r.name.schema == "auth" && r.name.name == "users");
        users.flat_map(|r| &r.triggers).filter_map(|t| self.schema.function(&t.function))
    }

    /// The columns that `function` fills from the users' own metadata.
    pub(super) fn copies_of_metadata(&self, function: &Function) -> BTreeSet<Copied<'a>> {
        let text = function.body.as_str();
        if !OWN.iter().any(|word| text.contains(word)) {
            return BTreeSet::new();
        }
        let tokens = tokens(text, 0..text.len());
        let reader = Reader { text, tokens: &tokens, tainted: BTreeSet::new() };
        let reader = reader.with_variables();
        let found = reader.inserts().into_iter().chain(reader.updates());
        found
            .filter_map(|(schema, table, column)| {
                let relation = self.table_named(schema.as_deref(), &table)?;
                relation.column(&column).map(|c| Copied { table: &relation.name, column: c.name.clone() })
            })
            .collect()
    }

    fn table_named(&self, schema: Option<&str>, name: &str) -> Option<&'a Relation> {
        let schema = schema.unwrap_or("public");
        self.schema.relations.iter().find(|r| r.name.name == name && r.name.schema == schema)
    }
}

type Written = (Option<String>, String, String);

struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// Variables that hold something of the metadata.
    tainted: BTreeSet<String>,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> Option<String> {
        let token = self.tokens.get(at)?;
        let text = self.text.get(token.range())?;
        match token.kind {
            Kind::Word => Some(text.to_lowercase()),
            Kind::Quoted => Some(text.trim_matches('"').to_owned()),
            _ => None,
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.word(at).is_some_and(|w| w == word)
    }

    fn is_punct(&self, at: usize, punct: u8) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == Kind::Punct(punct))
    }

    /// Whether one of the tokens is of the metadata.
    fn taints(&self, range: std::ops::Range<usize>) -> bool {
        range.into_iter().filter_map(|at| self.word(at)).any(|w| OWN.contains(&w.as_str()) || self.tainted.contains(&w))
    }

    /// Where a value ends that begins at `from`: at a comma, semicolon or word that ends it, or behind the parentheses.
    fn end(&self, from: usize, words: &[&str]) -> usize {
        let mut depth = 0_usize;
        let mut at = from;
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                Kind::Punct(b'(' | b'[') => depth += 1,
                Kind::Punct(b')' | b']') if depth == 0 => return at,
                Kind::Punct(b')' | b']') => depth -= 1,
                Kind::Punct(b',' | b';') if depth == 0 => return at,
                Kind::Word if depth == 0 && words.iter().any(|w| self.is(at, w)) => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The values of a list whose parenthesis opens at `open`, and where it closes.
    fn list(&self, open: usize) -> (Vec<std::ops::Range<usize>>, usize) {
        let (mut values, mut at) = (Vec::new(), open + 1);
        loop {
            let end = self.end(at, &[]);
            values.push(at..end);
            if !self.is_punct(end, b',') {
                return (values, end);
            }
            at = end + 1;
        }
    }

    /// `v := ..metadata..`, `select ..metadata.. into v`
    fn with_variables(mut self) -> Self {
        for at in 0..self.tokens.len() {
            let assigns = self.tokens.get(at).and_then(|t| self.text.get(t.range())).is_some_and(|t| t == ":=");
            if assigns && self.taints(at + 1..self.end(at + 1, &[])) {
                // `v text := ..` in DECLARE names the type in between.
                let start = (0..at).rev().find(|a| {
                    self.is_punct(*a, b';') || self.is(*a, "declare") || self.is(*a, "begin") || self.is(*a, "then")
                });
                self.tainted.extend(self.word(start.map_or(0, |s| s + 1)));
            }
        }
        self
    }

    /// A qualified name at `at`, and where it ends.
    fn name(&self, at: usize) -> Option<(Option<String>, String, usize)> {
        let first = self.word(at)?;
        match self.is_punct(at + 1, b'.').then(|| self.word(at + 2)).flatten() {
            Some(second) => Some((Some(first), second, at + 3)),
            None => Some((None, first, at + 1)),
        }
    }

    fn inserts(&self) -> Vec<Written> {
        let mut found = Vec::new();
        for at in (0..self.tokens.len()).filter(|at| self.is(*at, "insert") && self.is(*at + 1, "into")) {
            let Some((schema, table, open)) = self.name(at + 2).filter(|(_, _, open)| self.is_punct(*open, b'('))
            else {
                continue;
            };
            let (columns, close) = self.list(open);
            let values = match (self.is(close + 1, "values"), self.is(close + 1, "select")) {
                (true, _) => self.list(close + 2).0,
                (_, true) => self.selected(close + 2),
                _ => continue,
            };
            for (column, value) in columns.into_iter().zip(values) {
                if let Some(column) = self.word(column.start).filter(|_| self.taints(value)) {
                    found.push((schema.clone(), table.clone(), column));
                }
            }
        }
        found
    }

    fn selected(&self, from: usize) -> Vec<std::ops::Range<usize>> {
        let (mut values, mut at) = (Vec::new(), from);
        loop {
            let end = self.end(at, &["from", "where", "on"]);
            values.push(at..end);
            if !self.is_punct(end, b',') {
                return values;
            }
            at = end + 1;
        }
    }

    fn updates(&self) -> Vec<Written> {
        let mut found = Vec::new();
        for at in (0..self.tokens.len()).filter(|at| self.is(*at, "update")) {
            let Some((schema, table, mut next)) = self.name(at + 1) else { continue };
            if !self.is(next, "set") {
                continue;
            }
            loop {
                let end = self.end(next + 1, &["from", "where", "returning"]);
                if let Some(column) = self.word(next + 1).filter(|_| self.taints(next + 3..end)) {
                    found.push((schema.clone(), table.clone(), column));
                }
                if !self.is_punct(end, b',') {
                    break;
                }
                next = end;
            }
        }
        found
    }
}
