//! Values that a block's text alone decides: literals, `format` of constants, variables that hold them.

use super::cursor::{Cursor, Source};
use crate::migrations::lex::{self, Kind, Token};
use crate::model::{quote_ident, quote_literal};
use std::collections::BTreeMap;

/// A known value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    List(Vec<String>),
    /// An array of two dimensions: lists of one length.
    Lists(Vec<Vec<String>>),
    /// What `to_regclass('name')` and the like give: NULL if there is no such object.
    Object(&'static str, String),
    /// A list of such.
    Objects(&'static str, Vec<String>),
    Truth(bool),
    Whole(i64),
    /// The number of an object of the catalog, by which nothing can be called.
    Oid(u32),
    Null,
}

impl Value {
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Object(_, text) => Some(text),
            Self::Whole(number) => Some(number.to_string()),
            Self::List(_) | Self::Lists(_) | Self::Objects(..) | Self::Truth(_) | Self::Oid(_) | Self::Null => None,
        }
    }
}

/// Variables whose values are known; a record's field is `record.field`.
pub(crate) type Known = BTreeMap<String, Value>;

/// The value of an expression, if the text alone decides it.
pub(crate) fn text(expression: &str, known: &Known) -> Option<String> {
    // An object, printed, may lack the schema, but it names the same.
    value(expression, known)?.into_text()
}

/// As [`text`], for lists too.
pub(crate) fn value(expression: &str, known: &Known) -> Option<Value> {
    let source = Source { text: expression, made_at: None };
    let tokens = lex::tokens(expression, 0..expression.len());
    if too_deep(&tokens) {
        return None;
    }
    let mut c = Cursor::new(&source, &tokens);
    let value = concatenation(&mut c, known)?;
    c.at_end().then_some(value)
}

/// Whether brackets could be nested so deep that reading them exhausts the stack.
pub(crate) fn too_deep(tokens: &[Token]) -> bool {
    tokens.iter().filter(|t| matches!(t.kind, Kind::Punct(b'(' | b'['))).count() > 200
}

/// Functions that give NULL when an argument is.
const STRICT: [&str; 7] = ["quote_ident", "quote_literal", "lower", "upper", "replace", "btrim", "trim"];

/// The functions that look an object up by its name, and the types that do.
const LOOK_UPS: [(&str, &str); 5] = [
    ("to_regclass", "regclass"),
    ("to_regprocedure", "regprocedure"),
    ("to_regproc", "regproc"),
    ("to_regtype", "regtype"),
    ("to_regrole", "regrole"),
];

pub(crate) fn concatenation(c: &mut Cursor<'_>, known: &Known) -> Option<Value> {
    let mut value = term(c, known)?;
    while c.accept_operator("||") {
        let (left, right) = (value.into_text()?, term(c, known)?.into_text()?);
        value = Value::Text(left + &right);
    }
    Some(value)
}

pub(crate) fn term(c: &mut Cursor<'_>, known: &Known) -> Option<Value> {
    let mut value = operand(c, known)?;
    while c.accept_operator("::") {
        let to = c.type_name().ok()?;
        let look_up = LOOK_UPS.iter().find(|(_, kind)| *kind == to.name.name);
        let same = matches!(to.name.name.as_str(), "text" | "character varying" | "name");
        value = match (value, to.dimensions, look_up) {
            (Value::Text(text), 0, Some((_, kind))) => Value::Object(kind, text),
            (Value::Text(text), 1, None) if same => Value::List(array(&text)?),
            (Value::Object(_, text), 0, None) if same => Value::Text(text),
            (value, _, None) if same => value,
            // Other types may change what is printed.
            _ => return None,
        };
    }
    Some(value)
}

/// `{a,b}` of plain elements.
fn array(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.contains(['"', '\\', '{']) {
        return None;
    }
    Some(inner.split(',').map(|e| e.trim().to_owned()).filter(|e| !e.is_empty()).collect())
}

fn operand(c: &mut Cursor<'_>, known: &Known) -> Option<Value> {
    if let Some(text) = c.accept_string() {
        return Some(Value::Text(text));
    }
    if c.accept_punct(b'(') {
        let value = concatenation(c, known)?;
        return c.accept_punct(b')').then_some(value);
    }
    if c.accept("array") {
        return c.accept_punct(b'[').then(|| elements(c, known)).flatten();
    }
    if c.peek()?.kind != Kind::Word && c.peek()?.kind != Kind::Quoted {
        return None;
    }
    let name = c.name().ok()?;
    if c.accept_punct(b'(') {
        let arguments = values(c, known, b')')?;
        if name.schema.as_deref().is_some_and(|s| s != "pg_catalog") {
            return None;
        }
        if name.name == "coalesce" {
            return arguments.into_iter().find(|value| *value != Value::Null).or(Some(Value::Null));
        }
        // All the others give NULL for NULL.
        if arguments.contains(&Value::Null) && name.name != "format" && name.name != "concat" {
            return STRICT.contains(&name.name.as_str()).then_some(Value::Null);
        }
        let arguments = arguments.into_iter().filter(|value| *value != Value::Null || name.name == "format");
        let arguments = arguments.map(Value::into_text).collect::<Option<Vec<String>>>()?;
        let first = arguments.first()?;
        if let Some((_, kind)) = LOOK_UPS.iter().find(|(function, _)| *function == name.name) {
            return Some(Value::Object(kind, first.clone()));
        }
        return Some(Value::Text(match name.name.as_str() {
            "quote_ident" => quote_ident(first).into_owned(),
            "quote_literal" => quote_literal(first),
            "lower" => first.to_lowercase(),
            "upper" => first.to_uppercase(),
            "concat" => arguments.concat(),
            "btrim" | "trim" if arguments.len() == 1 => first.trim_matches(' ').to_owned(),
            "replace" => match arguments.as_slice() {
                [text, from, _] if from.is_empty() => text.clone(),
                [text, from, to] => text.replace(from, to),
                _ => return None,
            },
            "format" => format(first, arguments.get(1..).unwrap_or_default())?,
            _ => return None,
        }));
    }
    let key = match name.schema {
        Some(record) => format!("{record}.{}", name.name),
        None => name.name,
    };
    let value = known.get(&key).cloned()?;
    if c.accept_punct(b'[') { subscripted(c, value) } else { Some(value) }
}

