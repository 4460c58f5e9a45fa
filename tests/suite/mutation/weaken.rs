//! Every single weakening of a model that could let somebody reach more, as SQL.

use pgwitness::analyzer::effective::{Columns, Effective};
use pgwitness::checks::Context;
use pgwitness::model::{Command, Grantee, Policy, PolicyCommand, QualifiedName, Relation, RelationKind, quote_ident};

/// A weakening.
#[derive(Debug, Clone)]
pub(super) struct Mutant {
    /// The statements that bring it about.
    pub(super) sql: String,
    /// The relation that it is about.
    pub(super) relation: Option<QualifiedName>,
}

/// All of them, in a stable order.
pub(super) fn mutants(cx: &Context<'_>) -> Vec<Mutant> {
    let mut all = Vec::new();
    for relation in subjects(cx) {
        let mut add = |sql: String| all.push(Mutant { sql, relation: Some(relation.name.clone()) });
        if relation.row_security {
            add(format!("alter table {} disable row level security;", relation.name));
        }
        relation.policies.iter().flat_map(|p| of_policy(relation, p)).for_each(&mut add);
        grants(&cx.effective, relation).into_iter().for_each(&mut add);
        if relation.kind == RelationKind::View && relation.view.as_ref().is_some_and(|v| v.security_invoker) {
            add(format!("alter view {} set (security_invoker = false);", relation.name));
        }
    }
    for function in &cx.schema.functions {
        let ours = function.extension.is_none() && !cx.effective.is_platform_namespace(&function.id.schema);
        if ours && function.is_callable() {
            let add = |sql: String| Mutant { sql, relation: None };
            all.push(add(format!("grant execute on function {} to anon;", function.id)));
            if !function.security_definer {
                all.push(add(format!("alter function {} security definer;", function.id)));
            }
        }
    }
    all
}

/// The relations whose access the fixture decides: its own, and the platform's that it gave policies.
pub(super) fn subjects<'a>(cx: &'a Context<'_>) -> Vec<&'a Relation> {
    let is_subject = |r: &&Relation| {
        let own = r.extension.is_none() && r.kind.holds_rows() && !cx.is_platform(r);
        own || (r.name.schema == "storage" && !r.policies.is_empty())
    };
    cx.schema.relations.iter().filter(is_subject).collect()
}

fn of_policy(relation: &Relation, policy: &Policy) -> Vec<String> {
    let on = format!("{} on {}", quote_ident(&policy.name), relation.name);
    let mut all = Vec::new();
    if !policy.permissive {
        all.push(format!("drop policy {on};"));
    }
    if !policy.roles.contains(&Grantee::Public) {
        all.push(format!("alter policy {on} to public;"));
    }
    for (word, text) in [("using", &policy.using), ("with check", &policy.check)] {
        let Some(text) = text else { continue };
        for weaker in weaker(relation, text) {
            all.push(format!("alter policy {on} {word} ({weaker});"));
        }
    }
    let stands_in = matches!(policy.command, PolicyCommand::All | PolicyCommand::Update);
    if let (Some(using), Some(check), true) = (&policy.using, &policy.check, stands_in)
        && using != check
    {
        let kind = if policy.permissive { "permissive" } else { "restrictive" };
        let to: Vec<_> = policy.roles.iter().map(grantee).collect();
        let (command, to) = (policy.command, to.join(", "));
        all.push(format!("drop policy {on}; create policy {on} as {kind} for {command} to {to} using ({using});"));
    }
    all
}

fn grantee(to: &Grantee) -> String {
    match to {
        Grantee::Public => "public".to_owned(),
        Grantee::Role(name) => quote_ident(name).into_owned(),
    }
}

/// A condition made TRUE, joined with TRUE, without one of its conjuncts, and with one column for another.
fn weaker(relation: &Relation, text: &str) -> Vec<String> {
    let mut all = vec!["true".to_owned(), format!("({text}) or true")];
    let parts = conjuncts(text);
    if parts.len() > 1 {
        for left_out in 0..parts.len() {
            let rest: Vec<_> =
                parts.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, p)| p.as_str()).collect();
            all.push(rest.join(" and "));
        }
    }
    for column in &relation.columns {
        let Some(at) = find_word(text, &column.name) else { continue };
        let other = relation.columns.iter().find(|c| c.name != column.name && c.data_type == column.data_type);
        if let Some(other) = other {
            let (head, tail) = (&text[..at], &text[at + column.name.len()..]);
            all.push(format!("{head}{}{tail}", other.name));
        }
    }
    all
}

/// Where a column stands as a bare word, outside of strings and of qualified names of other relations.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_word = |c: char| c == '_' || c == '.' || c == '\'' || c == ':' || c.is_alphanumeric();
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word)
            && !after.is_some_and(|c| is_word(c) || c == '(')
            && text[..*at].matches('\'').count().is_multiple_of(2)
    })
}

/// The conjuncts of a condition as the catalog prints it: `((a) AND (b))`.
fn conjuncts(text: &str) -> Vec<String> {
    let mut text = text.trim();
    while text.starts_with('(') && closes_at_end(text) {
        text = text[1..text.len() - 1].trim();
    }
    let (mut parts, mut depth, mut quoted, mut start) = (Vec::new(), 0, false, 0);
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        match bytes[at] {
            b'\'' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 && !quoted && text[at..].starts_with(" AND ") && !text[..at].ends_with("BETWEEN") {
            parts.push(text[start..at].to_owned());
            start = at + 5;
        }
        if depth == 0 && !quoted && text[at..].starts_with(" OR ") {
            return vec![text.to_owned()];
        }
    }
    parts.push(text[start..].to_owned());
    parts
}

fn closes_at_end(text: &str) -> bool {
    let (mut depth, mut quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == text.len();
        }
    }
    false
}

fn grants(effective: &Effective<'_>, relation: &Relation) -> Vec<String> {
    let mut all = Vec::new();
    let of_view = |c: &Command| *c == Command::Select || relation.kind.carries_row_security();
    for command in Command::ALL.into_iter().filter(of_view) {
        for role in ["anon", "authenticated"] {
            match effective.access(role, relation, command).columns {
                Columns::All => {}
                // A grant on the whole relation widens one on columns.
                _ => all.push(format!("grant {command} on {} to {role};", relation.name)),
            }
        }
    }
    all
}
