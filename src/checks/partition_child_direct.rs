use std::collections::BTreeSet;

use super::words::{and_list, privileges, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Access, Extent, Principal};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation};

declare_check! {
    /// A partition gives clients, when it is named directly, rows that the partitioned table keeps from them.
    ///
    /// Row-level security and privileges are each relation's own: a query on the parent follows the parent's, a query
    /// on the partition the partition's. New partitions start without row security, and where default privileges are
    /// generous they start granted too.
    ///
    /// Reported when row security is off on the partition, when it lets through what the parent never does, or when
    /// it lacks a restrictive policy of the parent. Not reported: partitions that no client has a privilege on, and
    /// those no wider than the parent. Dormant policies are `rls-off-with-policies`.
    pub(super) struct PartitionChildDirect {
        id: "partition-child-direct",
        title: "partition that gives directly what the partitioned table keeps back",
        severity: High,
        bad: "
            create table public.events (id bigint, user_id uuid not null) partition by range (id);
            create table public.events_1 partition of public.events for values from (1) to (1000);
            alter table public.events enable row level security;
            create policy own on public.events to authenticated using (user_id = (select auth.uid()));
            revoke all on public.events, public.events_1 from anon, authenticated, public;
            grant select on public.events, public.events_1 to authenticated;
        ",
        good: "
            create table public.events (id bigint, user_id uuid not null) partition by range (id);
            create table public.events_1 partition of public.events for values from (1) to (1000);
            create table public.events_2 partition of public.events for values from (1000) to (2000);
            alter table public.events enable row level security;
            alter table public.events_2 enable row level security;
            create policy own on public.events to authenticated using (user_id = (select auth.uid()));
            revoke all on public.events, public.events_1, public.events_2 from anon, authenticated, public;
            grant select on public.events, public.events_2 to authenticated;
        ",
    }
}

impl Check for PartitionChildDirect {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for child in cx.relations().filter(|r| r.is_partition && r.kind.carries_row_security()) {
            out.examine(ObjectRef::relation(&child.name));
            let dormant = !child.row_security && !child.policies.is_empty();
            if let Some(root) = root(cx, child).filter(|_| !dormant) {
                report(cx, child, root, out);
            }
        }
    }
}

/// The partitioned table at the top, which queries are meant for.
fn root<'a>(cx: &Context<'a>, child: &Relation) -> Option<&'a Relation> {
    let mut at = cx.schema.relation(child.parents.first()?)?;
    let mut seen = BTreeSet::from([&at.name]);
    while at.is_partition {
        let Some(parent) = at.parents.first().and_then(|p| cx.schema.relation(p)) else { break };
        if !seen.insert(&parent.name) {
            break;
        }
        at = parent;
    }
    Some(at)
}

fn report(cx: &Context<'_>, child: &Relation, root: &Relation, out: &mut Findings<'_>) {
    let wider: Vec<_> = cx
        .clients()
        .filter(|p| cx.effective.inherits(&p.role, &child.owner).is_none())
        .map(|p| (p, wider(cx, p, child, root)))
        .filter(|(_, commands)| !commands.is_empty())
        .collect();
    let exposed = |p: &Principal| cx.exposes(p, &child.name.schema);
    let Some((principal, commands)) = wider.iter().find(|(p, _)| exposed(p)).or(wider.first()) else { return };
    let verbs: Vec<_> = commands.iter().map(|c| verb(*c)).collect();
    let why = match (child.row_security, root.row_security) {
        (true, _) => "its policies are wider than those of",
        (false, true) => "row-level security is off on it, unlike",
        (false, false) => "it is granted more widely than",
    };
    let message = format!(
        "{} can {} rows of the partition {} by naming it: {why} {}.",
        subject(principal),
        and_list(&verbs),
        child.name,
        root.name
    );
    let principals: Vec<_> = wider.iter().map(|(p, _)| *p).collect();
    let severity = cx.severity(Severity::High, principal, exposed(principal));
    let title = format!("partition {} gives {} rows that {} keeps back", child.name, principal.role, root.name);
    let shown = commands.first().copied().unwrap_or(Command::Select);
    let mut draft = Draft::new(ObjectRef::relation(&child.name), severity, title, message)
        .principal(&principal.role)
        .reproduce(cx.reproduce(principal, child, shown))
        .fix(fix(cx, child, root, &principals))
        .origin(child.origin);
    for (p, commands) in &wider {
        let relation = cx.schema.relation(&child.name);
        let holder = |c: &Command| Some((*c, cx.effective.access(&p.role, relation?, *c).holder()?));
        let held: Vec<_> = commands.iter().filter_map(holder).collect();
        draft = draft.evidence("privilege", privileges(&p.role, &held));
        if commands.contains(&Command::Select) {
            draft = draft.confirm(&p.role, &child.name);
        }
    }
    out.report(draft);
}

fn fix(cx: &Context<'_>, child: &Relation, root: &Relation, from: &[&Principal]) -> String {
    if child.row_security {
        return cx.revoke_relation(&Command::ALL.map(Command::privilege), child, from);
    }
    let (child, root) = (&child.name, &root.name);
    format!("alter table {child} enable row level security; -- queries on {root} go by its policies as before")
}

/// The commands that reach more of the child named directly than through its root.
pub(super) fn wider(cx: &Context<'_>, principal: &Principal, child: &Relation, root: &Relation) -> Vec<Command> {
    let exceeds = |command: &Command| {
        let direct = cx.effective.access(&principal.role, child, *command);
        is_wider(&direct, &cx.effective.access(&principal.role, root, *command))
    };
    Command::ALL.into_iter().filter(exceeds).collect()
}

fn is_wider(direct: &Access<'_>, through: &Access<'_>) -> bool {
    match (direct.extent, through.extent) {
        (Extent::None(_), _) | (_, Extent::All) => false,
        (Extent::All, _) | (Extent::Rows, Extent::None(_)) => true,
        (Extent::Rows, Extent::Rows) => through
            .restrictive
            .iter()
            .any(|p| !direct.restrictive.iter().any(|d| (&d.using, &d.check) == (&p.using, &p.check))),
    }
}
