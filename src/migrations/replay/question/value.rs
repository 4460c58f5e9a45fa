//! Values of the system catalogs, and what can be said of two of them.

use super::printed::Printed;
use crate::migrations::parse::constant;
use crate::migrations::replay::catalog::Id;
use crate::migrations::replay::system::Names;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::migrations::replay) enum Value {
    Text(String),
    Truth(bool),
    Whole(i64),
    /// The number of an object.
    Oid(Id),
    /// An object as a value of a type for names: its number, the type, and its name in full. The server prints the name
    /// without what the search path says; both name the same, but are not the same text.
    Named(Id, &'static str, String),
    List(Vec<String>),
    /// The numbers of columns.
    Numbers(Vec<i64>),
    /// The name of some object of the system.
    System(Names),
    /// A text that is printed when it is asked for.
    Printed(Printed, Id),
    /// The tree of an expression, which only `pg_get_expr` reads.
    Tree(Printed, Id),
    Null,
}

impl Value {
    /// As it is printed within other text.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Named(.., text) => Some(text),
            Self::Whole(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The object that it is.
    pub(in crate::migrations::replay) fn object(&self) -> Option<Id> {
        match self {
            Self::Oid(id) | Self::Named(id, ..) => Some(*id),
            _ => None,
        }
    }

    /// The elements of an array.
    pub(super) fn elements(self) -> Option<Vec<Self>> {
        match self {
            Self::List(list) => Some(list.into_iter().map(Self::Text).collect()),
            Self::Numbers(list) => Some(list.into_iter().map(Self::Whole).collect()),
            _ => None,
        }
    }

    pub(super) fn of_constant(value: &constant::Value) -> Option<Self> {
        Some(match value {
            constant::Value::Text(text) => Self::Text(text.clone()),
            constant::Value::List(list) => Self::List(list.clone()),
            constant::Value::Truth(truth) => Self::Truth(*truth),
            constant::Value::Whole(number) => Self::Whole(*number),
            constant::Value::Oid(id) => Self::Oid(Id(*id)),
            constant::Value::Null => Self::Null,
            constant::Value::Object(..) | constant::Value::Objects(..) | constant::Value::Lists(_) => return None,
        })
    }

    /// As a variable of a block keeps it.
    pub(in crate::migrations::replay) fn into_constant(self) -> Option<constant::Value> {
        Some(match self {
            Self::Text(text) => constant::Value::Text(text),
            Self::List(list) => constant::Value::List(list),
            Self::Truth(truth) => constant::Value::Truth(truth),
            Self::Whole(number) => constant::Value::Whole(number),
            Self::Oid(id) => constant::Value::Oid(id.0),
            Self::Named(_, kind, name) => constant::Value::Object(kind, name),
            Self::Null => constant::Value::Null,
            Self::Numbers(_) | Self::System(_) | Self::Printed(..) | Self::Tree(..) => return None,
        })
    }
}

pub(super) fn truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Truth)
}

/// Whether two values that are not NULL are equal; a number and a name cannot be told.
pub(super) fn same(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Text(a), Value::Text(b)) => Some(a == b),
        (Value::Truth(a), Value::Truth(b)) => Some(a == b),
        (Value::Whole(a), Value::Whole(b)) => Some(a == b),
        (Value::Oid(a) | Value::Named(a, ..), Value::Oid(b) | Value::Named(b, ..)) => Some(a == b),
        (Value::List(a), Value::List(b)) => Some(a == b),
        (Value::Numbers(a), Value::Numbers(b)) => Some(a == b),
        (Value::System(names), Value::Text(text)) | (Value::Text(text), Value::System(names)) => {
            if names.may_have(text) { None } else { Some(false) }
        }
        (Value::Truth(a), Value::Text(b)) | (Value::Text(b), Value::Truth(a)) => match b.as_str() {
            "t" | "true" => Some(*a),
            "f" | "false" => Some(!*a),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a value is one of a list, as IN has it: `Some(None)` is NULL.
pub(super) fn among(value: &Value, list: &[Value]) -> Option<Option<bool>> {
    if *value == Value::Null {
        return Some(if list.is_empty() { Some(false) } else { None });
    }
    let (mut unknown, mut null) = (false, false);
    for item in list {
        match item {
            Value::Null => null = true,
            item => match same(value, item) {
                Some(true) => return Some(Some(true)),
                Some(false) => (),
                None => unknown = true,
            },
        }
    }
    match (unknown, null) {
        (true, _) => None,
        (false, true) => Some(None),
        (false, false) => Some(Some(false)),
    }
}

/// What an operator gives.
pub(super) fn operation(symbol: &str, left: &Value, right: &Value) -> Option<Value> {
    if *left == Value::Null || *right == Value::Null {
        return Some(Value::Null);
    }
    let likes = |fold: bool| match (left, right) {
        (Value::Text(text), Value::Text(pattern)) if fold => {
            like(&text.to_lowercase(), &pattern.to_lowercase()).map(Value::Truth)
        }
        (Value::Text(text), Value::Text(pattern)) => like(text, pattern).map(Value::Truth),
        _ => None,
    };
    let not = |value: Option<Value>| match value? {
        Value::Truth(truth) => Some(Value::Truth(!truth)),
        _ => None,
    };
    let order = |wanted: fn(std::cmp::Ordering) -> bool| match (left, right) {
        (Value::Whole(a), Value::Whole(b)) => Some(Value::Truth(wanted(a.cmp(b)))),
        _ => None,
    };
    match symbol {
        "=" => same(left, right).map(Value::Truth),
        "<>" | "!=" => same(left, right).map(|same| Value::Truth(!same)),
        "<" => order(std::cmp::Ordering::is_lt),
        "<=" => order(std::cmp::Ordering::is_le),
        ">" => order(std::cmp::Ordering::is_gt),
        ">=" => order(std::cmp::Ordering::is_ge),
        "~~" => likes(false),
        "!~~" => not(likes(false)),
        "~~*" => likes(true),
        "!~~*" => not(likes(true)),
        "||" => Some(Value::Text(left.clone().into_text()? + &right.clone().into_text()?)),
        _ => None,
    }
}

/// A pattern of LIKE with another escape, none if it is empty, as one with backslashes.
pub(super) fn with_backslashes(pattern: &str, escape: &str) -> Option<String> {
    let mut escapes = escape.chars();
    let escape = escapes.next();
    if escapes.next().is_some() {
        return None;
    }
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let is_escape = Some(c) == escape;
        if is_escape || c == '\\' {
            out.push('\\');
        }
        out.push(if is_escape { chars.next()? } else { c });
    }
    Some(out)
}

