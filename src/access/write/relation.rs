//! The rules of one relation: roles that may do the same share one.

use std::fmt::Write as _;

use super::command::{Line, line};
use super::{comment, list, named, string};
use crate::access::intent::Intent;
use crate::analyzer::effective::{Columns, Effective};
use crate::model::{Command, Relation};

/// What roles may do with a relation, each rule with where it was read; nothing for roles that may do nothing.
pub(super) fn rules(effective: &Effective<'_>, intent: &Intent, relation: &Relation, roles: &[String]) -> String {
    let mut rules: Vec<(Vec<String>, String)> = Vec::new();
    for role in roles {
        let text = body(effective, intent, relation, role);
        match rules.iter_mut().find(|(_, known)| *known == text) {
            _ if text.is_empty() => {}
            Some((roles, _)) => roles.push(role.clone()),
            None => rules.push((vec![role.clone()], text)),
        }
    }
    let mut out = String::new();
    for (roles, text) in rules {
        let notes: String = text.lines().filter(|l| l.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let said: String = text.lines().filter(|l| !l.starts_with('#')).map(|l| format!("{l}\n")).collect();
        let _ = write!(out, "\n{notes}[[rule]]\non     = {}\nrole   = {}\n{said}", named(&relation.name), list(&roles));
    }
    out
}

/// The keys of the rule and the comments on them, without whom it is for.
fn body(effective: &Effective<'_>, intent: &Intent, relation: &Relation, role: &str) -> String {
    let mut out = String::new();
    let lines = Command::ALL.map(|command| (command, line(effective, intent, relation, role, command)));
    if lines.iter().all(|(_, line)| line.is_none()) {
        return out;
    }
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for (command, line) in lines {
        let Some(Line { notes, condition, new }) = line else { continue };
        let (key, columns) = (command.to_string().to_lowercase(), columns(effective, relation, role, command));
        for note in notes {
            match said.iter_mut().find(|(known, _)| *known == note) {
                Some((_, keys)) => keys.push(key.clone()),
                None => said.push((note, vec![key.clone()])),
            }
        }
        let value = match (command, columns, new) {
            (Command::Update, None, None) => condition,
            (Command::Update, columns, new) => {
                let new = new.map(|new| format!(", new = {new}")).unwrap_or_default();
                let columns = columns.map(|c| format!(", columns = [{}]", c.join(", "))).unwrap_or_default();
                format!("{{ old = {condition}{new}{columns} }}")
            }
            _ => condition,
        };
        let _ = writeln!(out, "{key} = {value}");
    }
    if let Columns::Only(granted) = &effective.access(role, relation, Command::Select).columns {
        let hidden = relation.columns.iter().filter(|c| granted.iter().all(|(name, _)| *name != c.name));
        let hidden: Vec<_> = hidden.map(|c| string(&c.name)).collect();
        let _ = writeln!(out, "# hide: SELECT is granted on the other columns only.\nhide = [{}]", hidden.join(", "));
    }
    let notes = said.iter().map(|(note, keys)| format!("# {}: {}.\n", keys.join(", "), comment(note)));
    notes.collect::<String>() + &out
}

/// The columns that UPDATE is granted on, where it is not all.
fn columns(effective: &Effective<'_>, relation: &Relation, role: &str, command: Command) -> Option<Vec<String>> {
    match &effective.access(role, relation, command).columns {
        Columns::Only(granted) if command == Command::Update => {
            Some(granted.iter().map(|(name, _)| string(name)).collect())
        }
        _ => None,
    }
}
