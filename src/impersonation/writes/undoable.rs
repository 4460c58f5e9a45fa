//! What no rollback gives back, or what cannot be known to be: code of other servers, files, sequences, sessions.
//!
//! Told by words alone, through the functions that triggers name and those that these name, so that it errs on the side of
//! not trying.

use std::collections::BTreeSet;

use crate::model::{Column, Command, ConstraintKind, ReferentialAction};
use crate::model::{Function, QualifiedName, Relation, Schema, TriggerEvent};

/// Words of code whose effects stay, each with what they do.
const STAYS: [(&str, &str); 13] = [
    ("dblink", "speaks to another server"),
    ("http", "sends requests"),
    ("http_get", "sends requests"),
    ("http_post", "sends requests"),
    ("http_request", "sends requests"),
    ("net", "sends requests (pg_net)"),
    ("nextval", "takes numbers of a sequence, which no rollback gives back"),
    ("setval", "sets a sequence, which no rollback undoes"),
    ("lo_export", "writes a file"),
    ("program", "may run a program"),
    ("pg_advisory_lock", "takes a lock of the session"),
    ("pg_notify", "notifies those who listen"),
    ("notify", "notifies those who listen"),
];

/// Languages whose text says all that they do.
const READABLE: [&str; 3] = ["sql", "plpgsql", "internal"];

/// Why a command on a table is not tried; `None` where all that it does is undone.
pub(super) fn why_not(schema: &Schema, relation: &Relation, command: Command) -> Option<String> {
    let event = match command {
        Command::Insert => TriggerEvent::Insert,
        Command::Update => TriggerEvent::Update,
        _ => TriggerEvent::Delete,
    };
    if let Some(rule) = relation.rules.first() {
        return Some(format!("the rule {} rewrites what is written", rule.name));
    }
    if command == Command::Delete && has_followers(schema, &relation.name) {
        return Some("rows of other tables would be deleted or changed with it".to_owned());
    }
    let fired = relation.triggers.iter().filter(|t| t.events.contains(&event));
    fired.filter_map(|trigger| Some((trigger, schema.function(&trigger.function)?))).find_map(|(trigger, function)| {
        let mut met = BTreeSet::new();
        stays(schema, function, &mut met).map(|what| format!("the trigger {} {what}", trigger.name))
    })
}

/// Why a column that an INSERT leaves out is not filled.
pub(super) fn takes_a_number(column: &Column) -> bool {
    column.identity.is_some() || column.default.as_ref().is_some_and(|text| text.to_lowercase().contains("nextval"))
}

/// Whether deleting rows of a table reaches into others.
fn has_followers(schema: &Schema, name: &QualifiedName) -> bool {
    let acts = |action: ReferentialAction| !matches!(action, ReferentialAction::NoAction | ReferentialAction::Restrict);
    schema.relations.iter().flat_map(|r| &r.constraints).any(|c| match &c.kind {
        ConstraintKind::ForeignKey(key) => key.relation == *name && acts(key.on_delete),
        _ => false,
    })
}

fn stays(schema: &Schema, function: &Function, met: &mut BTreeSet<String>) -> Option<String> {
    if !met.insert(function.id.to_string()) {
        return None;
    }
    if !READABLE.contains(&function.language.as_str()) {
        return Some(format!("runs {}, written in {}", function.id.name, function.language));
    }
    let words: BTreeSet<_> = words(&function.body).collect();
    if words.contains("execute") {
        return Some("runs SQL that is put together at run time".to_owned());
    }
    if let Some((_, what)) = STAYS.iter().find(|(word, _)| words.contains(*word)) {
        return Some((*what).to_owned());
    }
    let named = schema.functions.iter().filter(|f| f.extension.is_none() && words.contains(&f.id.name.to_lowercase()));
    named.filter(|f| f.id != function.id).find_map(|f| stays(schema, f, met))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_lowercase();
    let separates = |c: char| !(c.is_alphanumeric() || c == '_');
    lower.split(separates).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>().into_iter()
}
