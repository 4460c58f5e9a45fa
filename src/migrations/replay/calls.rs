//! Calls of functions, followed where the text decides what they do, else named.

use super::catalog::Id;
use super::catalog::object::Function;
use super::run::{Result, Run, gap};
use super::session;
use crate::migrations::lex::{self, Kind};
use crate::migrations::names;
use crate::migrations::parse;
use crate::migrations::parse::data::{Call, Data};
use crate::model::{FiresWhen, Origin, quote_ident};
use std::collections::BTreeSet;

/// Words in a body that say that it may change the catalog.
const CHANGES: [&str; 6] = ["create", "alter", "drop", "grant", "revoke", "execute"];

/// Calls within calls deeper than this are not followed.
const DEEPEST: usize = 8;

impl Run {
    /// A function that is called may do anything; one whose body has no words for it changes nothing here.
    pub(super) fn called(&mut self, data: &Data) -> Result {
        for call in &data.calls {
            let named = self.functions_named(&call.name);
            let Some(id) = named.iter().copied().find(|id| self.may_change(*id)) else { continue };
            if self.is_whole(call)
                && let Some(one) = self.meant(&named, call)
                && self.follow(one, call)?
            {
                continue;
            }
            let name = self.catalog.function_id(id);
            return gap(format!("what the call of `{name}` changes is not followed"), true);
        }
        Ok(())
    }

    /// Triggers on what a statement writes run when there are rows, which only the server knows.
    pub(super) fn fired(&mut self, data: &Data) -> Result {
        for (_, name) in &data.writes {
            let Some(relation) = self.find_relation(name) else { continue };
            let mut triggers = self.catalog.triggers.parts(relation).map(|(_, t)| t);
            let found = triggers.find(|t| t.fires != FiresWhen::Disabled && self.may_change(t.function));
            if let Some(trigger) = found {
                return gap(format!("what the trigger `{}` on `{name}` changes is not followed", trigger.name), true);
            }
        }
        Ok(())
    }

    /// Notes that an event trigger of the project may have changed something behind a statement's back.
    pub(super) fn note_event_triggers(&mut self) {
        let triggers = self.catalog.event_triggers.iter().map(|(_, t)| t);
        let own = triggers.filter(|t| matches!(t.origin, Origin::Statement(_)) && t.fires != FiresWhen::Disabled);
        let found = own.filter(|t| t.event != "sql_drop").find(|t| self.may_change(t.function));
        if let Some(name) = found.map(|t| t.name.clone()) {
            self.gap(format!("what the event trigger `{name}` changes when it fires is not followed"), true);
        }
    }

    /// Whether a function's text may change the catalog, itself or through others that it calls.
    fn may_change(&self, id: Id) -> bool {
        let (mut seen, mut open) = (BTreeSet::from([id]), vec![id]);
        while let Some(function) = open.pop().and_then(|id| self.catalog.functions.get(id)) {
            let body = &function.body.text;
            let tokens = lex::tokens(body, 0..body.len());
            for (at, token) in tokens.iter().enumerate().filter(|(_, t)| matches!(t.kind, Kind::Word | Kind::Quoted)) {
                let raw = body.get(token.range()).unwrap_or_default();
                let called = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Punct(b'('));
                // `execute ('grant ...')` is no call either.
                let changes = CHANGES.iter().any(|word| raw.eq_ignore_ascii_case(word));
                if function.language != "c" && changes {
                    return true;
                }
                if called {
                    let name = names::identifier(token.kind, raw).unwrap_or_default();
                    let functions = self.catalog.functions.named(&name).filter(|(_, f)| f.language != "c");
                    open.extend(functions.map(|(id, _)| id).filter(|id| seen.insert(*id)));
                }
            }
        }
        false
    }

    /// Whether a call is all that the statement does: `select f(...)`, `perform f(...)` or `call f(...)`.
    pub(super) fn is_whole(&self, call: &Call) -> bool {
        let text = self.text_here();
        let tokens = lex::tokens(&text, 0..text.len());
        let raw = |at: usize| tokens.get(at).and_then(|t| text.get(t.range())).unwrap_or_default();
        let starts = ["select", "perform", "call"].iter().any(|word| raw(0).eq_ignore_ascii_case(word));
        let open = 1 + if call.name.schema.is_some() { 3 } else { 1 };
        if !starts || raw(open) != "(" {
            return false;
        }
        let mut depth = 0_usize;
        let close = tokens.iter().enumerate().skip(open).find_map(|(at, token)| {
            match token.kind {
                Kind::Punct(b'(') => depth += 1,
                Kind::Punct(b')') => depth -= 1,
                _ => (),
            }
            (depth == 0).then_some(at)
        });
        close.is_some_and(|close| matches!(raw(close + 1), "" | ";"))
    }

    /// The only function of the name that takes as many arguments.
    fn meant(&self, named: &[Id], call: &Call) -> Option<Id> {
        let takes = |f: &Function| {
            let inputs = f.parameters.iter().filter(|p| p.is_input());
            let needed = inputs.clone().filter(|p| p.default.is_none()).count();
            (needed..=inputs.count()).contains(&call.arguments.len())
        };
        let mut fitting = named.iter().copied().filter(|id| self.catalog.functions.get(*id).is_some_and(takes));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// Runs the body of a PL/pgSQL function as a block in which the parameters are variables; false if it is none.
    fn follow(&mut self, id: Id, call: &Call) -> Result<bool> {
        let Some(function) = self.catalog.functions.get(id).cloned() else { return Ok(false) };
        if function.language != "plpgsql" || function.body_is_bound || self.calls >= DEEPEST {
            return Ok(false);
        }
        let Some(text) = self.block_of(&function, call) else { return Ok(false) };
        let Origin::Statement(place) = self.origin else { return Ok(false) };
        let Ok(block) = parse::called_block(&text, place.start as usize..place.end as usize) else { return Ok(false) };
        let before = self.session.now.clone();
        if function.security_definer {
            self.session.now.role = Some(function.owner);
        }
        if let Some(path) = &function.search_path {
            self.session.now.search_path = session::path(path);
        }
        self.calls += 1;
        let done = self.run_block(&block);
        self.calls -= 1;
        if function.security_definer {
            self.session.now.role = before.role;
        }
        if function.search_path.is_some() {
            self.session.now.search_path.clone_from(&before.search_path);
        }
        done.map(|()| true)
    }

    fn block_of(&self, function: &Function, call: &Call) -> Option<String> {
        let mut declared = String::new();
        for (at, parameter) in function.parameters.iter().filter(|p| p.is_input()).enumerate() {
            let given = call.arguments.get(at).map(|a| a.text.clone());
            let value = given.or_else(|| parameter.default.as_ref().map(|code| self.catalog.text(code)))?;
            if value.contains("=>") || value.contains(":=") {
                return None;
            }
            let Some(name) = &parameter.name else { continue };
            let data_type = self.catalog.type_name(&parameter.data_type);
            declared.push_str(&format!("{} {data_type} := {value}; ", quote_ident(name)));
        }
        let body = function.body.text.trim().trim_end_matches(';');
        Some(format!("declare {declared} begin {body}; end"))
    }
}
