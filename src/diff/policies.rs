//! Differences between the policies that bind a role, where the same number of rows is reached before and after.

use std::collections::BTreeMap;

use super::same::{normal_text, printed_condition, same};
use super::{Difference, Direction};
use crate::analyzer::effective::Access;
use crate::finding::ObjectRef;
use crate::model::{Command, Origin, Policy, PolicyCommand, QualifiedName, Relation, Schema, printable};

/// Whether the earlier relation had this very policy.
pub(super) fn stood(policy: &Policy, before: Option<&Relation>) -> bool {
    before.is_some_and(|b| {
        b.policies.iter().any(|p| {
            (p.permissive, p.command, &p.roles) == (policy.permissive, policy.command, &policy.roles)
                && says_the_same(p, policy)
        })
    })
}

fn says_the_same(a: &Policy, b: &Policy) -> bool {
    same(a.using.as_deref(), b.using.as_deref()) && same(a.check.as_deref(), b.check.as_deref())
}

/// One thing that changed about one policy, for one role and command.
pub(super) struct Changed {
    direction: Direction,
    role: String,
    command: Command,
    object: ObjectRef,
    text: String,
    cause: Option<Origin>,
}

/// What changed among the policies that bind `role` for `command`.
pub(super) fn compare(
    schemas: (&Schema, &Schema),
    relation: &QualifiedName,
    role: &str,
    command: Command,
    before: &Access<'_>,
    after: &Access<'_>,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let kinds = [
        (&before.permissive, &after.permissive, Direction::Widened, Direction::Narrowed),
        (&before.restrictive, &after.restrictive, Direction::Narrowed, Direction::Widened),
    ];
    for (old, new, when_added, when_gone) in kinds {
        let conditions = |policies: &[&Policy]| policies.iter().map(|p| condition(p, command)).collect::<Vec<_>>();
        let (were, are) = (conditions(old), conditions(new));
        let mut added: Vec<_> = new.iter().filter(|p| !were.contains(&condition(p, command))).collect();
        let mut gone: Vec<_> = old.iter().filter(|p| !are.contains(&condition(p, command))).collect();
        // What is written another way may say the same: the server, for one, prints a condition in its own way.
        let meaning = |schema, policy: &Policy| printed(schema, relation, policy, command);
        let (said, says): (Vec<_>, Vec<_>) = (
            gone.iter().map(|p| meaning(schemas.0, p)).collect(),
            added.iter().map(|p| meaning(schemas.1, p)).collect(),
        );
        keep(&mut added, &says, &said);
        keep(&mut gone, &said, &says);
        let kind = if when_added == Direction::Widened { "policy" } else { "restrictive policy" };
        for policy in &added {
            let twin = gone.iter().find(|p| p.name == policy.name);
            let (direction, text) = match twin {
                Some(was) => {
                    let text = format!("the {kind} {} changed: {}", called(policy, relation), differ(was, policy));
                    (Direction::MayWiden, text)
                }
                None => (when_added, format!("the {kind} {} binds as well", called(policy, relation))),
            };
            all.push(Changed {
                direction,
                role: role.to_owned(),
                command,
                object: ObjectRef::policy(relation, &policy.name),
                text,
                cause: Some(policy.origin).filter(|o| !o.is_catalog()),
            });
        }
        for policy in gone.iter().filter(|p| !added.iter().any(|a| a.name == p.name)) {
            // Instead of one that went, another came: whether that is more or less shows only in their conditions.
            let direction = if added.is_empty() { when_gone } else { Direction::MayWiden };
            all.push(Changed {
                direction,
                role: role.to_owned(),
                command,
                object: ObjectRef::policy(relation, &policy.name),
                text: format!("the {kind} {} no longer binds", called(policy, relation)),
                cause: None,
            });
        }
    }
    all.into_iter().map(Changed::difference).collect()
}

fn called(policy: &Policy, relation: &QualifiedName) -> String {
    format!("\"{}\" on {relation}", printable(&policy.name))
}

/// The tokens of the conditions that decide about a command.
fn condition(policy: &Policy, command: Command) -> (Option<Vec<String>>, Option<Vec<String>>) {
    let (using, check) = deciding(policy, command);
    (using.map(normal_text), check.map(normal_text))
}

/// The conditions on the old and the new row that decide about a command.
fn deciding(policy: &Policy, command: Command) -> (Option<&str>, Option<&str>) {
    let using = if policy.command == PolicyCommand::Insert { None } else { policy.using.as_deref() };
    let check = policy.check.as_deref().or(using);
    match command {
        Command::Select | Command::Delete => (using, None),
        Command::Insert => (None, check),
        Command::Update => (using, check),
    }
}

type Printed = Option<(Option<String>, Option<String>)>;

/// Leaves the policies whose meaning none of the others has.
fn keep(policies: &mut Vec<&&Policy>, meanings: &[Printed], others: &[Printed]) {
    let mut own = meanings.iter();
    policies.retain(|_| own.next().is_none_or(|m| m.is_none() || !others.contains(m)));
}

/// The conditions that decide about a command as the server would print them; `None` where they are not understood.
fn printed(schema: &Schema, relation: &QualifiedName, policy: &Policy, command: Command) -> Printed {
    let text = |text: Option<&str>| match text {
        Some(text) => printed_condition(schema, relation, text).map(Some),
        None => Some(None),
    };
    let (using, check) = deciding(policy, command);
    Some((text(using)?, text(check)?))
}

/// `was \`a\` and is \`b\``, of the part that differs.
fn differ(was: &Policy, is: &Policy) -> String {
    let shown = |text: Option<&str>| text.map_or_else(|| "nothing".to_owned(), |t| format!("`{}`", one_line(t)));
    let parts = [("USING", &was.using, &is.using), ("WITH CHECK", &was.check, &is.check)];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(_, a, b)| !same(a.as_deref(), b.as_deref()))
        .map(|(what, a, b)| format!("{what} was {} and is {}", shown(a.as_deref()), shown(b.as_deref())))
        .collect();
    parts.join("; ")
}

/// The longest condition that is repeated in a sentence.
const LONGEST: usize = 200;

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::report::human::text::cut(&line, LONGEST)
}

impl Changed {
    fn difference(self) -> Difference {
        Difference {
            direction: self.direction,
            principals: vec![self.role],
            subjects: vec![self.object.clone()],
            object: self.object,
            commands: vec![self.command.to_string()],
            text: self.text,
            witness: None,
            causes: self.cause.into_iter().collect(),
        }
    }
}

/// Joins what was said of several commands.
pub(super) fn joined(all: Vec<Difference>) -> Vec<Difference> {
    let mut by_text: BTreeMap<(Direction, ObjectRef, String), Difference> = BTreeMap::new();
    for one in all {
        let key = (one.direction, one.object.clone(), one.text.clone());
        match by_text.get_mut(&key) {
            Some(same) => same.commands.extend(one.commands),
            None => drop(by_text.insert(key, one)),
        }
    }
    by_text.into_values().collect()
}
