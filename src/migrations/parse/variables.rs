//! Variables of PL/pgSQL: what declares them, and what queries put into them.

use super::cursor::{Cursor, Source};
use crate::migrations::lex;

/// A query of PL/pgSQL without `INTO [STRICT] targets`.
pub(crate) fn without_into(text: &str) -> String {
    let source = Source { text, made_at: None };
    let tokens = lex::tokens(text, 0..text.len());
    let mut c = Cursor::new(&source, &tokens);
    let start = c.position();
    while !c.at_end() {
        c.until(|c| c.is_any(&["into", "insert", "merge"]));
        if !(c.accept("insert into") || c.accept("merge into")) {
            break;
        }
    }
    let before = c.since(start).text;
    if !c.accept("into") {
        return text.to_owned();
    }
    c.accept("strict");
    let _ = c.list(|c| c.name());
    let after = if c.at_end() { String::new() } else { c.rest().text };
    format!("{before} {after}")
}

/// A variable of PL/pgSQL and its type, as written.
pub(crate) type Declared = (String, String);

/// The variables that a body of PL/pgSQL declares, in all its blocks.
pub(crate) fn declared(body: &str) -> Vec<Declared> {
    let source = Source { text: body, made_at: None };
    let tokens = lex::tokens(body, 0..body.len());
    let mut c = Cursor::new(&source, &tokens);
    let mut found = Vec::new();
    while !c.at_end() {
        if !c.accept("declare") {
            c.bump();
            continue;
        }
        while !c.is("begin") && !c.at_end() {
            found.extend(declaration(&mut c));
            c.until(|c| c.is_punct(b';'));
            c.accept_punct(b';');
        }
    }
    found
}

fn declaration(c: &mut Cursor<'_>) -> Option<Declared> {
    let name = c.ident().ok()?;
    if c.is_any(&["alias", "cursor", "scroll", "no"]) {
        return None;
    }
    c.accept("constant");
    let ends = |c: &Cursor<'_>| {
        let assigned = c.peek().is_some_and(|t| [":=", "="].contains(&c.raw(t)));
        c.is_punct(b';') || assigned || c.is_any(&["default", "not", "collate"])
    };
    Some((name, c.until(ends).text)).filter(|(_, data_type)| !data_type.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_queries_and_types_of_variables() {
        let into = without_into("select a, b into strict x, y.z from t where (a) = 1");
        assert_eq!(into, "select a, b from t where (a) = 1");
        assert_eq!(without_into("select 1"), "select 1");
        assert_eq!(without_into("insert into t select 1"), "insert into t select 1");
        assert_eq!(
            without_into("insert into t (a) values (1) returning a into strict x"),
            "insert into t (a) values (1) returning a "
        );
        let body = "<<l>> declare a int := 1; b public.t%ROWTYPE; c constant s.t.x%type = 2; d cursor for select 1; \
                    begin declare e text[] not null default '{}'; begin null; end; end";
        let types: Vec<_> = declared(body).into_iter().map(|(name, of)| format!("{name} {of}")).collect();
        assert_eq!(types, ["a int", "b public.t%ROWTYPE", "c s.t.x%type", "e text[]"]);
    }
}
