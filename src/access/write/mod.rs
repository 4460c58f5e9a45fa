//! A rule file from what a database allows today and what it seems to mean, for people to review.
//!
//! It never weakens in silence: each rule says where it was read, and one that lets every row through, or that a policy
//! goes beyond, is marked for review. What nobody can reach is denied by the first rule.

mod command;
mod relation;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::intent::{Intent, Origin};
use super::reading;
use crate::analyzer::effective::{Effective, Who};
use crate::model::{QualifiedName, Relation, printable};

/// The text of a rule file for a database; `source` is what it was read from, in words.
#[must_use]
pub fn rule_file(effective: &Effective<'_>, source: &str) -> String {
    let intent = reading(effective);
    let roles = clients(effective);
    let schemas = schemas(effective);
    let mut out = format!(
        "# Who may do what, as read from {}.\n#\n# This is what the database allows today. Review it: what is written here is \
         what will be proved. Lines with\n# REVIEW let every row through, or keep to less than a policy does.\n\n",
        comment(source)
    );
    if knows_users(effective) {
        out.push_str("[session]\nuser = \"auth.uid()\"\n\n");
    }
    if roles.is_empty() || schemas.is_empty() {
        out.push_str("# No role that clients act as, or no relation of the application, was found.\n");
        return out;
    }
    let on: Vec<_> = schemas.iter().map(|s| format!("{}.*", part(s))).collect();
    let _ = write!(
        out,
        "[[rule]]\non     = {}\nrole   = {}\nall    = false\nreason = \"nothing is allowed that no rule names\"\n",
        list(&on),
        list(&roles)
    );
    for relation in &effective.schema().relations {
        let files = relation.name.schema == "storage" && relation.name.name == "objects";
        let meant = schemas.contains(&relation.name.schema) || files && !relation.policies.is_empty();
        if meant && holds_rows(relation) {
            out.push_str(&relation::rules(effective, &intent, relation, &roles));
        }
    }
    out.push_str(&authorities(&intent));
    out
}

/// What decides rights by the looks of it.
fn authorities(intent: &Intent) -> String {
    let mut out = String::new();
    for authority in &intent.authorities {
        let Origin::Reading { because } = &authority.origin else { continue };
        let (name, columns) = (named(&authority.relation), list(&authority.columns));
        let _ = write!(out, "\n# {}.\n[[authority]]\non      = {name}\ncolumns = {columns}\n", comment(because));
    }
    out
}

/// The roles that clients act as, without those that row security can't bind anyway.
fn clients(effective: &Effective<'_>) -> Vec<String> {
    let schema = effective.schema();
    let owns = |role: &str| schema.relations.iter().any(|r| r.owner == role);
    let bound = |role: &str| schema.role(role).is_some_and(|r| !r.bypass_rls && !r.superuser) && !owns(role);
    let client = |who: Who| matches!(who, Who::Anyone | Who::SignedIn | Who::ApiRole | Who::Login);
    let all = effective.principals().iter().filter(|p| client(p.who) && bound(&p.role));
    all.map(|p| p.role.clone()).collect()
}

fn holds_rows(relation: &Relation) -> bool {
    relation.kind.holds_rows() && relation.extension.is_none()
}

/// The schemas that hold relations of the application.
fn schemas(effective: &Effective<'_>) -> BTreeSet<String> {
    let own = effective.schema().relations.iter().filter(|r| holds_rows(r));
    own.map(|r| r.name.schema.clone()).filter(|s| !effective.is_platform_namespace(s)).collect()
}

fn knows_users(effective: &Effective<'_>) -> bool {
    let uid = |f: &crate::model::Function| f.id.schema == "auth" && f.id.name == "uid" && f.id.arguments.is_empty();
    effective.schema().functions.iter().any(uid)
}

/// A string of TOML.
fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(items: &[String]) -> String {
    match items {
        [one] => string(one),
        many => format!("[{}]", many.iter().map(|s| string(s)).collect::<Vec<_>>().join(", ")),
    }
}

/// A relation as a pattern that covers nothing else.
fn named(name: &QualifiedName) -> String {
    string(&format!("{}.{}", part(&name.schema), part(&name.name)))
}

fn part(name: &str) -> String {
    if name.contains(['*', '?', '.', '"', '(']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

/// Text that stays within a comment.
fn comment(text: &str) -> String {
    printable(text).replace(['\n', '\r'], " ")
}
