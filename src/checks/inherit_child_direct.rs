use super::partition_child_direct::wider;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation};

declare_check! {
    /// A table that inherits from another gives clients, when it is named directly, rows that the parent keeps from
    /// them.
    ///
    /// Its rows are the parent's rows too, and a query on the parent follows the parent's policies; a query on the
    /// child follows the child's own, and inheritance copies neither row security nor policies nor grants.
    ///
    /// Reported when the child lets through what the parent never does. Not reported: partitions
    /// (`partition-child-direct`), children that no client has a privilege on, and those no wider than the parent.
    pub(super) struct InheritChildDirect {
        id: "inherit-child-direct",
        title: "child table that gives directly what its parent keeps back",
        severity: High,
        bad: "
            create table public.people (id bigint primary key, user_id uuid not null);
            create table public.staff (grade integer not null) inherits (public.people);
            alter table public.people enable row level security;
            create policy own on public.people to authenticated using (user_id = (select auth.uid()));
            alter table public.staff enable row level security;
            create policy grades on public.staff for select to authenticated using (grade > 0);
            revoke all on public.people, public.staff from anon, authenticated, public;
            grant select on public.staff to authenticated;
        ",
        good: "
            create table public.people (id bigint primary key, user_id uuid not null);
            create table public.staff (grade integer not null) inherits (public.people);
            alter table public.people enable row level security;
            create policy own on public.people to authenticated using (user_id = (select auth.uid()));
            alter table public.staff enable row level security;
            revoke all on public.people, public.staff from anon, authenticated, public;
            grant select on public.people to authenticated;
        ",
    }
}

impl Check for InheritChildDirect {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for child in cx.relations().filter(|r| !r.is_partition && r.kind.carries_row_security()) {
            for parent in child.parents.iter().filter_map(|name| cx.schema.relation(name)) {
                out.examine(ObjectRef::relation(&child.name));
                // What is open altogether is reported as that.
                if parent.row_security && child.row_security {
                    report(cx, child, parent, out);
                }
            }
        }
    }
}

fn report(cx: &Context<'_>, child: &Relation, parent: &Relation, out: &mut Findings<'_>) {
    let clients = cx.clients().filter(|p| cx.effective.inherits(&p.role, &child.owner).is_none());
    let all: Vec<_> = clients.map(|p| (p, wider(cx, p, child, parent))).filter(|(_, c)| !c.is_empty()).collect();
    let exposed =
        |role: &&(&crate::analyzer::effective::Principal, Vec<Command>)| cx.exposes(role.0, &child.name.schema);
    let Some((principal, commands)) = all.iter().find(exposed).or(all.first()) else { return };
    let verbs: Vec<_> = commands.iter().map(|c| verb(*c)).collect();
    let message = format!(
        "{} can {} rows of {} by naming it, although they are rows of {} too, whose policies keep them back.",
        subject(principal),
        and_list(&verbs),
        child.name,
        parent.name
    );
    let principals: Vec<_> = all.iter().map(|(p, _)| *p).collect();
    let privileges: Vec<_> = commands.iter().map(|c| c.privilege()).collect();
    let severity = cx.severity(Severity::High, principal, cx.exposes(principal, &child.name.schema));
    let title = format!("{} gives {} rows that its parent {} keeps back", child.name, principal.role, parent.name);
    let shown = commands.first().copied().unwrap_or(Command::Select);
    let mut draft = Draft::new(ObjectRef::relation(&child.name), severity, title, message)
        .principal(&principal.role)
        .detail(parent.name.to_string())
        .reproduce(cx.reproduce(principal, child, shown))
        .fix(cx.revoke_relation(&privileges, child, &principals))
        .origin(child.origin);
    if commands.contains(&Command::Select) {
        draft = draft.confirm(&principal.role, &child.name);
    }
    out.report(draft);
}
