//! Differences in the code that clients can run with other rights, and in the code that decides about rows.

use std::collections::BTreeSet;

use super::{Difference, Direction, Pair, same};
use crate::checks::Context;
use crate::finding::ObjectRef;
use crate::model::{Function, FunctionId, Policy, Privilege, Relation, printable};

pub(super) fn compare(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let of = |cx: &Context<'_>| -> Vec<_> { ours(cx).map(|f| f.id.clone()).collect() };
    let ids: BTreeSet<FunctionId> = of(pair.before).into_iter().chain(of(pair.after)).collect();
    let mut all = Vec::new();
    for id in ids {
        let (before, after) = (pair.before.schema.function(&id), pair.after.schema.function(&id));
        all.extend(after.and_then(|after| calls(pair, before, after)));
        all.extend(before.zip(after).and_then(|(before, after)| code(pair, before, after)));
    }
    all
}

/// The functions that the application wrote.
fn ours<'m>(cx: &Context<'m>) -> impl Iterator<Item = &'m Function> {
    cx.schema
        .functions
        .iter()
        .filter(|f| f.extension.is_none() && !cx.effective.is_platform_object(&f.id.schema, &f.owner))
}

/// The roles that can call it: EXECUTE, USAGE on its schema, and a name that requests can say.
fn callers(pair: &Pair<'_, '_>, cx: &Context<'_>, function: Option<&Function>) -> Vec<String> {
    let Some(function) = function.filter(|f| f.is_callable()) else { return Vec::new() };
    let Some(namespace) = cx.schema.namespace(&function.id.schema) else { return Vec::new() };
    let may = |role: &&String| {
        let principal = cx.effective.principals().iter().find(|p| p.role == **role);
        principal.is_some_and(|p| cx.exposes(p, &function.id.schema))
            && cx.effective.holds_on_namespace(role, namespace, Privilege::Usage).is_some()
            && cx.effective.may_execute(role, function).is_some()
    };
    pair.principals.iter().filter(may).cloned().collect()
}

fn difference(direction: Direction, function: &Function, principals: Vec<String>, text: String) -> Difference {
    Difference {
        direction,
        principals,
        object: ObjectRef::function(&function.id),
        commands: vec!["EXECUTE".to_owned()],
        text,
        witness: None,
        causes: Vec::new(),
        subjects: vec![ObjectRef::function(&function.id)],
    }
}

/// Who can call it newly or no longer. A new function that runs with its caller's own rights gives nobody more.
fn calls(pair: &Pair<'_, '_>, before: Option<&Function>, after: &Function) -> Option<Difference> {
    let (were, are) = (callers(pair, pair.before, before), callers(pair, pair.after, Some(after)));
    let lent = |f: &Function| f.security_definer;
    let new: Vec<_> = are.iter().filter(|role| !were.contains(role)).cloned().collect();
    let gone: Vec<_> = were.iter().filter(|role| !are.contains(role)).cloned().collect();
    let rights = if lent(after) {
        format!("with the rights of {} (SECURITY DEFINER)", printable(&after.owner))
    } else {
        "with their own rights".to_owned()
    };
    let id = &after.id;
    let mut found = match before {
        None if !lent(after) => return None,
        Some(before) if lent(after) && !lent(before) && !are.is_empty() => {
            difference(Direction::Widened, after, are, format!("can call {id}, which runs {rights} now"))
        }
        _ if !new.is_empty() => difference(Direction::Widened, after, new, format!("can now call {id}, {rights}")),
        _ if !gone.is_empty() => difference(Direction::Narrowed, after, gone, format!("can no longer call {id}")),
        _ => return None,
    };
    let grants = after.acl.granting(Privilege::Execute).map(|g| g.origin);
    found.causes =
        grants.chain([after.origin]).filter(|o| !o.is_catalog() && found.direction != Direction::Narrowed).collect();
    found.causes.sort_by(|a, b| b.cmp(a));
    Some(found)
}

/// Code that changed and that decides about access: it runs with other rights, or policies ask it.
fn code(pair: &Pair<'_, '_>, before: &Function, after: &Function) -> Option<Difference> {
    let same = same::same_text(&before.body, &after.body)
        && (before.security_definer, &before.search_path) == (after.security_definer, &after.search_path);
    if same {
        return None;
    }
    let asking = asking(pair.after, &after.id);
    let callers = callers(pair, pair.after, Some(after));
    let lent = after.security_definer && before.security_definer;
    let id = &after.id;
    let is_told = |(relation, _): &(&Relation, &Policy)| pair.rows.is_decided(&relation.name);
    // Which rows it moved was decided of each relation whose policies ask it.
    let decided = !asking.is_empty() && asking.iter().all(is_told) && before.security_definer == after.security_definer;
    let is_lent = lent && !callers.is_empty();
    if decided && !is_lent {
        return None;
    }
    let asking: Vec<_> = asking.iter().map(|(r, p)| format!("\"{}\" on {}", printable(&p.name), r.name)).collect();
    let text = match asking.as_slice() {
        [] if lent && !callers.is_empty() => format!("the code of {id} changed, which runs with its owner's rights"),
        [] => return None,
        [one] => format!("the code of {id} changed, which the policy {one} asks"),
        [one, more @ ..] => format!("the code of {id} changed, which the policy {one} and {} others ask", more.len()),
    };
    let mut found = difference(Direction::MayWiden, after, callers, text);
    found.causes = Some(after.origin).filter(|o| !o.is_catalog()).into_iter().collect();
    Some(found)
}

/// The policies whose conditions name the function.
fn asking<'m>(cx: &Context<'m>, id: &FunctionId) -> Vec<(&'m Relation, &'m Policy)> {
    let names = |text: &Option<String>| text.as_deref().is_some_and(|t| is_called(t, &id.name));
    let policies = cx.schema.relations.iter().flat_map(|r| r.policies.iter().map(move |p| (r, p)));
    policies.filter(|(_, p)| names(&p.using) || names(&p.check)).collect()
}

/// Whether a name stands before an opening parenthesis.
fn is_called(text: &str, name: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + name.len()..).unwrap_or_default();
        !before.is_some_and(is_word) && after.trim_start_matches(['"', ' ']).starts_with('(')
    })
}
