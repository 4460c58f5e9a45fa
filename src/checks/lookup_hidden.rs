use super::names::Names;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal, Refusal};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A policy looks rows up in a table of which the role that it is for sees none: the sub-select is always empty, or
    /// the whole query is refused.
    ///
    /// Sub-selects of policies run as the role that queries, with its privileges and under the row security of what
    /// they read. Without any SELECT policy for that role on the table that is looked up, the condition is never true;
    /// without the privilege every query on the policy's table fails with error 42501. Users are locked out, which is
    /// what later gets mended by a policy that is too wide.
    ///
    /// Not reported: look-ups inside functions, which may run with their owner's rights, and negated policies of which
    /// the empty look-up may be the point are reported alike: read them.
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
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in &table.policies {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                report(cx, table, policy, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let Some(own) = cx.schema.relation(&table.name) else { return };
    let reaches = |p: &&Principal| {
        let commands = Command::ALL.into_iter().filter(|c| policy.command.covers(*c));
        cx.effective.binds(&p.role, policy)
            && cx.effective.inherits(&p.role, &table.owner).is_none()
            && commands.into_iter().any(|c| cx.effective.access(&p.role, own, c).holder().is_some())
    };
    let texts = policy.using.iter().chain(&policy.check);
    let names: Vec<_> = texts.flat_map(|text| Names::of(text).relations).collect();
    let read = names.iter().filter(|(name, command)| name.schema.is_some() && *command == Command::Select);
    let read: Vec<_> = read.filter_map(|(name, _)| relation(cx, name.schema.as_deref()?, &name.name)).collect();
    let hidden = |p: &Principal, looked_up: &Relation| {
        let looked_up = cx.schema.relation(&looked_up.name)?;
        match cx.effective.access(&p.role, looked_up, Command::Select).extent {
            Extent::None(refusal) if refusal != Refusal::NeverTrue => Some((looked_up, refusal)),
            _ => None,
        }
    };
    // A policy for everyone is meant for those whom it serves.
    let bound: Vec<_> = cx.clients().filter(reaches).collect();
    let seen = |looked_up: &Relation| bound.iter().any(|p| hidden(p, looked_up).is_none());
    let found = read.iter().filter(|r| !seen(r)).find_map(|r| bound.iter().rev().find_map(|p| Some((*p, hidden(p, r)?))));
    let Some((principal, (looked_up, refusal))) = found else { return };
    let what = match refusal {
        Refusal::Privilege | Refusal::Schema => "has no privilege on it, so that queries are refused (42501)",
        _ => "sees none of its rows, so that the look-up finds nothing",
    };
    let message = format!(
        "The policy {} on {} looks up rows of {}, and the role {} {what}. {} is locked out of what the policy would give.",
        printable(&policy.name),
        table.name,
        looked_up.name,
        printable(&principal.role),
        subject(principal)
    );
    let title = format!("policy {} looks up {}, of which its role sees nothing", printable(&policy.name), looked_up.name);
    let fix = format!(
        "-- let the role see the rows that the policy looks up, and no others\n-- grant select on {} to {};\n\
         -- create policy ... on {} for select to {} using (...);",
        looked_up.name,
        quote_ident(&principal.role),
        looked_up.name,
        quote_ident(&principal.role)
    );
    out.report(
        Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Medium, title, message)
            .confidence(Confidence::Likely)
            .principal(&principal.role)
            .detail(looked_up.name.to_string())
            .reproduce(cx.reproduce(principal, looked_up, Command::Select))
            .fix(fix)
            .origin(policy.origin),
    );
}

fn relation<'a>(cx: &Context<'a>, schema: &str, name: &str) -> Option<&'a Relation> {
    let found = cx.schema.relation(&crate::model::QualifiedName::new(schema, name))?;
    (found.kind.carries_row_security() && !cx.is_platform(found)).then_some(found)
}
