use super::policy_tautology::roles;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::truth::Truth;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A restrictive policy's condition is true for every row and every session, so the policy restricts nothing.
    ///
    /// Restrictive policies are the floor under all permissive ones: two-factor demands, tenant walls, "no anonymous
    /// users". One that is always true reads like such a floor and is none.
    ///
    /// Proved for all rows and sessions, by SQL's three-valued logic. Not reported: restrictive policies for roles that
    /// no client acts as.
    pub(super) struct RestrictiveNoop {
        id: "restrictive-noop",
        title: "restrictive policy that restricts nothing",
        severity: Medium,
        bad: "
            create table public.ledgers (id bigint primary key, owner uuid not null, org_id bigint);
            alter table public.ledgers enable row level security;
            grant select on public.ledgers to authenticated;
            create policy own on public.ledgers for select to authenticated using (owner = (select auth.uid()));
            create policy wall on public.ledgers as restrictive to authenticated
                using (org_id is null or org_id = org_id);
        ",
        good: "
            create table public.ledgers (id bigint primary key, owner uuid not null, org_id bigint);
            alter table public.ledgers enable row level security;
            grant select on public.ledgers to authenticated;
            create policy own on public.ledgers for select to authenticated using (owner = (select auth.uid()));
            create policy wall on public.ledgers as restrictive to authenticated
                using (org_id = ((select auth.jwt()) -> 'app_metadata' ->> 'org_id')::bigint);
        ",
    }
}

impl Check for RestrictiveNoop {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| !p.permissive) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                report(cx, table, policy, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let mut covered = Command::ALL.into_iter().filter(|c| policy.command.covers(*c));
    if !covered.all(|c| cx.effective.command_truth(policy, c) == Truth::Always) {
        return;
    }
    let binds = |p: &&crate::analyzer::effective::Principal| cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(|p| binds(p) && cx.exposes(p, &table.name.schema)) else { return };
    let condition = policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("true");
    let title = format!("restrictive policy {:?} of {} restricts nothing", policy.name, table.name);
    let message = format!(
        "Policy {:?} of {} is restrictive, but its condition, {}, is true for every row: without it everyone could do just \
         as much.",
        policy.name,
        table.name,
        printable(condition)
    );
    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Medium, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .reproduce(cx.reproduce_read(principal, table))
        .fix(format!(
            "drop policy {} on {};\n-- then say what must hold for every row, with create policy .. as restrictive",
            quote_ident(&policy.name),
            table.name
        ))
        .evidence("policy", format!("FOR {} TO {}: {}", policy.command, roles(policy), printable(condition)))
        .origin(policy.origin);
    out.report(draft);
}
