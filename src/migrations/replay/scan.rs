//! What can be told of a text by looking at its words alone: calls, relations behind FROM and JOIN, columns of the row.

use super::catalog::code::{Code, Spot};
use super::catalog::names::Space;
use super::catalog::{Address, Id};
use super::run::Run;
use crate::migrations::Name;
use crate::migrations::lex::{self, Kind, Token};
use crate::migrations::names;

impl Run {
    pub(super) fn scan(&self, relation: Option<Id>, text: &str) -> Code {
        let tokens = lex::tokens(text, 0..text.len());
        let mut code = Code::plain(text);
        let mut at = 0;
        let mut in_from = false;
        while let Some(token) = tokens.get(at).copied() {
            let word = text.get(token.range()).unwrap_or_default();
            let is = |words: &[&str]| token.kind == Kind::Word && words.iter().any(|w| word.eq_ignore_ascii_case(w));
            if is(&["from", "join", "using", "into", "update"]) {
                in_from = true;
                at += 1;
                continue;
            }
            let Some((name, end)) = chain(text, &tokens, at) else {
                in_from &= token.kind == Kind::Punct(b',');
                at += 1;
                continue;
            };
            let range = token.start..tokens.get(end - 1).map_or(token.end, |t| t.end);
            let after_dot = at > 0 && tokens.get(at - 1).is_some_and(|t| t.kind == Kind::Punct(b'.'));
            if let Some((address, spot)) = self.named(relation, text, &tokens, at, end, &name, in_from, after_dot) {
                code.uses(address);
                let range = match spot {
                    Spot::Plain(_) => tokens.get(end - 1).map_or(range, |t| t.range()),
                    _ => range,
                };
                code.names.push((range, spot));
            }
            in_from = false;
            at = end;
        }
        code
    }

    #[expect(clippy::too_many_arguments, reason = "what stands around a name")]
    fn named(
        &self,
        relation: Option<Id>,
        text: &str,
        tokens: &[Token],
        at: usize,
        end: usize,
        name: &Name,
        in_from: bool,
        after_dot: bool,
    ) -> Option<(Address, Spot)> {
        let table = || self.find_relation(name).map(|id| (id.into(), Spot::Qualified(id.into())));
        if tokens.get(end).is_some_and(|t| t.kind == Kind::Punct(b'(')) {
            if let (true, Some(found)) = (in_from, table()) {
                return Some(found);
            }
            let id = self.functions_named(name).first().copied().filter(|_| !after_dot)?;
            return Some((id.into(), Spot::Function(id.into())));
        }
        if let (true, Some(found)) = (in_from, table()) {
            return Some(found);
        }
        if let (Some(relation), false) = (relation, after_dot)
            && let Some(place) = self.column_of(relation, name)
        {
            let address = Address::column(relation, place);
            return Some((address, Spot::Plain(address)));
        }
        let id = self.find(Space::Type, name).filter(|_| follows_cast(tokens, text, at))?;
        Some((id.into(), Spot::Qualified(id.into())))
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
