//! Which roles and relations a question is about, by the names that a user typed.

use crate::Error;
use crate::checks::Context;
use crate::commands::similar;
use crate::model::glob::matches;
use crate::model::{QualifiedName, Relation, quote_ident};

/// The named roles, or the untrusted principals.
pub(super) fn roles<'a>(cx: &'a Context<'_>, named: &[String]) -> Result<Vec<&'a str>, Error> {
    if named.is_empty() {
        return Ok(cx.effective.principals().iter().filter(|p| p.is_untrusted()).map(|p| p.role.as_str()).collect());
    }
    named.iter().map(|name| role(cx, name)).collect()
}

/// The role of that name.
pub(super) fn role<'a>(cx: &'a Context<'_>, name: &str) -> Result<&'a str, Error> {
    cx.schema.role(name).map(|r| r.name.as_str()).ok_or_else(|| {
        let known = || cx.effective.principals().iter().map(|p| p.role.as_str());
        let listed = || format!("clients act as {}", known().collect::<Vec<_>>().join(", "));
        let help = similar::to(name, cx.schema.roles.iter().map(|r| r.name.as_str())).unwrap_or_else(listed);
        Error::usage(format!("there is no role `{name}`"), help)
    })
}

/// The relations that match any of `globs`; without globs the application's, with `all` the platform's too.
pub(super) fn relations<'a>(cx: &Context<'a>, globs: &[String], all: bool) -> Result<Vec<&'a Relation>, Error> {
    let every = cx.schema.relations.iter().filter(|r| r.kind.holds_rows());
    if globs.is_empty() {
        return Ok(every.filter(|r| all || (r.extension.is_none() && !cx.is_platform(r))).collect());
    }
    let found: Vec<_> = every.filter(|r| globs.iter().any(|g| covers(g, &r.name))).collect();
    match globs.iter().find(|g| !found.iter().any(|r| covers(g, &r.name))) {
        Some(none) => Err(no_relation(cx, none)),
        None => Ok(found),
    }
}

/// The one relation of that name; a name without a schema is looked up in `public` first, then everywhere.
pub(super) fn relation<'a>(cx: &Context<'a>, name: &str) -> Result<&'a Relation, Error> {
    let named = |r: &&Relation| r.name.to_string() == name || plain(&r.name) == name;
    let unqualified = |r: &&Relation| r.name.name == name || quote_ident(&r.name.name) == name;
    let all = || cx.schema.relations.iter();
    if let Some(found) = all().find(named).or_else(|| all().filter(unqualified).find(|r| r.name.schema == "public")) {
        return Ok(found);
    }
    match all().filter(unqualified).collect::<Vec<_>>().as_slice() {
        [] => Err(no_relation(cx, name)),
        [one] => Ok(one),
        many => {
            let names: Vec<_> = many.iter().map(|r| r.name.to_string()).collect();
            Err(Error::usage(format!("`{name}` may be any of {}", names.join(", ")), "say which, with its schema"))
        }
    }
}

fn covers(glob: &str, name: &QualifiedName) -> bool {
    let qualified = glob.contains('.');
    matches(glob, &plain(name)) || matches(glob, &name.to_string()) || (!qualified && matches(glob, &name.name))
}

fn plain(name: &QualifiedName) -> String {
    format!("{}.{}", name.schema, name.name)
}

fn no_relation(cx: &Context<'_>, name: &str) -> Error {
    let relations = || cx.schema.relations.iter().filter(|r| r.kind.holds_rows());
    let known: Vec<_> = match name.split_once('.') {
        // A pattern is like no relation, but its schema may be like another.
        Some((_, rest)) if name.contains(['*', '?']) => {
            cx.schema.namespaces.iter().map(|n| format!("{}.{rest}", n.name)).collect()
        }
        Some(_) => relations().map(|r| plain(&r.name)).collect(),
        None => relations().map(|r| r.name.name.clone()).collect(),
    };
    let near = known.iter().map(String::as_str).filter(|k| *k != name);
    let help = similar::to(name, near);
    let help = help.unwrap_or_else(|| "`pgwitness matrix --all-schemas` lists them".to_owned());
    Error::usage(format!("there is no relation `{name}`"), help)
}