/// LIKE, with the backslash for an escape.
fn like(text: &str, pattern: &str) -> Option<bool> {
    if pattern.ends_with('\\') {
        return None;
    }
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Char(chars.next()?),
            c => Part::Char(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the pattern fit all text so far.
    let mut fits = vec![false; parts.len() + 1];
    let close = |fits: &mut Vec<bool>| {
        for (at, part) in parts.iter().enumerate() {
            if *part == Part::Any
                && fits.get(at) == Some(&true)
                && let Some(next) = fits.get_mut(at + 1)
            {
                *next = true;
            }
        }
    };
    if let Some(first) = fits.first_mut() {
        *first = true;
    }
    close(&mut fits);
    for c in text {
        let mut next = vec![false; fits.len()];
        for (at, part) in parts.iter().enumerate().filter(|(at, _)| fits.get(*at) == Some(&true)) {
            let to = match part {
                Part::Any => Some(at),
                Part::One => Some(at + 1),
                Part::Char(wanted) => (*wanted == c).then_some(at + 1),
            };
            if let Some(slot) = to.and_then(|to| next.get_mut(to)) {
                *slot = true;
            }
        }
        fits = next;
        close(&mut fits);
    }
    fits.last().copied()
}

#[derive(PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
}

/// `{a,b}` of plain elements.
pub(super) fn list(text: &str) -> Option<Vec<String>> {
    match constant::value(&format!("{}::text[]", crate::model::quote_literal(text)), &constant::Known::new())? {
        constant::Value::List(list) => Some(list),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_sql() {
        for (text, pattern) in [("a_b", "a\\_b"), ("abc", "%b%"), ("abc", "a_c"), ("", "%"), ("aab", "%ab"), ("é", "_")]
        {
            assert_eq!(like(text, pattern), Some(true), "{text} {pattern}");
        }
        for (text, pattern) in [("axb", "a\\_b"), ("abc", "b%"), ("abc", "a_"), ("", "_"), ("abc", "ABC")] {
            assert_eq!(like(text, pattern), Some(false), "{text} {pattern}");
        }
        assert_eq!(like("a", "a\\"), None);
        for (pattern, escape, text) in
            [("a!_%", "!", "a_x"), ("a\\%", "", "a\\x"), ("a\\_%", "\\", "a_x"), ("!!", "!", "!")]
        {
            let pattern = with_backslashes(pattern, escape).unwrap();
            assert_eq!(like(text, &pattern), Some(true), "{pattern}");
            assert_eq!(like("b", &pattern), Some(false), "{pattern}");
        }
        assert_eq!(with_backslashes("a!", "!"), None, "the server refuses it");
        assert_eq!(with_backslashes("a", "!!"), None, "and this");
    }

    #[test]
    fn what_the_system_has_is_not_known() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(same(&Value::System(Names::Functions), &text("lower")), None);
        assert_eq!(same(&Value::System(Names::Functions), &text("own")), Some(false));
        assert_eq!(among(&text("a"), &[Value::Null, text("b")]), Some(None));
        assert_eq!(among(&text("a"), &[Value::Null, text("a")]), Some(Some(true)));
    }
}
