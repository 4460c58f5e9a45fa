use std::collections::BTreeMap;

use super::names::Names;
use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal, Refusal};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, QualifiedName, Relation, printable, quote_ident};

declare_check! {
    /// A policy looks rows up in a table of which the role that it is for sees none: the sub-select is always empty, or
    /// the whole query is refused.
    ///
    /// Sub-selects of policies run as the role that queries, with its privileges and under the row security of what
    /// they read. Without any SELECT policy for that role on the table that is looked up, the condition is never true;
    /// without the privilege every query on the policy's table fails with error 42501. Users are locked out, which is
    /// what later gets mended by a policy that is too wide.
    ///
    /// One finding for each table that is looked up in vain. Not reported: look-ups inside functions, which may run with
    /// their owner's rights, and policies that serve at least one of the roles that they are for.
    pub(super) struct LookupHidden {
        id: "lookup-hidden",
        title: "policy that looks up rows which its role cannot see",
        severity: Medium,
        bad: "
            create table public.crews (id bigint primary key, user_id uuid not null, boat_id bigint not null);
            create table public.boats (id bigint primary key, name text);
            alter table public.crews enable row level security;
            alter table public.boats enable row level security;
            create policy \"crew sees boat\" on public.boats for select to authenticated
                using (exists (select from public.crews c where c.boat_id = boats.id and c.user_id = (select auth.uid())));
            grant select on public.boats, public.crews to authenticated;
        ",
        good: "
            create table public.crews (id bigint primary key, user_id uuid not null, boat_id bigint not null);
            create table public.boats (id bigint primary key, name text);
            alter table public.crews enable row level security;
            alter table public.boats enable row level security;
            create policy own on public.crews for select to authenticated using (user_id = (select auth.uid()));
            create policy \"crew sees boat\" on public.boats for select to authenticated
                using (exists (select from public.crews c where c.boat_id = boats.id and c.user_id = (select auth.uid())));
            grant select on public.boats, public.crews to authenticated;
        ",
    }
}

impl Check for LookupHidden {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut found: BTreeMap<(&QualifiedName, &str), Vec<String>> = BTreeMap::new();
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in &table.policies {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                if let Some((principal, looked_up)) = hidden_from(cx, table, policy) {
                    let named = format!("{} on {}", printable(&policy.name), table.name);
                    found.entry((&looked_up.name, &principal.role)).or_default().push(named);
                }
            }
        }
        for ((name, role), policies) in found {
            let principal = cx.clients().find(|p| p.role == role);
            if let Some((looked_up, principal)) = cx.schema.relation(name).zip(principal) {
                report(cx, looked_up, principal, &policies, out);
            }
        }
    }
}

/// The role that a policy is for, and the relation that it looks up in vain.
fn hidden_from<'s, 'a>(
    cx: &'s Context<'a>,
    table: &Relation,
    policy: &Policy,
) -> Option<(&'s Principal, &'a Relation)> {
    let own = cx.schema.relation(&table.name)?;
    let reaches = |p: &&Principal| {
        let mut commands = Command::ALL.into_iter().filter(|c| policy.command.covers(*c));
        cx.effective.binds(&p.role, policy)
            && cx.effective.inherits(&p.role, &table.owner).is_none()
            && commands.any(|c| cx.effective.access(&p.role, own, c).holder().is_some())
    };
    let texts = policy.using.iter().chain(&policy.check);
    let names: Vec<_> = texts.flat_map(|text| Names::of(text).relations).collect();
    let read = names.iter().filter(|(name, command)| name.schema.is_some() && *command == Command::Select);
    let mut read = read.filter_map(|(name, _)| relation(cx, name.schema.as_deref()?, &name.name));
    // A policy for everyone is meant for those whom it serves.
    let bound: Vec<_> = cx.clients().filter(reaches).collect();
    let all_hidden = |r: &&Relation| bound.iter().all(|p| refusal(cx, p, r).is_some());
    let looked_up = read.find(all_hidden)?;
    Some((*bound.last()?, looked_up))
}

/// Why a role sees no row of what is looked up.
fn refusal(cx: &Context<'_>, principal: &Principal, looked_up: &Relation) -> Option<Refusal> {
    let looked_up = cx.schema.relation(&looked_up.name)?;
    match cx.effective.access(&principal.role, looked_up, Command::Select).extent {
        Extent::None(refusal) if refusal != Refusal::NeverTrue => Some(refusal),
        _ => None,
    }
}

fn report(cx: &Context<'_>, looked_up: &Relation, principal: &Principal, policies: &[String], out: &mut Findings<'_>) {
    let Some(looked_up) = cx.schema.relation(&looked_up.name) else { return };
    let what = match refusal(cx, principal, looked_up) {
        Some(Refusal::Privilege | Refusal::Schema) => "has no privilege on it, so that queries are refused (42501)",
        _ => "sees none of its rows, so that look-ups find nothing",
    };
    let listed = first_of(policies, 4);
    let role = quote_ident(&principal.role);
    let message = format!(
        "Policies look up rows of {} ({listed}), and the role {} {what}. {} is locked out of what these policies would give.",
        looked_up.name,
        printable(&principal.role),
        subject(principal)
    );
    let title =
        format!("{} shows {} nothing, though policies look rows up in it", looked_up.name, printable(&principal.role));
    let name = &looked_up.name;
    let fix = format!(
        "-- let the role see the rows that policies look up, and no others\n-- grant select on {name} to {role};\n\
         -- create policy ... on {name} for select to {role} using (...);"
    );
    let mut draft = Draft::new(ObjectRef::relation(name), Severity::Medium, title, message)
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .detail(&principal.role)
        .reproduce(cx.reproduce(principal, looked_up, Command::Select))
        .fix(fix)
        .origin(looked_up.origin);
    for policy in policies {
        draft = draft.evidence("policy", policy);
    }
    out.report(draft);
}

fn relation<'a>(cx: &Context<'a>, schema: &str, name: &str) -> Option<&'a Relation> {
    let found = cx.schema.relation(&crate::model::QualifiedName::new(schema, name))?;
    (found.kind.carries_row_security() && !cx.is_platform(found)).then_some(found)
}
