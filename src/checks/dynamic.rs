//! SQL that PL/pgSQL puts together at run time, and which of a function's arguments get into it unquoted.
//!
//! Works on the tokens of the body: a variable is tainted once something tainted is assigned to it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::{ArgumentMode, Function};
use crate::sql::lex::{Kind, Token, tokens};

/// An argument that gets into SQL.
#[derive(Debug)]
pub(super) struct Pasted {
    /// The parameter.
    pub(super) parameter: String,
    /// The expression behind EXECUTE.
    pub(super) text: String,
    /// Whether the body compares the parameter with constants or a pattern.
    pub(super) tested: bool,
}

/// The first argument that gets into SQL unquoted.
pub(super) fn injectable(function: &Function) -> Option<Pasted> {
    let body = function.body.as_str();
    let tokens = tokens(body, 0..body.len());
    let mut reader = Reader { body, tokens: &tokens, tainted: BTreeMap::new() };
    let inputs = function.parameters.iter().filter(|p| !matches!(p.mode, ArgumentMode::Out | ArgumentMode::Table));
    for (at, parameter) in inputs.enumerate().filter(|(_, p)| holds_text(&p.data_type)) {
        let name = parameter.name.clone().unwrap_or_else(|| format!("${}", at + 1));
        reader.tainted.insert(format!("${}", at + 1), name.clone());
        reader.tainted.insert(name.to_lowercase(), name);
    }
    if reader.tainted.is_empty() {
        return None;
    }
    while reader.learn() {}
    let (parameter, range) = reader.executed().into_iter().find_map(|range| {
        let parameter = reader.taint(range.clone())?;
        Some((parameter, range))
    })?;
    Some(Pasted { tested: reader.tests(&parameter), text: reader.text(range), parameter })
}

/// Whether values of a type can hold any text.
fn holds_text(data_type: &str) -> bool {
    let base = data_type.trim_end_matches("[]");
    let base = base.split('(').next().unwrap_or(base).trim();
    matches!(
        base,
        "text" | "character varying" | "character" | "name" | "json" | "jsonb" | "extensions.citext" | "public.citext"
    )
}

struct Reader<'t> {
    body: &'t str,
    tokens: &'t [Token],
    /// Names that hold text of a parameter, with the parameter.
    tainted: BTreeMap<String, String>,
}

