use std::collections::{BTreeMap, BTreeSet};

use super::words::and_list;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{DefaultPrivileges, GrantObject, Grantee, Platform, PrivilegeSet, printable, quote_ident};

declare_check! {
    /// Objects that are created from now on will be granted to clients: every new table or function is open until
    /// somebody remembers to close it.
    ///
    /// `ALTER DEFAULT PRIVILEGES` does this for the objects that one role creates, in one schema or in all. On
    /// Supabase the platform itself did it in `public` for projects made before 2026-05-30; that is reported once, as
    /// information. Elsewhere a grant to a client's role or to PUBLIC is medium: one forgotten
    /// `ENABLE ROW LEVEL SECURITY` then opens a table.
    ///
    /// Not reported: EXECUTE on functions and USAGE on types for PUBLIC, which Postgres gives anyway, default
    /// privileges of the platform's own roles, and grants to roles of the back office.
    pub(super) struct DefaultPrivilegesCheck {
        id: "default-privileges",
        title: "objects to come will be granted to clients",
        severity: Medium,
        bad: "
            create schema api;
            alter default privileges in schema api grant select on tables to anon;
        ",
        good: "
            create schema api;
            alter default privileges in schema api grant select on tables to service_role;
        ",
    }
}

impl Check for DefaultPrivilegesCheck {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut by_place: BTreeMap<(&str, Option<&str>), Vec<&DefaultPrivileges>> = BTreeMap::new();
        for default in &cx.schema.default_privileges {
            let namespace = default.schema.as_deref();
            let platform = cx.effective.is_platform_role(&default.role) && default.role != "postgres";
            if !platform && namespace.is_none_or(|n| !cx.effective.is_platform_namespace(n)) {
                by_place.entry((&default.role, namespace)).or_default().push(default);
            }
        }
        for ((role, namespace), defaults) in by_place {
            let place = namespace.unwrap_or("all schemas");
            out.examine(ObjectRef::global(ObjectKind::DefaultPrivileges, place));
            report(cx, role, namespace, &defaults, out);
        }
    }
}

/// What new objects of one kind will be granted, and to which clients.
struct Granted<'a> {
    object: GrantObject,
    grantee: &'a Grantee,
    privileges: PrivilegeSet,
}

fn report(
    cx: &Context<'_>,
    role: &str,
    namespace: Option<&str>,
    defaults: &[&DefaultPrivileges],
    out: &mut Findings<'_>,
) {
    let granted: Vec<_> = defaults.iter().flat_map(|d| granted(cx, d, namespace)).collect();
    if granted.is_empty() {
        return;
    }
    let supabase = cx.schema.server.platform == Platform::Supabase;
    let by_platform = supabase && role == "postgres" && namespace == Some("public");
    let (severity, confidence) = weigh(by_platform, &granted);
    let objects: BTreeSet<_> = granted.iter().map(|g| g.object.sql().to_lowercase()).collect();
    let objects: Vec<_> = objects.into_iter().collect();
    let grantees: BTreeSet<_> = granted.iter().map(|g| g.grantee.to_string()).collect();
    let grantees: Vec<_> = grantees.into_iter().collect();
    let place = namespace.map_or("every schema".to_owned(), |n| format!("schema {}", quote_ident(n)));
    let mut message = format!(
        "{} that {} creates in {place} will be granted to {} from the start.",
        upper(&and_list(&objects)),
        printable(role),
        and_list(&grantees)
    );
    if by_platform {
        message.push_str(" Supabase projects made before 2026-05-30 have this from the platform.");
    }
    let object = ObjectRef::global(ObjectKind::DefaultPrivileges, namespace.unwrap_or("all schemas"));
    let title = format!("new objects in {place} are granted to {}", and_list(&grantees));
    let mut draft = Draft::new(object, severity, title, message)
        .confidence(confidence)
        .detail(role)
        .fix(granted.iter().map(|g| fix(role, namespace, g)).collect::<Vec<_>>().join("\n"));
    for g in &granted {
        let list: Vec<_> = g.privileges.iter().map(|p| p.sql()).collect();
        draft =
            draft.evidence("default privileges", format!("{} on {} to {}", list.join(", "), g.object.sql(), g.grantee));
    }
    if let Some(last) = defaults.iter().map(|default| default.origin).max() {
        draft = draft.origin(last);
    }
    out.report(draft);
}

fn weigh(by_platform: bool, granted: &[Granted<'_>]) -> (Severity, Confidence) {
    if by_platform {
        (Severity::Info, Confidence::Possible)
    } else if granted.iter().all(|g| g.object != GrantObject::Tables) {
        (Severity::Low, Confidence::Proved)
    } else {
        (Severity::Medium, Confidence::Proved)
    }
}

fn granted<'a>(cx: &Context<'_>, default: &'a DefaultPrivileges, namespace: Option<&str>) -> Vec<Granted<'a>> {
    let counts = |grantee: &Grantee| match grantee {
        Grantee::Public => {
            // Without a schema the list repeats what is built in; types are PUBLIC's anywhere.
            let built_in = matches!(default.object, GrantObject::Functions | GrantObject::Types);
            !(built_in && (namespace.is_none() || default.object == GrantObject::Types))
        }
        Grantee::Role(name) => {
            cx.clients().any(|p| p.role == *name && matches!(p.who, Who::Anyone | Who::SignedIn | Who::ApiRole))
        }
    };
    let mut by_grantee: BTreeMap<&Grantee, PrivilegeSet> = BTreeMap::new();
    for grant in default.acl.0.iter().filter(|g| counts(&g.grantee)) {
        let set = by_grantee.entry(&grant.grantee).or_default();
        *set = set.union(grant.privileges);
    }
    let each = by_grantee.into_iter();
    each.map(|(grantee, privileges)| Granted { object: default.object, grantee, privileges }).collect()
}

fn fix(role: &str, namespace: Option<&str>, granted: &Granted<'_>) -> String {
    let place = namespace.map(|n| format!(" in schema {}", quote_ident(n))).unwrap_or_default();
    format!(
        "alter default privileges for role {}{place} revoke all on {} from {};",
        quote_ident(role),
        granted.object.sql().to_lowercase(),
        granted.grantee
    )
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}
