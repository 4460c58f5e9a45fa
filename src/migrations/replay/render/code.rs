//! Code as text in which every name is the one that holds now.

use crate::migrations::replay::catalog::Catalog;
use crate::migrations::replay::catalog::code::{Code, Spot, Tree};
use crate::model::{quote_ident, quote_literal};
use crate::sql::print::{self, Names};

impl Catalog {
    pub(in crate::migrations::replay) fn text(&self, code: &Code) -> String {
        self.text_with(code, self)
    }

    /// The same with the names that somebody gives.
    pub(in crate::migrations::replay) fn text_with(&self, code: &Code, names: &dyn Names) -> String {
        match code.tree.as_deref() {
            Some(Tree::Expression(tree, outside)) => print::expression(tree, outside, names),
            Some(Tree::Query(tree, outside)) => print::query(tree, outside, names),
            Some(Tree::Returned(tree, outside)) => print::returned(tree, outside, names),
            Some(Tree::Body(statements, outside)) => print::atomic_body(statements, outside, names),
            Some(Tree::Commands(statements, outside)) => print::rule_commands(statements, outside, names),
            None => self.spliced(code),
        }
    }

    /// The body of a function, which may call its parameters by the function's name.
    pub(in crate::migrations::replay) fn body(&self, code: &Code, function: &str) -> String {
        match code.tree.as_deref() {
            Some(Tree::Returned(tree, outside)) => print::returned(tree, &outside.in_function(function), self),
            Some(Tree::Body(statements, outside)) => {
                print::atomic_body(statements, &outside.in_function(function), self)
            }
            _ => self.text(code),
        }
    }

    fn spliced(&self, code: &Code) -> String {
        let mut out = String::with_capacity(code.text.len() + 32);
        let mut at = 0;
        let mut names: Vec<_> = code.names.iter().collect();
        names.sort_by_key(|(range, _)| range.start);
        for (range, spot) in names {
            let Some(before) = code.text.get(at..range.start) else { continue };
            out.push_str(before);
            match self.name_at(*spot) {
                Some(name) => out.push_str(&name),
                None => out.push_str(code.text.get(range.clone()).unwrap_or_default()),
            }
            at = range.end;
        }
        out.push_str(code.text.get(at..).unwrap_or_default());
        out
    }

    fn name_at(&self, spot: Spot) -> Option<String> {
        let address = spot.address();
        Some(match spot {
            Spot::Plain(_) => match address.column.checked_sub(1) {
                Some(place) => {
                    let column = self.relations.get(address.id)?.columns.get(place)?;
                    quote_ident(&column.name).into_owned()
                }
                None => quote_ident(&self.relations.get(address.id)?.name).into_owned(),
            },
            Spot::Function(_) => {
                self.functions.get(address.id)?;
                self.function_id(address.id).qualified().to_string()
            }
            Spot::Qualified(_) => self.qualified(address.id).to_string(),
            Spot::Quoted(_) => quote_literal(&self.qualified(address.id).to_string()),
        })
    }
}
