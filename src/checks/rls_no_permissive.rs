use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Access, Extent, Principal, Refusal};
use crate::analyzer::truth::Truth;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation};

declare_check! {
    /// Row-level security is on, clients have privileges, and no permissive policy lets any row through.
    ///
    /// Restrictive policies alone grant nothing: they only narrow what a permissive one allows. A table with only
    /// restrictive policies therefore shows clients no row at all and refuses each write, which looks like an empty
    /// table rather than an error. With no policy at all the same may be wanted, so that is reported as information.
    ///
    /// Not reported: tables on which no client has a privilege (there the lock is plainly meant) or whose restrictive
    /// policies are all `using (false)`, and partitions, which are best closed to direct access.
    pub(super) struct RlsNoPermissive {
        id: "rls-no-permissive",
        title: "row-level security without a permissive policy: clients reach no row",
        severity: Medium,
        bad: "
            create table public.orders (id bigint primary key, user_id uuid, paid boolean);
            alter table public.orders enable row level security;
            grant select on public.orders to authenticated;
            create policy own on public.orders as restrictive to authenticated
                using (user_id = (select auth.uid()));
        ",
        good: "
            create table public.orders (id bigint primary key, user_id uuid, paid boolean);
            alter table public.orders enable row level security;
            grant select on public.orders to authenticated;
            create policy own on public.orders to authenticated using (user_id = (select auth.uid()));
            create table public.jobs (id bigint primary key);
            alter table public.jobs enable row level security;
            revoke all on public.jobs from anon, authenticated, public;
        ",
    }
}

impl Check for RlsNoPermissive {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security && !r.is_partition) {
            out.examine(ObjectRef::relation(&table.name));
            if !table.policies.iter().any(|p| p.permissive) && !is_closed_on_purpose(cx, table) {
                report(cx, table, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, out: &mut Findings<'_>) {
    let Some((principal, access)) = cx.clients().find_map(|p| Some((p, refused(cx, p, table)?))) else { return };
    let (severity, confidence, detail) = if table.policies.is_empty() {
        (Severity::Info, Confidence::Possible, "it has no policy".to_owned())
    } else {
        let names: Vec<_> = table.policies.iter().map(|p| format!("{:?}", p.name)).collect();
        let names = super::words::first_of(&names, 3);
        (
            Severity::Medium,
            Confidence::Likely,
            format!("its only policies ({names}) are restrictive, which grant nothing"),
        )
    };
    let title = format!("no client reaches a row of {}: no permissive policy", table.name);
    let message = format!(
        "Row-level security of {} is on and {detail}. {} has the privilege, but sees no row and every write is refused.",
        table.name,
        subject(principal)
    );
    let mut draft = Draft::new(ObjectRef::relation(&table.name), severity, title, message)
        .confidence(confidence)
        .principal(&principal.role)
        .reproduce(cx.reproduce_read(principal, table))
        .origin(table.origin);
    if let Some(holder) = access.holder() {
        draft = draft.evidence("privilege", format!("{}: {} {holder}", principal.role, access.command));
    }
    let clients: Vec<_> = cx.clients().filter(|p| refused(cx, p, table).is_some()).collect();
    let fix = if table.policies.is_empty() {
        let all = Command::ALL.map(Command::privilege);
        format!("-- if nobody but the back end needs it:\n{}", cx.revoke_relation(&all, table, &clients))
    } else {
        "-- say which rows may be reached, with a policy that is not `as restrictive`".to_owned()
    };
    out.report(draft.fix(fix));
}

/// Whether each restrictive policy refuses every row anyway (`using (false)`): somebody says so, twice.
fn is_closed_on_purpose(cx: &Context<'_>, table: &Relation) -> bool {
    let never = |p: &Policy| {
        let mut commands = Command::ALL.into_iter().filter(|c| p.command.covers(*c));
        commands.all(|c| cx.effective.command_truth(p, c) == Truth::Never)
    };
    !table.policies.is_empty() && table.policies.iter().all(never)
}

/// The command that `principal` has the privilege for, but no row.
fn refused<'a>(cx: &Context<'a>, principal: &Principal, table: &'a Relation) -> Option<Access<'a>> {
    if !cx.exposes(principal, &table.name.schema) {
        return None;
    }
    let accesses = Command::ALL.into_iter().map(|c| cx.effective.access(&principal.role, table, c));
    let mut refused = accesses.filter(|a| a.extent == Extent::None(Refusal::NoPermissive));
    refused.next()
}
