//! Named expressions as they stand in files: how many arguments they take, which others they call, what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::RuleError;
use super::text::{At, Sql, Texts};
use crate::model::printable;
use crate::sql::ast::ExprKind;
use crate::sql::lex::Kind;
use crate::sql::{self, SqlError, names, parse};

/// A named expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Define {
    /// What it stands for.
    pub(super) sql: Sql,
    /// Where its name is.
    pub(super) name: At,
    /// How many arguments it takes.
    pub(super) arity: usize,
    /// Every function that it calls by an unqualified name, or as one of the session's expressions.
    pub(super) calls: BTreeSet<String>,
}

/// All of them by name; those of [session] are called `session.user` and `session.tenant`.
pub(super) type Defines = BTreeMap<String, Define>;

impl Define {
    /// Reads one.
    pub(super) fn new(sql: Sql, name: At) -> Self {
        let arity = parameters(&sql.text).into_iter().map(|(number, _)| number).max().unwrap_or(0);
        Self { arity, calls: calls(&sql.text), sql, name }
    }

    /// What is wrong with it, whoever calls it.
    pub(super) fn check(&self, name: &str, texts: Texts<'_>, errors: &mut Vec<RuleError>) {
        let session = name.contains('.');
        if !session && let Some((message, help)) = unusable(name) {
            errors.push(texts.error(&self.name, message, Some(help.to_owned())));
        }
        syntax(&self.sql, texts, errors);
        let used: BTreeSet<_> = parameters(&self.sql.text).into_iter().collect();
        if session && let Some((_, at)) = used.first() {
            errors.push(texts.error_in(&self.sql, *at, "an expression of [session] takes no arguments", None));
        }
        for (number, at) in &used {
            if *number == 0 || *number > MOST_ARGUMENTS {
                let help = format!("arguments are called `$1` to `${MOST_ARGUMENTS}`");
                errors.push(texts.error_in(&self.sql, *at, "there is no such argument", Some(help)));
            }
        }
        let numbers: BTreeSet<_> = used.iter().map(|(number, _)| *number).collect();
        if let Some(gap) = (1..=self.arity).find(|n| !numbers.contains(n)).filter(|_| self.arity <= MOST_ARGUMENTS) {
            let message = format!("`{name}` uses `${}` but not `${gap}`", self.arity);
            errors.push(texts.error(&self.sql.at, message, Some("number the arguments from `$1` on".to_owned())));
        }
    }
}

/// How many arguments a define may take.
const MOST_ARGUMENTS: usize = 16;

/// Why a name can't be called in SQL, or would be taken for something else.
fn unusable(name: &str) -> Option<(String, &'static str)> {
    let shown = printable(name);
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || name.len() > 63 {
        let help = "up to 63 small letters, digits and `_`, so that SQL reads it as it is written";
        return Some((format!("`{shown}` is no name for a define"), help));
    }
    let is_call = |e: &sql::ast::Expr| matches!(&e.kind, ExprKind::Call(call) if call.name.last() == name);
    if sql::is_builtin_function(name) || !parse::expression(&format!("{name}()")).is_ok_and(|e| is_call(&e)) {
        return Some((format!("`{shown}` means something else in SQL"), "choose another name"));
    }
    None
}

/// Says where SQL can't be read.
pub(super) fn syntax(sql: &Sql, texts: Texts<'_>, errors: &mut Vec<RuleError>) {
    if let Err(SqlError { what, range, .. }) = parse::expression(&sql.text) {
        let byte = range.map_or(0, |r| r.start);
        let help = sql.text.trim().is_empty().then(|| "say `false` for no row, `true` for every row".to_owned());
        errors.push(texts.error_in(sql, byte, format!("this is no SQL expression: {what}"), help));
    }
}

/// The parameters in a text and their places.
pub(super) fn parameters(text: &str) -> Vec<(usize, usize)> {
    let tokens = parse::tokens(text).unwrap_or_default();
    let number = |range: std::ops::Range<usize>| text.get(range.start + 1..range.end)?.parse().ok();
    let parameters = tokens.iter().filter(|t| t.kind == Kind::Parameter);
    parameters.map(|t| (number(t.range()).unwrap_or(usize::MAX), t.start)).collect()
}

/// The functions that a text calls by an unqualified name, and the expressions of the session.
pub(super) fn calls(text: &str) -> BTreeSet<String> {
    let tokens = parse::tokens(text).unwrap_or_default();
    let word = |at: usize| {
        let token = tokens.get(at)?;
        names::identifier(token.kind, text.get(token.range())?)
    };
    let is = |at: usize, punct: u8| tokens.get(at).is_some_and(|t| t.kind == Kind::Punct(punct));
    let name = |at: usize| match at.checked_sub(1).filter(|dot| is(*dot, b'.')) {
        None => word(at),
        Some(dot) => dot.checked_sub(1).and_then(word).filter(|w| w == "session").and_then(|_| word(at)).map(session),
    };
    (0..tokens.len()).filter(|at| is(at + 1, b'(')).filter_map(name).collect()
}

/// What an expression of [session] is called among defines.
pub(super) fn session(name: impl AsRef<str>) -> String {
    format!("session.{}", name.as_ref())
}

/// Says which defines call themselves, by whatever way.
pub(super) fn recursion(defines: &Defines, texts: Texts<'_>, errors: &mut Vec<RuleError>) {
    for (name, define) in defines {
        let mut way = vec![name.as_str()];
        if reaches(defines, name, name, &mut way, &mut BTreeSet::new()) {
            let message = match way.as_slice() {
                [only] => format!("`{only}` calls itself"),
                _ => format!("`{name}` calls itself through {}", way.get(1..).unwrap_or_default().join(", ")),
            };
            errors.push(texts.error(
                &define.name,
                message,
                Some("a define is replaced by what it stands for".to_owned()),
            ));
        }
    }
}

fn reaches<'a>(
    defines: &'a Defines,
    from: &str,
    to: &str,
    way: &mut Vec<&'a str>,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    let Some(define) = defines.get(from) else { return false };
    if define.calls.contains(to) {
        return true;
    }
    for next in &define.calls {
        if defines.contains_key(next) && seen.insert(next) {
            way.push(next);
            if reaches(defines, next, to, way, seen) {
                return true;
            }
            way.pop();
        }
    }
    false
}
