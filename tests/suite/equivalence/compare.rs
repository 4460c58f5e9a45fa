//! Two models side by side, field by field.

use super::meaning::{self, Kind};
use super::permitted;
use pgwitness::model::Schema;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where, such as `relations[public.t].policies[p].using`.
    pub(super) path: String,
    /// What the replay says; empty if it has no such thing.
    pub(super) replayed: String,
    /// What the server says; likewise.
    pub(super) server: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n      replayed: {}\n      server:   {}", self.path, self.replayed, self.server)
    }
}

impl Difference {
    /// The path without the names in it: what kind of thing differs.
    pub(super) fn kind(&self) -> String {
        let mut depth = 0;
        let outside = |c: &char| {
            depth += i32::from(*c == '[') - i32::from(*c == ']');
            depth == 0 && *c != ']'
        };
        let field: String = self.path.chars().filter(outside).collect();
        match (self.replayed.as_str(), self.server.as_str()) {
            ("", _) => format!("{field}: missing"),
            (_, "") => format!("{field}: too many"),
            _ => field,
        }
    }
}

/// All differences that are not permitted, the replayed model first.
pub(super) fn differences(replayed: &Schema, server: &Schema) -> Vec<Difference> {
    let postgis = replayed.extensions.iter().any(|e| e.name == "postgis");
    let [replayed, server] = [replayed, server].map(|s| permitted::without(serde_json::to_value(s).unwrap()));
    let mut found = Vec::new();
    walk("", &replayed, &server, &mut found);
    found.retain(|d| permitted::why(d, postgis).is_none());
    found
}

/// The first differences as text; nothing if there are none.
pub(super) fn report(differences: &[Difference], most: usize) -> String {
    let mut text: String = differences.iter().take(most).map(|d| format!("    {d}\n")).collect();
    if differences.len() > most {
        text.push_str(&format!("    and {} more\n", differences.len() - most));
    }
    text
}

fn walk(path: &str, replayed: &Value, server: &Value, found: &mut Vec<Difference>) {
    match (replayed, server) {
        (Value::Object(a), Value::Object(b)) => objects(path, a, b, found),
        (Value::Array(a), Value::Array(b)) => arrays(path, a, b, found),
        _ => {
            if !equal(path, replayed, server) {
                found.push(Difference { path: path.to_owned(), replayed: show(replayed), server: show(server) });
            }
        }
    }
}

fn objects(path: &str, a: &Map<String, Value>, b: &Map<String, Value>, found: &mut Vec<Difference>) {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for key in keys {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        walk(&inner, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
    }
}

fn arrays(path: &str, a: &[Value], b: &[Value], found: &mut Vec<Difference>) {
    let named = |list: &[Value]| list.iter().map(name).collect::<Option<Vec<String>>>();
    let (Some(left), Some(right)) = (named(a), named(b)) else { return places(path, a, b, found) };
    let by_name = |names: &[String], list: &[Value]| {
        names.iter().cloned().zip(list.iter().cloned()).collect::<BTreeMap<String, Value>>()
    };
    let (first, second) = (by_name(&left, a), by_name(&right, b));
    for name in first.keys().chain(second.keys()).collect::<BTreeSet<_>>() {
        let inner = format!("{path}[{name}]");
        match (first.get(name), second.get(name)) {
            (Some(a), Some(b)) => walk(&inner, a, b, found),
            (a, b) => found.push(Difference {
                path: inner,
                replayed: a.map(show).unwrap_or_default(),
                server: b.map(show).unwrap_or_default(),
            }),
        }
    }
    let same = first.len() == left.len() && first.keys().eq(second.keys());
    if same && left != right {
        found.push(Difference { path: path.to_owned(), replayed: left.join(", "), server: right.join(", ") });
    }
}

fn places(path: &str, a: &[Value], b: &[Value], found: &mut Vec<Difference>) {
    if a.len() != b.len() {
        let [replayed, server] = [a, b].map(|list| Value::from(list.to_vec()).to_string());
        found.push(Difference { path: path.to_owned(), replayed, server });
        return;
    }
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        walk(&format!("{path}[{at}]"), a, b, found);
    }
}

