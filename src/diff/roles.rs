//! Differences in what roles are and may become, in schemas, and in what objects to come will be granted.

use std::collections::BTreeSet;

use super::{Difference, Direction, Pair};
use crate::checks::Context;
use crate::finding::{ObjectKind, ObjectRef};
use crate::model::{Grantee, Origin, Privilege, Role, printable, quote_ident};

pub(super) fn compare(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let mut all = attributes(pair);
    all.extend(memberships(pair));
    all.extend(schemas(pair));
    all.extend(exposed(pair));
    all.extend(defaults(pair));
    all.extend(buckets(pair));
    all
}

fn difference(
    is_more: bool,
    principals: Vec<String>,
    object: ObjectRef,
    text: String,
    cause: Option<Origin>,
) -> Difference {
    Difference {
        direction: if is_more { Direction::Widened } else { Direction::Narrowed },
        principals,
        subjects: vec![object.clone()],
        object,
        commands: Vec::new(),
        text,
        witness: None,
        causes: cause.into_iter().filter(|o| is_more && !o.is_catalog()).collect(),
    }
}

fn role(name: &str) -> ObjectRef {
    ObjectRef::global(ObjectKind::Role, name)
}

type Attribute = (&'static str, fn(&Role) -> bool);

/// Attributes that let a role pass checks.
const ATTRIBUTES: [Attribute; 5] = [
    ("SUPERUSER", |r| r.superuser),
    ("BYPASSRLS", |r| r.bypass_rls),
    ("CREATEROLE", |r| r.create_role),
    ("REPLICATION", |r| r.replication),
    ("LOGIN", |r| r.login),
];

fn attributes(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for after in &pair.after.schema.roles {
        let before = pair.before.schema.role(&after.name);
        for (name, has) in ATTRIBUTES {
            // That a new role can log in is what it was made for.
            let (was, is) = (before.is_some_and(has), has(after));
            if was != is && (before.is_some() || name != "LOGIN") {
                let now = if is { "has now" } else { "has no longer" };
                let cause = Some(after.origin);
                all.push(difference(is, vec![after.name.clone()], role(&after.name), format!("{now} {name}"), cause));
            }
        }
    }
    all
}

fn memberships(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let of = |cx: &Context<'_>| -> BTreeSet<(String, String)> {
        let all = cx.schema.memberships.iter().filter(|m| !is_of_platform(cx, &m.member, &m.role));
        all.map(|m| (m.member.clone(), m.role.clone())).collect()
    };
    let (were, are) = (of(pair.before), of(pair.after));
    let cause = |member: &str, group: &str| {
        pair.after.schema.memberships.iter().find(|m| m.member == member && m.role == group).map(|m| m.origin)
    };
    let new = are.difference(&were).map(|(member, group)| {
        let text = format!("is now a member of {}", printable(group));
        difference(true, vec![member.clone()], role(member), text, cause(member, group))
    });
    let gone = were.difference(&are).filter(|(m, g)| [m, g].iter().all(|r| pair.after.schema.role(r).is_some()));
    let gone = gone.map(|(member, group)| {
        difference(
            false,
            vec![member.clone()],
            role(member),
            format!("is no longer a member of {}", printable(group)),
            None,
        )
    });
    new.chain(gone).collect()
}

/// Whether only the platform makes objects as this role.
fn is_administrator(cx: &Context<'_>, role: &str) -> bool {
    cx.effective.is_platform_role(role) && role != "postgres"
}

/// Whether the platform itself makes one role a member of the other; it does so in another way on each version.
fn is_of_platform(cx: &Context<'_>, member: &str, role: &str) -> bool {
    let own = |name: &str| cx.effective.is_platform_role(name);
    own(member) && (own(role) || role.starts_with("pg_") || ["anon", "authenticated", "service_role"].contains(&role))
}

/// USAGE and CREATE on schemas; USAGE alone reaches nothing, but opens what was granted inside.
fn schemas(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let mut all = Vec::new();
    for after in &pair.after.schema.namespaces {
        let Some(before) = pair.before.schema.namespace(&after.name) else { continue };
        for who in &pair.principals {
            for privilege in [Privilege::Usage, Privilege::Create] {
                let was = pair.before.effective.holds_on_namespace(who, before, privilege).is_some();
                let is = pair.after.effective.holds_on_namespace(who, after, privilege).is_some();
                if was != is {
                    let now = if is { "has now" } else { "has no longer" };
                    let text = format!("{now} {privilege} on the schema {}", quote_ident(&after.name));
                    let object = ObjectRef::global(ObjectKind::Schema, &after.name);
                    let grant = after.acl.granting(privilege).map(|g| g.origin).max();
                    all.push(difference(is, vec![who.clone()], object, text, grant));
                }
            }
        }
    }
    all
}

