use super::words::{and_list, first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation};

declare_check! {
    /// A table has policies, but row-level security is off, so none of them is in force.
    ///
    /// `CREATE POLICY` does not switch row security on, and the dashboard shows the policies as if they worked. Every
    /// role with a privilege on the table reaches all of its rows.
    ///
    /// The severity follows who can reach the table; with nobody to reach it, the finding is low: the policies say
    /// that somebody meant to protect it, and the next grant opens it.
    pub(super) struct RlsOffWithPolicies {
        id: "rls-off-with-policies",
        title: "policies that are not in force because row-level security is off",
        severity: Critical,
        bad: "
            create table public.notes (id bigint primary key, owner_id uuid, body text);
            grant select, insert on public.notes to authenticated;
            create policy own on public.notes to authenticated using (owner_id = (select auth.uid()));
        ",
        good: "
            create table public.notes (id bigint primary key, owner_id uuid, body text);
            alter table public.notes enable row level security;
            grant select, insert on public.notes to authenticated;
            create policy own on public.notes to authenticated using (owner_id = (select auth.uid()));
        ",
    }
}

impl Check for RlsOffWithPolicies {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| !r.policies.is_empty()) {
            out.examine(ObjectRef::relation(&table.name));
            if !table.row_security {
                report(cx, table, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, out: &mut Findings<'_>) {
    let reach = cx.reach(table);
    let first = reach.iter().find(|r| r.exposed).or(reach.first());
    let policies: Vec<_> = table.policies.iter().map(|p| format!("{:?}", p.name)).collect();
    let dormant = format!("Its policies ({}) are not in force: row-level security is off.", first_of(&policies, 3));
    let (severity, title, who) = match first {
        Some(r) => (
            cx.severity(Severity::Critical, r.principal, r.exposed),
            format!("{} is open to {}: its policies are not in force", table.name, r.principal.role),
            format!("{} can {} every row of {}.", subject(r.principal), r.verbs(), table.name),
        ),
        None => (
            Severity::Low,
            format!("{} has policies that are not in force", table.name),
            format!(
                "Nobody but the owner has a privilege on {} now; the next grant opens all of its rows.",
                table.name
            ),
        ),
    };
    let mut draft = Draft::new(ObjectRef::relation(&table.name), severity, title, format!("{who} {dormant}"))
        .fix(format!("alter table {} enable row level security;", table.name))
        .origin(table.origin);
    if let Some(r) = first {
        let command = r.accesses.first().map_or(Command::Select, |a| a.command);
        draft = draft.principal(&r.principal.role).reproduce(cx.reproduce(r.principal, table, command));
    }
    for r in &reach {
        draft = draft.evidence("privilege", r.privileges());
        if r.access(Command::Select).is_some() {
            draft = draft.confirm(&r.principal.role, &table.name);
        }
    }
    let kept: Vec<_> = table.policies.iter().map(|p| format!("{} {:?}", p.command, p.name)).collect();
    out.report(draft.evidence("policy", format!("dormant: {}", and_list(&kept))));
}
