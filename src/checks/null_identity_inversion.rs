use super::policy_tautology::roles;
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::{Principal, Who};
use crate::analyzer::truth::Truth;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A policy is true for every row exactly when nobody is signed in: the missing identity opens the table.
    ///
    /// `auth.uid() is null or user_id = auth.uid()`, `coalesce(user_id = auth.uid(), true)` and
    /// `(user_id <> auth.uid()) is not true` are meant for the back end or for rows without an owner. But a request with
    /// nothing but the public key has no identity either, so that anyone on the internet gets every row, and signed-in
    /// users only their own.
    ///
    /// Proved by SQL's three-valued logic over the whole of what binds the role, restrictive policies included, for
    /// sessions without user claims. Not reported: policies that are true for signed-in users as well (see
    /// `policy-tautology`), and tables on which anonymous requests have no privilege.
    pub(super) struct NullIdentityInversion {
        id: "null-identity-inversion",
        title: "policy that opens every row to requests without an identity",
        severity: Critical,
        bad: "
            create table public.letters (id bigint primary key, user_id uuid not null, body text);
            alter table public.letters enable row level security;
            grant select on public.letters to anon, authenticated;
            create policy \"own letters\" on public.letters for select to anon, authenticated
                using (auth.uid() is null or user_id = auth.uid());
        ",
        good: "
            create table public.letters (id bigint primary key, user_id uuid not null, body text);
            alter table public.letters enable row level security;
            grant select on public.letters to anon, authenticated;
            create policy \"own letters\" on public.letters for select to anon, authenticated
                using (auth.uid() is not null and user_id = auth.uid());
        ",
    }
}

impl Check for NullIdentityInversion {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let anyone: Vec<_> = cx.clients().filter(|p| p.who == Who::Anyone).collect();
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| p.permissive) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
            }
            for principal in &anyone {
                look_at(cx, table, principal, out);
            }
        }
    }
}

/// Reports each policy through which every row is open, for the first command that it opens.
fn look_at(cx: &Context<'_>, table: &Relation, principal: &Principal, out: &mut Findings<'_>) {
    let Some(table) = cx.schema.relation(&table.name).filter(|_| cx.exposes(principal, &table.name.schema)) else {
        return;
    };
    let decider = Decider::brief(&cx.effective);
    for policy in table.policies.iter().filter(|p| p.permissive && cx.effective.binds(&principal.role, p)) {
        let reached: Vec<_> = Command::ALL
            .into_iter()
            .filter(|c| policy.command.covers(*c) && cx.effective.command_truth(policy, *c) == Truth::Depends)
            .filter(|c| {
                let access = cx.effective.access(&principal.role, table, *c);
                access.is_some() && access.row_security.applies()
            })
            .collect();
        let opened = [Which::Old, Which::New].into_iter().find_map(|which| {
            let command = *reached.iter().find(|c| (**c == Command::Insert) == (which == Which::New))?;
            opens(&decider, principal, table, policy, command, which).then_some(command)
        });
        if let Some(command) = opened {
            report(cx, table, policy, principal, command, out);
        }
    }
}

/// Whether the policy by itself, and with all that binds the role, is true for every row without an identity.
fn opens<'a>(
    decider: &Decider<'a>,
    principal: &Principal,
    table: &'a Relation,
    policy: &Policy,
    command: Command,
    which: Which,
) -> bool {
    let mut alone = decider.policies(&principal.role, table, &[policy], which);
    alone.proves(Ask::AlwaysTrue, Asker::Nobody)
        && !alone.proves(Ask::AlwaysTrue, Asker::Any)
        && decider.access(&principal.role, table, command, which, Caller::Sql).proves(Ask::AlwaysTrue, Asker::Nobody)
}

fn report(
    cx: &Context<'_>,
    table: &Relation,
    policy: &Policy,
    principal: &Principal,
    command: Command,
    out: &mut Findings<'_>,
) {
    let condition = match command {
        Command::Insert => policy.check.as_deref().or(policy.using.as_deref()),
        _ => policy.using.as_deref(),
    };
    let condition = printable(condition.unwrap_or("true"));
    let title = format!("policy {:?} opens {} to requests without an identity", policy.name, table.name);
    let message = format!(
        "{} can {} every row of {}: policy {:?}, {condition}, is true for each when nobody is signed in.",
        subject(principal),
        verb(command),
        table.name,
        policy.name,
    );
    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), Severity::Critical, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .reproduce(cx.reproduce(principal, table, command))
        .fix(format!(
            "alter policy {} on {} to authenticated;\n-- and demand the identity: auth.uid() is not null and ..",
            quote_ident(&policy.name),
            table.name
        ))
        .evidence("policy", format!("FOR {} TO {}: {condition}", policy.command, roles(policy)))
        .origin(policy.origin);
    let draft = if command == Command::Select { draft.confirm(&principal.role, &table.name) } else { draft };
    out.report(draft);
}
