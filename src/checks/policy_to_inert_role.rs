use super::policy_tautology::roles;
use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Grantee, Policy, Relation, printable, quote_ident};
use crate::report::DoorKind;

declare_check! {
    /// A restrictive policy is for a group, and a member of the group that reaches rows of the table is not bound by it, as it
    /// does not inherit from the group: the floor is not under it.
    ///
    /// A policy binds a role that has the privileges of one it is for. A NOINHERIT member has them only after SET ROLE; until
    /// then neither the restrictive nor the permissive policies of the group count for it.
    ///
    /// Not reported: permissive policies, which then give the member nothing, members whom row-level security does not bind at
    /// all, and members that reach no row of the table as themselves.
    pub(super) struct PolicyToInertRole {
        id: "policy-to-inert-role",
        title: "restrictive policy for a group does not bind a member of it",
        severity: Medium,
        bad: "
            create role staff nologin;
            create role temp login noinherit;
            grant staff to temp;
            create table public.parcels (id bigint primary key, user_id uuid not null, secret boolean not null);
            alter table public.parcels enable row level security;
            create policy all_rows on public.parcels for select to staff, temp using (id > 0);
            create policy wall on public.parcels as restrictive for select to staff using (not secret);
            revoke all on public.parcels from anon, authenticated, service_role;
            grant select on public.parcels to staff, temp;
        ",
        good: "
            create role staff nologin;
            create role temp login inherit;
            grant staff to temp;
            create table public.parcels (id bigint primary key, user_id uuid not null, secret boolean not null);
            alter table public.parcels enable row level security;
            create policy all_rows on public.parcels for select to staff, temp using (id > 0);
            create policy wall on public.parcels as restrictive for select to staff using (not secret);
            revoke all on public.parcels from anon, authenticated, service_role;
            grant select on public.parcels to staff, temp;
        ",
    }
}

impl Check for PolicyToInertRole {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (table, policy) in cx.policies(out) {
            if policy.permissive {
                continue;
            }
            let unbound: Vec<_> = cx.bound_principals().filter(|p| is_unbound(cx, table, policy, p)).collect();
            if let Some(first) = unbound.first() {
                report((table, policy), first, &unbound, out);
            }
        }
    }
}

/// Whether the role is a member of a group that the policy is for, is not bound by it, and reaches rows.
fn is_unbound(cx: &Context<'_>, table: &Relation, policy: &Policy, principal: &Principal) -> bool {
    let role = &principal.role;
    let is_named = |group: &str| policy.roles.iter().any(|to| matches!(to, Grantee::Role(name) if *name == *group));
    let member = cx.schema.memberships.iter().any(|m| m.member == *role && !m.inherit && is_named(&m.role));
    let Some(own) = cx.schema.relation(&table.name) else { return false };
    let reaches = |command: Command| {
        policy.command.covers(command)
            && matches!(cx.effective.access(role, own, command).extent, Extent::Rows | Extent::All)
    };
    member && !cx.effective.binds(role, policy) && Command::ALL.into_iter().any(reaches)
}

fn report((table, policy): (&Relation, &Policy), first: &Principal, unbound: &[&Principal], out: &mut Findings<'_>) {
    let names: Vec<_> = unbound.iter().map(|p| printable(&p.role).into_owned()).collect();
    let message = format!(
        "Restrictive policy {:?} of {} is for {}, and {} reaches rows without it: as a member that does not inherit, the \
         policy does not bind it.",
        policy.name,
        table.name,
        roles(policy),
        subject(first)
    );
    let title = format!("restrictive policy {:?} of {} does not bind {}", policy.name, table.name, first_of(&names, 2));
    let to: Vec<_> = policy.roles.iter().map(ToString::to_string).collect();
    let members: Vec<_> = unbound.iter().map(|p| quote_ident(&p.role).into_owned()).collect();
    let fix = format!(
        "alter policy {} on {} to {};",
        quote_ident(&policy.name),
        table.name,
        [to, members].concat().join(", ")
    );
    let mut draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Medium, title, message)
        .confidence(Confidence::Proved)
        .principal(&first.role)
        .fix(fix)
        .origin(policy.origin);
    for principal in unbound {
        draft = draft.door(DoorKind::UnboundPolicy, &principal.role, policy_on(table, policy));
    }
    out.report(draft);
}

/// What a trial of a policy is named by.
pub(crate) fn policy_on(table: &Relation, policy: &Policy) -> String {
    format!("{} on {}", quote_ident(&policy.name), table.name)
}
