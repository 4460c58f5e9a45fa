//! Other ways for a role to the rows of a relation: views, children and parents, functions, other roles.

use super::Step;
use crate::checks::Context;
use crate::model::{Command, Function, Privilege, Relation, printable};

/// The doors that stand open; `None` when there is none.
pub(super) fn step(cx: &Context<'_>, role: &str, relation: &Relation) -> Option<Step> {
    let mut facts = views(cx, role, relation);
    facts.extend(family(cx, role, relation));
    facts.extend(functions(cx, role, relation));
    facts.extend(roles(cx, role));
    let question = "Which other doors lead to the same rows?";
    (!facts.is_empty()).then(|| Step::new(question, facts))
}

fn views(cx: &Context<'_>, role: &str, relation: &Relation) -> Vec<String> {
    let Some(role) = cx.schema.role(role).map(|r| r.name.as_str()) else { return Vec::new() };
    let open = cx.schema.relations.iter().filter(|r| r.view.is_some());
    open.filter(|view| cx.effective.access(role, view, Command::Select).is_some())
        .flat_map(|view| {
            let reads = cx.effective.reads_through(role, view).into_iter();
            reads.filter(|read| read.relation.name == relation.name).map(move |read| (view, read))
        })
        .map(|(view, read)| {
            let eyes = if read.reader == role { "itself".to_owned() } else { printable(read.reader).into_owned() };
            let filter =
                if read.row_security.applies() { "policies filter it there" } else { "no policy filters it there" };
            let path: Vec<_> = read.path.iter().skip(1).map(ToString::to_string).collect();
            let by = if path.is_empty() { String::new() } else { format!(" by way of {}", path.join(" -> ")) };
            format!("{} {}{by} reads it as {eyes}: {filter}", view.kind, view.name)
        })
        .collect()
}

/// Partitions and inheritance: a query on the parent is checked by the parent's policies, on the child by the child's.
fn family(cx: &Context<'_>, role: &str, relation: &Relation) -> Vec<String> {
    let readable = |r: &&Relation| cx.effective.access(role, r, Command::Select).is_some();
    let children = cx.schema.relations.iter().filter(|r| r.parents.contains(&relation.name)).filter(readable);
    let parents = relation.parents.iter().filter_map(|p| cx.schema.relation(p)).filter(readable);
    let protected = |r: &Relation| {
        if cx.effective.row_security(role, r).applies() {
            "with row-level security of its own"
        } else {
            "with no row-level security"
        }
    };
    let children = children.map(|c| format!("child {} holds part of its rows, {}", c.name, protected(c)));
    let parents = parents.map(|p| format!("parent {} shows its rows, {}", p.name, protected(p)));
    children.chain(parents).collect()
}

fn functions(cx: &Context<'_>, role: &str, relation: &Relation) -> Vec<String> {
    let names = |f: &&Function| mentions(&f.body, &relation.name.name);
    let callable = |f: &&Function| {
        let namespace = cx.schema.namespace(&f.id.schema);
        f.is_callable()
            && cx.effective.may_execute(role, f).is_some()
            && namespace.is_some_and(|n| cx.effective.holds_on_namespace(role, n, Privilege::Usage).is_some())
    };
    let definers = cx.schema.functions.iter().filter(|f| f.security_definer).filter(names).filter(callable);
    definers.map(|f| format!("function {} names it and runs as {}", f.id, printable(&f.owner))).collect()
}

/// Whether `name` stands in `text` as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}

fn roles(cx: &Context<'_>, role: &str) -> Vec<String> {
    let exempt = cx.effective.can_become(role).filter(|(r, _)| r.superuser || r.bypass_rls);
    exempt
        .map(|(r, path)| {
            let path: Vec<_> = path.iter().map(|r| printable(r)).collect();
            format!(
                "SET ROLE {} (by membership {}) is exempt from row-level security",
                printable(&r.name),
                path.join(" -> ")
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn words_not_parts_of_words() {
        assert!(mentions("select * from public.notes;", "notes"));
        assert!(!mentions("select * from footnotes", "notes") && !mentions("select notes_id", "notes"));
        assert!(!mentions("x", ""));
    }
}
