//! LIKE patterns as automata: which text matches some and not others, or that there is none.

use std::collections::{HashMap, VecDeque};

/// How long a pattern may be: its states are the bits of one number.
const LONGEST: usize = 60;

/// How many states of all patterns together are visited.
const MOST: usize = 4_000;

/// How often one of them is gone on from, for texts that differ.
const AGAIN: usize = 6;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    /// Whether texts are tested in lower case.
    folds: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character.
    One(char),
    /// `_`
    Any,
    /// `%`
    Many,
}

/// What a search for texts comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Texts {
    /// There is none.
    Nothing,
    /// Some of them, the shortest first.
    Some(Vec<String>),
    /// It was given up.
    Unknown,
}

impl Pattern {
    /// The pattern that a modelled function tests its first argument with; `None` for other functions, and for patterns
    /// that are too long or raise errors.
    pub(crate) fn of(function: &str, pattern: &str) -> Option<Self> {
        let parts = match function {
            "like" => parts(pattern)?,
            // Text is tested in lower case, which only of `I` differs from place to place.
            "ilike" if pattern.is_ascii() && !pattern.contains('I') => parts(&pattern.to_ascii_lowercase())?,
            "starts_with" => pattern.chars().map(Part::One).chain([Part::Many]).collect(),
            _ => return None,
        };
        (parts.len() <= LONGEST).then_some(Self { parts, folds: function == "ilike" })
    }

    /// What matches one text in whatever case; `None` if that is not the same everywhere.
    pub(crate) fn in_any_case(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.to_ascii_lowercase().chars().map(Part::One).collect();
        (text.is_ascii() && !text.contains('I') && parts.len() <= LONGEST).then_some(Self { parts, folds: true })
    }

    /// The same for texts in lower case.
    pub(crate) fn of_lower_case(self) -> Option<Self> {
        let is_lower = |part: &Part| one(part).is_none_or(|c| c.is_ascii() && !c.is_ascii_uppercase());
        self.parts.iter().all(is_lower).then_some(Self { folds: true, ..self })
    }

    /// Whether it has no wildcard.
    pub(crate) fn is_plain(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::One(_)))
    }

    /// Adds the states that `%` leads to without a character.
    fn closed(&self, mut states: u64) -> u64 {
        for (at, part) in self.parts.iter().enumerate() {
            if *part == Part::Many && states & 1 << at != 0 {
                states |= 1 << (at + 1);
            }
        }
        states
    }

    fn step(&self, states: u64, c: char) -> u64 {
        let mut next = 0;
        let c = if self.folds { c.to_ascii_lowercase() } else { c };
        for (at, part) in self.parts.iter().enumerate().filter(|(at, _)| states & 1 << at != 0) {
            match part {
                Part::One(one) if *one != c => {}
                Part::One(_) | Part::Any => next |= 1 << (at + 1),
                Part::Many => next |= 1 << at,
            }
        }
        self.closed(next)
    }

    fn accepts(&self, states: u64) -> bool {
        states & 1 << self.parts.len() != 0
    }
}

fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        parts.push(match c {
            '%' => Part::Many,
            '_' => Part::Any,
            '\\' => Part::One(characters.next()?),
            c => Part::One(c),
        });
    }
    Some(parts)
}