/// Schemas that the Data API serves newly or no longer.
fn exposed(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let api: Vec<_> = pair.after.effective.principals().iter().filter(|p| p.is_api() && p.is_untrusted()).collect();
    let names: BTreeSet<_> =
        [pair.before, pair.after].iter().flat_map(|cx| cx.schema.namespaces.iter().map(|n| n.name.clone())).collect();
    let serves =
        |cx: &Context<'_>, name: &str| cx.effective.exposure().includes(name) && cx.schema.namespace(name).is_some();
    let changed = names.into_iter().filter(|name| {
        let both = pair.before.schema.namespace(name).is_some() && pair.after.schema.namespace(name).is_some();
        both && !api.is_empty() && serves(pair.before, name) != serves(pair.after, name)
    });
    changed
        .map(|name| {
            let is = serves(pair.after, &name);
            let how = if is { "serves the schema" } else { "no longer serves the schema" };
            let text = format!("reach it by request: the Data API {how} {}", quote_ident(&name));
            let text = if is { text } else { format!("cannot {text}") };
            let who = api.iter().map(|p| p.role.clone()).collect();
            difference(is, who, ObjectRef::global(ObjectKind::Schema, &name), text, None)
        })
        .collect()
}

/// What objects to come will be granted to clients or to everybody.
fn defaults(pair: &Pair<'_, '_>) -> Vec<Difference> {
    type Key = (String, Option<String>, &'static str, String, Privilege);
    let of = |cx: &Context<'_>| -> std::collections::BTreeMap<Key, Origin> {
        let entries = cx.schema.default_privileges.iter().filter(|d| !is_administrator(cx, &d.role));
        let grants = entries.flat_map(|d| d.acl.0.iter().map(move |g| (d, g)));
        let each = grants.flat_map(|(d, g)| g.privileges.iter().map(move |p| (d, g, p)));
        each.map(|(d, g, p)| {
            let who = match &g.grantee {
                Grantee::Public => "PUBLIC".to_owned(),
                Grantee::Role(name) => name.clone(),
            };
            let origin = if g.origin.is_catalog() { d.origin } else { g.origin };
            ((d.role.clone(), d.schema.clone(), d.object.sql(), who, p), origin)
        })
        .collect()
    };
    let (were, are) = (of(pair.before), of(pair.after));
    let concerns = |who: &str| who == "PUBLIC" || pair.principals.iter().any(|p| p == who);
    let mut all = Vec::new();
    for (keys, others, is) in [(&are, &were, true), (&were, &are, false)] {
        for ((owner, schema, object, who, privilege), origin) in keys.iter().filter(|(k, _)| !others.contains_key(*k)) {
            if !concerns(who) {
                continue;
            }
            let place = schema.as_ref().map_or_else(String::new, |s| format!(" in {}", quote_ident(s)));
            let now = if is { "will be granted" } else { "will no longer be granted" };
            let text = format!("{now} {privilege} on {object} that {} makes{place}", printable(owner));
            let object = ObjectRef::global(ObjectKind::DefaultPrivileges, owner.clone());
            all.push(difference(is, vec![who.clone()], object, text, Some(*origin)));
        }
    }
    all
}

/// Buckets whose files anyone may download.
fn buckets(pair: &Pair<'_, '_>) -> Vec<Difference> {
    let was = |id: &str| pair.before.schema.buckets.iter().find(|b| b.id == id).map(|b| b.public);
    let changed = pair.after.schema.buckets.iter().filter(|b| was(&b.id).unwrap_or(false) != b.public);
    changed
        .map(|bucket| {
            let now = if bucket.public { "is public: anyone can download its files" } else { "is no longer public" };
            let text = format!("the storage bucket {} {now}", printable(&bucket.id));
            let object = ObjectRef::global(ObjectKind::Setting, format!("storage bucket {}", bucket.id));
            difference(bucket.public, Vec::new(), object, text, None)
        })
        .collect()
}