/// By what the element of a list is told from others.
fn name(element: &Value) -> Option<String> {
    const KEYS: [&[&str]; 9] = [
        &["grantee", "grantor"],
        &["member", "role", "grantor"],
        &["role", "this_database", "name"],
        &["role", "schema", "object"],
        &["server", "user"],
        &["name"],
        &["id"],
        &["relation"],
        &["what"],
    ];
    let fields = element.as_object()?;
    if fields.contains_key("mode") {
        // Parameters may have no name, and stand in order.
        return None;
    }
    let keys = KEYS.iter().find(|keys| keys.iter().all(|key| fields.contains_key(*key)))?;
    let parts: Vec<String> = keys.iter().filter_map(|key| fields.get(*key)).map(word).collect();
    Some(parts.join(" "))
}

fn word(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let part = |key| fields.get(key).and_then(Value::as_str);
            let name = [part("schema"), part("name")].into_iter().flatten().collect::<Vec<_>>().join(".");
            part("arguments").map_or_else(|| name.clone(), |arguments| format!("{name}({arguments})"))
        }
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn show(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    match text.char_indices().nth(500) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text,
    }
}

/// Text that the server prints from its own trees is compared in meaning, everything else exactly.
fn equal(path: &str, replayed: &Value, server: &Value) -> bool {
    if replayed == server {
        return true;
    }
    let (Some(a), Some(b)) = (replayed.as_str(), server.as_str()) else { return false };
    kind(path).is_some_and(|kind| meaning::equal(kind, a, b))
}

/// What kind of SQL text stands at `path`.
fn kind(path: &str) -> Option<Kind> {
    let last = path.rsplit('.').next().unwrap_or_default();
    let within = |part: &str| path.contains(part);
    match last {
        "using" | "check" | "default" | "predicate" | "filter" => Some(Kind::Expression),
        "body" => Some(Kind::Tokens),
        "definition" if within(".view.") => Some(Kind::Query),
        "definition" => Some(Kind::Tokens),
        _ if within(".indexes[") && last.starts_with("keys[") => Some(Kind::Tokens),
        _ if within(".kind.domain.checks") => Some(Kind::Expression),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgwitness::migrations::base;
    use pgwitness::model::{Grantee, Policy, PolicyCommand};

    fn policy(using: &str) -> Policy {
        Policy {
            name: "p".into(),
            permissive: true,
            command: PolicyCommand::All,
            roles: vec![Grantee::Public],
            using: Some(using.into()),
            check: None,
            calls: Vec::new(),
            origin: pgwitness::model::Origin::Catalog,
        }
    }

    #[test]
    fn every_difference_is_named_with_its_place() {
        let server = base::empty(17, "postgres", "d");
        let mut replayed = server.clone();
        assert_eq!(differences(&replayed, &server), []);
        replayed.roles[0].login = true;
        replayed.namespaces.remove(2);
        replayed.database.acl.0[0].privileges = Vec::new().into();
        let paths: Vec<String> = differences(&replayed, &server).iter().map(Difference::kind).collect();
        assert_eq!(paths, ["database.acl.privileges", "namespaces: missing", "roles.login"]);
    }

    #[test]
    fn expressions_are_compared_in_meaning() {
        let values = |using| serde_json::to_value(vec![policy(using)]).unwrap();
        let count = |a, b| {
            let mut found = Vec::new();
            walk("policies", &values(a), &values(b), &mut found);
            found.len()
        };
        assert_eq!(count("a = 'x'", "(a = 'x'::text)"), 0);
        assert_eq!(count("a = 'x'", "(a = 'y'::text)"), 1);
    }
}
