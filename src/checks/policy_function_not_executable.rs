use super::names::Names;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Draft, Findings, ObjectRef, Reproduce, Severity};
use crate::model::{Command, Function, Policy, Privilege, Relation, printable, quote_ident};

declare_check! {
    /// A policy calls a function that the role it is for may not execute: every query of that role on the table fails
    /// with error 42501.
    ///
    /// Policies run as the role that queries, SECURITY DEFINER helpers included: EXECUTE, and USAGE on the schema,
    /// are the caller's to have. Revoking EXECUTE from PUBLIC to close a helper to the Data API breaks the policies
    /// that call it unless it is granted back to the roles that they are for; a schema that is not exposed is the way
    /// to keep a helper from being called by name.
    ///
    /// Not reported: roles without a privilege on the table, and names of which some overload may be executed.
    pub(super) struct PolicyFunctionNotExecutable {
        id: "policy-function-not-executable",
        title: "policy that calls a function which its role may not execute",
        severity: Medium,
        bad: "
            create table public.cards (id bigint primary key, user_id uuid not null);
            alter table public.cards enable row level security;
            create function public.is_own(owner uuid) returns boolean language sql stable set search_path = ''
                as $$ select owner = (select auth.uid()) $$;
            create policy own on public.cards for select to authenticated using (public.is_own(user_id));
            revoke execute on function public.is_own(uuid) from public, anon, authenticated;
            grant select on public.cards to authenticated;
        ",
        good: "
            create table public.cards (id bigint primary key, user_id uuid not null);
            alter table public.cards enable row level security;
            create function public.is_own(owner uuid) returns boolean language sql stable set search_path = ''
                as $$ select owner = (select auth.uid()) $$;
            create policy own on public.cards for select to authenticated using (public.is_own(user_id));
            revoke execute on function public.is_own(uuid) from public, anon;
            grant execute on function public.is_own(uuid) to authenticated;
            grant select on public.cards to authenticated;
        ",
    }
}

impl Check for PolicyFunctionNotExecutable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (table, policy) in cx.policies(out) {
            report(cx, table, policy, out);
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let Some(own) = cx.schema.relation(&table.name) else { return };
    let reaches = |p: &&Principal| {
        let mut commands = Command::ALL.into_iter().filter(|c| policy.command.covers(*c));
        cx.effective.binds(&p.role, policy) && commands.any(|c| cx.effective.access(&p.role, own, c).holder().is_some())
    };
    let calls: Vec<_> = policy.using.iter().chain(&policy.check).flat_map(|text| Names::of(text).calls).collect();
    for call in calls.iter().filter(|c| c.schema.is_some()) {
        let named = |f: &&Function| call.schema.as_deref() == Some(&f.id.schema) && f.id.name == call.name;
        let overloads: Vec<_> = cx.schema.functions.iter().filter(named).collect();
        let Some(first) = overloads.first() else { continue };
        let may = |p: &Principal| overloads.iter().any(|f| cx.effective.may_execute(&p.role, f).is_some());
        // Roles that the policy names, or of everyone those whom it was made for: if none may, it serves nobody.
        let bound: Vec<_> = cx.clients().filter(reaches).collect();
        let Some(principal) = bound.iter().rev().find(|p| !may(p)).filter(|_| !bound.iter().any(|p| may(p))) else {
            continue;
        };
        tell(cx, (table, policy), first, principal, out);
    }
}

fn tell(
    cx: &Context<'_>,
    (table, policy): (&Relation, &Policy),
    function: &Function,
    principal: &Principal,
    out: &mut Findings<'_>,
) {
    let (name, role) = (printable(&policy.name), printable(&principal.role));
    let message = format!(
        "The policy {name} on {} calls {}, which {role} may not execute: its queries on the table are refused (42501).",
        table.name, function.id
    );
    let mut fix = format!("grant execute on function {} to {};", function.id, quote_ident(&principal.role));
    let namespace = cx.schema.namespace(&function.id.schema);
    if namespace.is_some_and(|n| cx.effective.holds_on_namespace(&principal.role, n, Privilege::Usage).is_none()) {
        let schema = quote_ident(&function.id.schema);
        fix.push_str(&format!("\ngrant usage on schema {schema} to {};", quote_ident(&principal.role)));
    }
    let title = format!("policy {name} calls {}, which {role} may not execute", function.id);
    let sql = format!(
        "select has_function_privilege({}, {}, 'execute');",
        crate::model::quote_literal(&principal.role),
        crate::model::quote_literal(&function.id.to_string())
    );
    out.report(
        Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Medium, title, message)
            .principal(&principal.role)
            .detail(function.id.to_string())
            .reproduce(Reproduce { sql: Some(sql), ..Reproduce::default() })
            .fix(fix)
            .origin(policy.origin),
    );
}