impl Reader<'_> {
    fn raw(&self, at: usize) -> &str {
        self.tokens.get(at).and_then(|t| self.body.get(t.range())).unwrap_or_default()
    }

    fn word(&self, at: usize) -> Option<String> {
        match self.tokens.get(at)?.kind {
            Kind::Word | Kind::Parameter => Some(self.raw(at).to_lowercase()),
            Kind::Quoted => Some(self.raw(at).trim_matches('"').to_owned()),
            _ => None,
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == Kind::Word) && self.raw(at).eq_ignore_ascii_case(word)
    }

    fn is_punct(&self, at: usize, punct: u8) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == Kind::Punct(punct))
    }

    /// The bytes of some tokens, in one line.
    fn text(&self, range: Range<usize>) -> String {
        let start = self.tokens.get(range.start).map_or(0, |t| t.start);
        let end = range.end.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(start, |t| t.end);
        let text = self.body.get(start..end).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
    }

    /// Where an expression ends: at a semicolon, one of the words, or a parenthesis that was opened before.
    fn end(&self, from: usize, words: &[&str], comma: bool) -> usize {
        let (mut depth, mut at) = (0_usize, from);
        while let Some(token) = self.tokens.get(at) {
            match token.kind {
                Kind::Punct(b'(' | b'[') => depth += 1,
                Kind::Punct(b')' | b']') if depth == 0 => return at,
                Kind::Punct(b')' | b']') => depth -= 1,
                Kind::Punct(b';') => return at,
                Kind::Punct(b',') if depth == 0 && comma => return at,
                Kind::Word if depth == 0 && words.iter().any(|w| self.is(at, w)) => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The expressions behind EXECUTE.
    fn executed(&self) -> Vec<Range<usize>> {
        let executes = |at: &usize| {
            let before = at.checked_sub(1);
            let in_grant =
                before.is_some_and(|b| ["grant", "revoke", ","].iter().any(|w| self.raw(b).eq_ignore_ascii_case(w)));
            let of_trigger = ["function", "procedure", "on"].iter().any(|w| self.is(at + 1, w));
            self.is(*at, "execute") && !in_grant && !of_trigger
        };
        let all = (0..self.tokens.len()).filter(executes);
        all.map(|at| at + 1..self.end(at + 1, &["into", "using", "loop"], false)).collect()
    }

    /// Follows the assignments once; whether anything new was learnt.
    fn learn(&mut self) -> bool {
        let mut found = Vec::new();
        for at in 0..self.tokens.len() {
            let assigned = if self.raw(at) == ":=" {
                self.target(at).map(|name| (name, at + 1..self.end(at + 1, &[], false)))
            } else if self.is(at, "into") && !self.is(at.wrapping_sub(1), "insert") {
                let start = (0..at).rev().find(|a| self.is(*a, "select") || self.is_punct(*a, b';'));
                let list = start.filter(|s| self.is(*s, "select")).map(|s| s + 1..at);
                list.and_then(|list| Some((self.word(at + 1)?, list)))
            } else {
                None
            };
            if let Some((name, range)) = assigned
                && !self.tainted.contains_key(&name)
                && let Some(parameter) = self.taint(range)
            {
                found.push((name, parameter));
            }
        }
        let learnt = !found.is_empty();
        self.tainted.extend(found);
        learnt
    }

    /// The variable that `:=` at a place assigns to; `v text := ..` in DECLARE names the type in between.
    fn target(&self, at: usize) -> Option<String> {
        let starts = |a: &usize| {
            self.is_punct(*a, b';') || ["declare", "begin", "then", "else", "loop"].iter().any(|w| self.is(*a, w))
        };
        let start = (0..at).rev().find(starts).map_or(0, |s| s + 1);
        self.word(start)
    }

    /// A parameter whose text is in the value of an expression, unquoted.
    fn taint(&self, range: Range<usize>) -> Option<String> {
        let mut at = range.start;
        while at < range.end {
            if self.is(at, "case") {
                let end = self.end_of_case(at, range.end);
                if let Some(found) = self.taint_of_case(at + 1..end) {
                    return Some(found);
                }
                at = end + 1;
                continue;
            }
            let called = self.is_punct(at + 1, b'(').then(|| self.word(at)).flatten();
            match called.as_deref() {
                Some("format") => {
                    let close = self.end(at + 2, &[], false);
                    if let Some(found) = self.taint_of_format(at + 2..close) {
                        return Some(found);
                    }
                    at = close + 1;
                    continue;
                }
                Some(
                    "quote_ident" | "quote_literal" | "quote_nullable" | "length" | "char_length" | "cardinality"
                    | "array_length" | "count" | "to_regclass" | "md5" | "jsonb_array_length",
                ) => {
                    at = self.end(at + 2, &[], false) + 1;
                    continue;
                }
                _ => {}
            }
            let name = self.word(at).filter(|_| !self.is_punct(at.wrapping_sub(1), b'.') || at == range.start);
            if let Some(parameter) = name.and_then(|n| self.tainted.get(&n))
                && !self.is_cast_away(at)
                && !self.is_compared(at, range.end)
            {
                return Some(parameter.clone());
            }
            at += 1;
        }
        None
    }

    /// `p::int` and its kin hold no text any more.
    fn is_cast_away(&self, at: usize) -> bool {
        const SAFE: [&str; 14] = [
            "int",
            "int4",
            "int8",
            "integer",
            "bigint",
            "smallint",
            "uuid",
            "boolean",
            "bool",
            "numeric",
            "date",
            "timestamptz",
            "timestamp",
            "regclass",
        ];
        self.raw(at + 1) == "::" && SAFE.iter().any(|t| self.is(at + 2, t))
    }

    /// `p is null`, `p = ..` give a truth value only.
    fn is_compared(&self, at: usize, end: usize) -> bool {
        at + 1 < end && (self.is(at + 1, "is") || ["=", "<>", "!="].contains(&self.raw(at + 1)))
    }

    fn end_of_case(&self, at: usize, limit: usize) -> usize {
        let mut depth = 0_usize;
        for place in at..limit {
            if self.is(place, "case") {
                depth += 1;
            } else if self.is(place, "end") {
                depth -= 1;
                if depth == 0 {
                    return place;
                }
            }
        }
        limit
    }

    /// Of CASE only the values behind THEN and ELSE come out.
    fn taint_of_case(&self, range: Range<usize>) -> Option<String> {
        let values = range.clone().filter(|at| self.is(*at, "then") || self.is(*at, "else"));
        values
            .filter_map(|at| {
                let end = self.end(at + 1, &["when", "else", "end"], false).min(range.end);
                self.taint(at + 1..end)
            })
            .next()
    }

    /// The arguments of `format` that `%s` pastes.
    fn taint_of_format(&self, range: Range<usize>) -> Option<String> {
        let mut arguments = Vec::new();
        let mut at = range.start;
        while at <= range.end {
            let end = self.end(at, &[], true);
            arguments.push(at..end);
            at = end + 1;
        }
        let pattern = arguments.first()?.clone();
        if let Some(found) = self.taint(pattern.clone()) {
            return Some(found);
        }
        let is_constant = pattern
            .clone()
            .any(|at| self.tokens.get(at).is_some_and(|t| matches!(t.kind, Kind::Text | Kind::Escaped | Kind::Dollar)));
        let pasted = if is_constant { pasted(&self.text_of(pattern)) } else { (1..arguments.len()).collect() };
        pasted.into_iter().find_map(|place| self.taint(arguments.get(place)?.clone()))
    }

    /// The whole of some tokens.
    fn text_of(&self, range: Range<usize>) -> String {
        range.map(|at| self.raw(at)).collect()
    }

    /// Whether the body compares a parameter with a list or a pattern, and raises or changes it otherwise.
    fn tests(&self, parameter: &str) -> bool {
        let compares = |at: usize| {
            let list = self.is(at + 1, "in") || (self.is(at + 1, "not") && self.is(at + 2, "in"));
            let pattern = ["~", "!~", "~*", "!~*"].contains(&self.raw(at + 1));
            let any =
                ["=", "<>", "!="].contains(&self.raw(at + 1)) && (self.is(at + 2, "any") || self.is(at + 2, "all"));
            list || pattern || any
        };
        (0..self.tokens.len()).any(|at| self.word(at).is_some_and(|w| w == parameter.to_lowercase()) && compares(at))
    }
}

/// The places of the arguments that `%s` of a pattern pastes, counted from 1.
fn pasted(pattern: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next = 1;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            continue;
        }
        let mut digits = String::new();
        let mut place = None;
        while let Some(c) = letters.peek().copied() {
            match c {
                '0'..='9' | '-' | '*' => digits.push(c),
                '$' => place = std::mem::take(&mut digits).parse::<usize>().ok(),
                _ => break,
            }
            letters.next();
        }
        match letters.next() {
            Some('%') | None => continue,
            Some('s') => found.push(place.unwrap_or(next)),
            Some(_) => {}
        }
        next = place.unwrap_or(next) + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::pasted;

    #[test]
    fn reads_patterns_of_format() {
        assert_eq!(pasted("a %s b %I c %s"), [1, 3]);
        assert_eq!(pasted("%2$s %1$I %s"), [2, 2]);
        assert_eq!(pasted("100%% %-10s %L"), [1]);
        assert_eq!(pasted("%"), [0; 0]);
    }
}
