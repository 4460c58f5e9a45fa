//! What the names in an author's text are bound to, when a statement makes something of it.

use super::catalog::code::{Code, Spot};
use super::catalog::names::Space;
use super::catalog::object::{Column, Parameter};
use super::catalog::types::TypeRef;
use super::catalog::{Address, Id};
use super::run::{Result, Run};
use crate::migrations::Name;
use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;

impl Run {
    /// An expression over the columns of a relation.
    pub(super) fn code(&mut self, relation: Id, text: &str) -> Result<Code> {
        Ok(self.scan(Some(relation), text))
    }

    /// A condition of a policy.
    pub(super) fn condition(&mut self, relation: Id, text: &str) -> Result<Code> {
        self.code(relation, text)
    }

    /// The condition of a trigger, whose rows are called OLD and NEW.
    pub(super) fn code_of_trigger(&mut self, relation: Id, text: &str) -> Result<Code> {
        Ok(self.scan(Some(relation), text))
    }

    /// The condition or the commands of a rule.
    pub(super) fn code_of_rule(&mut self, relation: Id, text: &str) -> Result<Code> {
        Ok(self.scan(Some(relation), text))
    }

    /// An expression without columns: the default of a parameter or domain.
    pub(super) fn code_without_row(&mut self, text: &str, _wanted: Option<&TypeRef>) -> Result<Code> {
        Ok(self.scan(None, text))
    }

    /// A domain's CHECK, in which VALUE stands for the value.
    pub(super) fn code_of_domain(&mut self, text: &str, _base: &TypeRef) -> Result<Code> {
        Ok(self.scan(None, text))
    }

    pub(super) fn code_of_default(&mut self, relation: Id, _place: usize, text: &str) -> Result<Code> {
        Ok(self.scan(Some(relation), text))
    }

    /// The default of a serial.
    pub(super) fn code_of_sequence(&mut self, text: String, sequence: Id) -> Code {
        let mut code = Code::plain(text);
        code.uses(sequence.into());
        let quoted = code.text.find('(').map(|at| at + 1).zip(code.text.find("::"));
        if let Some((start, end)) = quoted {
            code.names.push((start..end, Spot::Quoted(sequence.into())));
        }
        code
    }

    pub(super) fn code_of_exclusion(&mut self, relation: Id, text: &str) -> Code {
        self.scan(Some(relation), text)
    }

    /// The body of a function; one in a string is only text to Postgres.
    pub(super) fn code_of_body(
        &mut self,
        text: &str,
        bound: bool,
        _parameters: &[Parameter],
        _language: &str,
    ) -> Result<Code> {
        Ok(if bound { self.scan(None, text) } else { Code::plain(text) })
    }

    /// A query with the columns that it gives, under the names that are written before it.
    pub(super) fn columns_of_query(&mut self, text: &str, names: &[String]) -> Result<(Code, Vec<Column>)> {
        let columns = names.iter().map(|name| Column::new(name, TypeRef::built_in("unknown"), self.origin));
        Ok((self.scan(None, text), columns.collect()))
    }

    /// What can be told by looking at the words alone: calls, relations behind FROM and JOIN, and columns of the row.
    fn scan(&self, relation: Option<Id>, text: &str) -> Code {
        let tokens = lex::tokens(text, 0..text.len());
        let mut code = Code::plain(text);
        let mut at = 0;
        let mut in_from = false;
        while let Some(token) = tokens.get(at).copied() {
            let word = text.get(token.range()).unwrap_or_default();
            let is = |words: &[&str]| token.kind == Kind::Word && words.iter().any(|w| word.eq_ignore_ascii_case(w));
            if is(&["from", "join", "using"]) {
                in_from = true;
                at += 1;
                continue;
            }
            let Some((name, end)) = chain(text, &tokens, at) else {
                in_from &= token.kind == Kind::Punct(b',');
                at += 1;
                continue;
            };
            let open = tokens.get(end).is_some_and(|t| t.kind == Kind::Punct(b'('));
            let range = token.start..tokens.get(end - 1).map_or(token.end, |t| t.end);
            let after_dot = at > 0 && tokens.get(at - 1).is_some_and(|t| t.kind == Kind::Punct(b'.'));
            if open {
                if let Some(id) = self.functions_named(&name).first().filter(|_| !after_dot) {
                    code.uses((*id).into());
                    code.names.push((range, Spot::Function((*id).into())));
                }
            } else if in_from && let Some(id) = self.find_relation(&name) {
                code.uses(id.into());
                code.names.push((range, Spot::Qualified(id.into())));
            } else if let Some(relation) = relation
                && let Some(place) = self.column_of(relation, &name)
                && !after_dot
            {
                code.uses(Address::column(relation, place));
                let column = tokens.get(end - 1).map_or(range, |t| t.range());
                code.names.push((column, Spot::Plain(Address::column(relation, place))));
            } else if let Some(id) = self.find(Space::Type, &name).filter(|_| follows_cast(&tokens, text, at)) {
                code.uses(id.into());
                code.names.push((range, Spot::Qualified(id.into())));
            }
            in_from = false;
            at = end;
        }
        code
    }

    /// A column of the row, alone or behind its relation's name.
    fn column_of(&self, relation: Id, name: &Name) -> Option<usize> {
        let own = self.catalog.relations.get(relation)?;
        name.schema.as_ref().is_none_or(|s| *s == own.name || s == "new" || s == "old").then_some(())?;
        self.find_place(relation, &name.name)
    }
}

fn follows_cast(tokens: &[Token], text: &str, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    before.and_then(|t| text.get(t.range())).is_some_and(|t| t == "::" || t.eq_ignore_ascii_case("as"))
}

/// A name of one or two parts, and the token behind it.
fn chain(text: &str, tokens: &[Token], at: usize) -> Option<(Name, usize)> {
    let ident = |at: usize| {
        let token = tokens.get(at)?;
        names::identifier(token.kind, text.get(token.range())?)
    };
    let first = ident(at)?;
    let dot = tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Punct(b'.'));
    match ident(at + 2).filter(|_| dot) {
        Some(second) => Some((Name { schema: Some(first), name: second }, at + 3)),
        None => Some((Name::plain(first), at + 1)),
    }
}
