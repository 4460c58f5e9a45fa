//! Statements on rows. Which rows is not of interest here, but which relations, and which functions they call.

use super::cursor::{Cursor, Fragment};
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;

/// A statement that reads or writes rows, or calls functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// Its first word in lower case; `with` for a statement that starts so.
    pub command: String,
    /// Relations that it writes, sub-statements included, and the word that says how.
    pub writes: Vec<(&'static str, Name)>,
    /// The table that `SELECT ... INTO` makes.
    pub creates: Option<Name>,
    /// Functions that it calls, in order: `select set_config(...)`, `select cron.schedule(...)`.
    pub calls: Vec<Call>,
    /// All of it, when the rows matter or a table is made of them.
    pub text: Option<Fragment>,
}

/// A call of a function, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub name: Name,
    /// Its arguments; none if it stands in more than 64 parentheses.
    pub arguments: Vec<Fragment>,
}

/// Arguments hold each other, so each depth costs a pass.
const DEEPEST: usize = 64;

/// Words before a parenthesis that is no call's.
const NO_CALLS: [&str; 42] = [
    "values",
    "in",
    "and",
    "or",
    "not",
    "exists",
    "any",
    "some",
    "all",
    "as",
    "over",
    "from",
    "join",
    "on",
    "using",
    "where",
    "by",
    "select",
    "when",
    "then",
    "else",
    "case",
    "lateral",
    "array",
    "row",
    "filter",
    "with",
    "conflict",
    "into",
    "set",
    "limit",
    "union",
    "except",
    "intersect",
    "returning",
    "varchar",
    "numeric",
    "char",
    "decimal",
    "materialized",
    "distinct",
    "timestamp",
];

/// Any statement on rows; the cursor is at its first word.
pub(crate) fn data(c: &mut Cursor<'_>) -> Data {
    let command =
        c.peek_ident().unwrap_or_else(|| c.peek().map_or_else(String::new, |t| c.raw(t).to_ascii_lowercase()));
    let mut data = Data { command, writes: Vec::new(), creates: None, calls: Vec::new(), text: None };
    let start = c.position();
    if data.command == "select" {
        data.creates = select_into(c.clone());
    }
    match data.command.as_str() {
        "truncate" => truncate(c, &mut data),
        "copy" => copy(c, &mut data),
        _ => scan(c, &mut data),
    }
    c.skip_rest();
    if data.creates.is_some() || data.writes.iter().any(|(_, name)| name.name == "buckets") {
        data.text = Some(c.since(start));
    }
    data
}

fn select_into(mut c: Cursor<'_>) -> Option<Name> {
    c.until(|c| c.is("into"));
    if !c.accept("into") {
        return None;
    }
    let _ = c.accept("temporary") || c.accept("temp") || c.accept("unlogged");
    c.accept("table");
    c.name().ok()
}

fn truncate(c: &mut Cursor<'_>, data: &mut Data) {
    c.bump();
    c.accept("table");
    let list = c.list(|c| {
        c.accept("only");
        let name = c.name();
        c.accept_operator("*");
        name
    });
    data.writes.extend(list.unwrap_or_default().into_iter().map(|name| ("truncate", name)));
}

fn copy(c: &mut Cursor<'_>, data: &mut Data) {
    c.bump();
    if c.is_punct(b'(') {
        return scan(c, data);
    }
    let Ok(name) = c.name() else { return };
    if c.is_punct(b'(') {
        c.skip_one();
    }
    if c.accept("from") {
        data.writes.push(("copy", name));
    }
}

fn scan(c: &mut Cursor<'_>, data: &mut Data) {
    let (mut before_update, mut depth) = (false, 0_usize);
    while let Some(token) = c.peek() {
        match token.kind {
            Kind::Punct(b'(') => depth += 1,
            Kind::Punct(b')') => depth = depth.saturating_sub(1),
            _ => (),
        }
        if token.kind != Kind::Word && token.kind != Kind::Quoted {
            c.bump();
            before_update = false;
            continue;
        }
        let at = c.position();
        let write = match () {
            () if c.accept("insert into") => Some("insert"),
            () if c.accept("delete from") => Some("delete"),
            () if c.accept("merge into") => Some("merge"),
            () if !before_update && c.accept("update") => Some("update"),
            () => None,
        };
        if let Some(word) = write {
            c.accept("only");
            if let Ok(name) = c.name() {
                data.writes.push((word, name));
            }
            continue;
        }
        before_update = c.is_any(&["for", "do", "key", "on", "then"]);
        call(c, data, depth);
        if c.position() == at {
            c.bump();
        }
    }
}

/// Takes a name; if a parenthesis follows it is a call, whose arguments are then read in turn.
fn call(c: &mut Cursor<'_>, data: &mut Data, depth: usize) {
    if c.is_any(&NO_CALLS) {
        return;
    }
    let Ok(name) = c.name() else { return };
    if !c.is_punct(b'(') {
        return;
    }
    let mut probe = c.clone();
    probe.bump();
    let arguments = if probe.is_punct(b')') || depth > DEEPEST {
        Vec::new()
    } else {
        probe.list(|c| Ok(c.until(|c| c.is_punct(b',')))).unwrap_or_default()
    };
    data.calls.push(Call { name, arguments });
}