/// The element that `1]` after a list takes of it; NULL outside of it.
fn subscripted(c: &mut Cursor<'_>, value: Value) -> Option<Value> {
    let (Value::List(list), Some(number)) = (value, c.accept_number()) else { return None };
    let element = number.parse::<usize>().ok()?.checked_sub(1).and_then(|at| list.into_iter().nth(at));
    c.accept_punct(b']').then_some(element.map_or(Value::Null, Value::Text))
}

/// The elements of an array constructor, up to its end: texts, or lists of texts.
fn elements(c: &mut Cursor<'_>, known: &Known) -> Option<Value> {
    let (mut texts, mut lists, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    while !c.accept_punct(b']') {
        let is_first = texts.is_empty() && lists.is_empty();
        if !is_first && !c.accept_punct(b',') {
            return None;
        }
        match if c.accept_punct(b'[') { elements(c, known)? } else { concatenation(c, known)? } {
            Value::List(list) => lists.push(list),
            value => {
                kinds.push(if let Value::Object(kind, _) = value { Some(kind) } else { None });
                texts.push(value.into_text()?);
            }
        }
    }
    if let Some(Some(kind)) = kinds.first().filter(|first| kinds.iter().all(|kind| kind == *first)) {
        return lists.is_empty().then_some(Value::Objects(kind, texts));
    }
    let even = lists.windows(2).all(|pair| matches!(pair, [a, b] if a.len() == b.len()));
    match (texts.is_empty(), lists.is_empty()) {
        (_, true) => Some(Value::List(texts)),
        (true, false) if even => Some(Value::Lists(lists)),
        _ => None,
    }
}

fn values(c: &mut Cursor<'_>, known: &Known, close: u8) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    while !c.accept_punct(close) {
        if !items.is_empty() && !c.accept_punct(b',') {
            return None;
        }
        items.push(concatenation(c, known)?);
    }
    Some(items)
}

/// `format()` with `%s`, `%I`, `%L`, `%%` and positions; `None` for widths and missing arguments.
pub(crate) fn format(pattern: &str, arguments: &[String]) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let (mut rest, mut next) = (pattern, 0_usize);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, mut after) = after.split_at_checked(digits)?;
        if !number.is_empty() {
            after = after.strip_prefix('$')?;
            next = number.parse::<usize>().ok()?.checked_sub(1)?;
        }
        let argument = arguments.get(next)?;
        next += 1;
        let mut chars = after.chars();
        match chars.next()? {
            's' => out.push_str(argument),
            'I' => out.push_str(&quote_ident(argument)),
            'L' => out.push_str(&quote_literal(argument)),
            _ => return None,
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_constants_and_nothing_else() {
        let known = Known::from([("t".to_owned(), Value::Text("Tab".to_owned()))]);
        let text = |e: &str| text(e, &known);
        assert_eq!(text("'a' || t || 'b'").as_deref(), Some("aTabb"));
        assert_eq!(
            text("format('drop table %I.%1$s -- %L %%', t, 'x''y')").as_deref(),
            Some("drop table \"Tab\".Tab -- 'x''y' %")
        );
        assert_eq!(text("quote_ident(t)").as_deref(), Some("\"Tab\""));
        assert_eq!(text("'a'::text").as_deref(), Some("a"));
        for unknown in ["u", "format('%I', u)", "format('%I')", "now()", "format('%10s', t)", "t +", ""] {
            assert_eq!(text(unknown), None, "{unknown}");
        }
        assert_eq!(value("array['a', t]::text[]", &known), Some(Value::List(vec!["a".into(), "Tab".into()])));
        assert_eq!(value("'{a, b}'::text[]", &known), Some(Value::List(vec!["a".into(), "b".into()])));
        let pairs = Value::Lists(vec![vec!["a".into(), "Tab".into()], vec!["b".into(), "c".into()]]);
        assert_eq!(value("array[array['a', t], array['b', 'c']]", &known), Some(pairs.clone()));
        assert_eq!(value("array[['a', t], ['b', 'c']]", &known), Some(pairs));
        assert_eq!(value("array[array['a', t], array['b']]", &known), None, "Postgres refuses it");
        let known = Known::from([("l".to_owned(), Value::List(vec!["x".into(), "y".into()]))]);
        assert_eq!(value("'a ' || l[2]", &known), Some(Value::Text("a y".into())));
        assert_eq!(value("l[3]", &known), Some(Value::Null));
        assert_eq!(value("l[n]", &known), None);
    }
}