/// Texts that match the patterns that are to be matched and no others.
pub(crate) fn texts(patterns: &[(&Pattern, bool)], wanted: usize) -> Texts {
    let mut letters: Vec<char> = patterns.iter().flat_map(|(p, _)| &p.parts).filter_map(one).collect();
    if patterns.iter().any(|(p, _)| p.folds) {
        // Only of `i` the case is not the same everywhere.
        let others = letters.iter().filter(|c| **c != 'i').map(char::to_ascii_uppercase).collect::<Vec<_>>();
        letters.extend(others);
    }
    letters.sort_unstable_by_key(|c| (c.is_ascii_uppercase(), *c));
    letters.dedup();
    // One for all characters that no pattern names.
    let Some(other) = ('a'..='z').rev().chain('0'..='9').find(|c| !letters.contains(c)) else { return Texts::Unknown };
    letters.insert(0, other);
    let start: Vec<u64> = patterns.iter().map(|(p, _)| p.closed(1)).collect();
    let mut seen: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut queue = VecDeque::from([(start, String::new())]);
    let mut found = Vec::new();
    while let Some((states, text)) = queue.pop_front() {
        let times = seen.entry(states.clone()).or_default();
        *times += 1;
        if *times > if wanted > 1 { AGAIN } else { 1 } {
            continue;
        }
        if patterns.iter().zip(&states).all(|((p, matches), states)| p.accepts(*states) == *matches) {
            found.push(text.clone());
            if found.len() >= wanted {
                break;
            }
        }
        if seen.len() > MOST {
            return if found.is_empty() { Texts::Unknown } else { Texts::Some(found) };
        }
        for c in &letters {
            let next: Vec<u64> = patterns.iter().zip(&states).map(|((p, _), states)| p.step(*states, *c)).collect();
            // What can no longer be matched leads nowhere.
            if patterns.iter().zip(&next).all(|((_, matches), states)| !matches || *states != 0) {
                queue.push_back((next, format!("{text}{c}")));
            }
        }
    }
    if found.is_empty() { Texts::Nothing } else { Texts::Some(found) }
}

fn one(part: &Part) -> Option<char> {
    if let Part::One(c) = part { Some(*c) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::of("like", text).unwrap()
    }

    fn within(a: &str, b: &str) -> bool {
        texts(&[(&pattern(a), true), (&pattern(b), false)], 1) == Texts::Nothing
    }

    #[test]
    fn containment() {
        for (a, b) in
            [("%@corp.com", "%corp.com"), ("ab%", "a%"), ("a_c", "a%c"), ("x", "_"), ("%a%b%", "%b%"), ("", "%")]
        {
            assert!(within(a, b), "{a} {b}");
            assert!(!within(b, a), "{b} {a}");
        }
        assert!(within("a%", "a%%") && within("a%%", "a%"));
        assert!(within(r"\%a", r"\%%") && !within("%a", r"\%%"));
        assert!(!within("a%", "%b") && !within("%_", "_"));
    }

    #[test]
    fn texts_match_what_they_are_to() {
        let (a, b) = (pattern("%corp.com"), pattern("%@corp.com"));
        let Texts::Some(found) = texts(&[(&a, true), (&b, false)], 3) else { panic!() };
        assert_eq!(found.first().map(String::as_str), Some("corp.com"));
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|t| t.ends_with("corp.com") && !t.ends_with("@corp.com")), "{found:?}");
        assert_eq!(texts(&[(&pattern("a%"), true), (&pattern("b%"), true)], 1), Texts::Nothing);
        assert_eq!(texts(&[(&pattern("%"), false)], 1), Texts::Nothing);
    }

    #[test]
    fn case_is_folded_where_it_does_not_count() {
        let (any, upper) = (Pattern::in_any_case("ab").unwrap(), pattern("%B"));
        assert_eq!(texts(&[(&any, true), (&upper, true)], 1), Texts::Some(vec!["aB".to_owned()]));
        let (any, upper) = (Pattern::of("ilike", "x%").unwrap(), pattern("x%"));
        assert_eq!(texts(&[(&any, true), (&upper, false)], 1), Texts::Some(vec!["X".to_owned()]));
        assert_eq!(Pattern::in_any_case("I"), None);
    }

    #[test]
    fn patterns_that_raise_or_are_too_long_are_none() {
        assert_eq!(Pattern::of("like", "a\\"), None);
        assert_eq!(Pattern::of("like", &"a".repeat(61)), None);
        assert_eq!(Pattern::of("ilike", "I%"), None);
        assert_eq!(Pattern::of("ilike", "A%"), pattern("a%").of_lower_case());
        assert_eq!(pattern("A%").of_lower_case(), None);
        assert_eq!(Pattern::of("starts_with", "a_"), Some(pattern(r"a\_%")));
    }
}
