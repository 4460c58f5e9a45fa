use std::collections::BTreeSet;

use super::trees::Part;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Extent;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{
    Command, FiresWhen, Function, QualifiedName, Relation, Trigger, TriggerEvent, printable, quote_ident,
};
use crate::report::DoorKind;

declare_check! {
    /// A trigger copies what clients write into a table that policies look up, with the rights of its owner.
    ///
    /// A SECURITY DEFINER trigger function writes past the policies of the table it writes to: whoever may add the row that fires
    /// it decides what lands there. Where policies take rights from that table (memberships, roles, shares), the client writes
    /// its own rights, though nobody granted it a privilege there.
    ///
    /// Medium, as the body may look at what it copies. Not reported: triggers that only log, where no policy reads what they
    /// write, those whose body asks who is acting, tables that the client may write itself anyway, and triggers on tables that
    /// no client can write.
    pub(super) struct DefinerTrigger {
        id: "definer-trigger",
        title: "trigger that writes what clients say into a table that policies trust",
        severity: Medium,
        bad: "
            create table public.seats (team_id bigint, user_id uuid, role text);
            create table public.invites (id bigint primary key, team_id bigint, user_id uuid, role text);
            alter table public.seats enable row level security;
            alter table public.invites enable row level security;
            grant select on public.seats to authenticated;
            grant insert on public.invites to authenticated;
            create policy own on public.seats for select to authenticated using (user_id = (select auth.uid()));
            create policy invite on public.invites for insert to authenticated with check (role <> '');
            create table public.plans (id bigint primary key, team_id bigint);
            alter table public.plans enable row level security;
            create policy team on public.plans for select to authenticated using (exists (
                select 1 from public.seats s where s.team_id = plans.team_id and s.user_id = (select auth.uid())));
            create function public.seat() returns trigger language plpgsql security definer set search_path = '' as $$
                begin insert into public.seats values (new.team_id, new.user_id, new.role); return new; end $$;
            create trigger seat after insert on public.invites for each row execute function public.seat();
        ",
        good: "
            create table public.seats (team_id bigint, user_id uuid, role text);
            create table public.invites (id bigint primary key, team_id bigint, user_id uuid, role text);
            create table public.log (team_id bigint, at timestamptz);
            alter table public.seats enable row level security;
            alter table public.invites enable row level security;
            alter table public.log enable row level security;
            grant select on public.seats to authenticated;
            grant insert on public.invites to authenticated;
            create policy own on public.seats for select to authenticated using (user_id = (select auth.uid()));
            create policy invite on public.invites for insert to authenticated with check (role <> '');
            create table public.plans (id bigint primary key, team_id bigint);
            alter table public.plans enable row level security;
            create policy team on public.plans for select to authenticated using (exists (
                select 1 from public.seats s where s.team_id = plans.team_id and s.user_id = (select auth.uid())));
            create function public.note() returns trigger language plpgsql security definer set search_path = '' as $$
                begin insert into public.log values (new.team_id, now()); return new; end $$;
            create trigger note after insert on public.invites for each row execute function public.note();
        ",
    }
}

impl Check for DefinerTrigger {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let trusted = trusted(cx);
        for table in cx.relations() {
            for trigger in table.triggers.iter().filter(|t| t.for_each_row && t.fires != FiresWhen::Disabled) {
                out.examine(ObjectRef::relation(&table.name));
                let function = cx.schema.function(&trigger.function).filter(|f| f.security_definer);
                if let Some(function) = function.filter(|f| f.extension.is_none()) {
                    report(cx, (table, trigger), function, &trusted, out);
                }
            }
        }
    }
}

/// The tables that policies of others look up.
fn trusted(cx: &Context<'_>) -> BTreeSet<QualifiedName> {
    let mut all = BTreeSet::new();
    for condition in cx.conditions() {
        cx.walk_through(condition.tree, &mut |part, _| {
            let Part::Expr(_, place) = part else { return };
            let tables = place.sources().iter().filter_map(|s| cx.relation_of(s));
            all.extend(tables.map(|t| t.name.clone()).filter(|name| *name != condition.table.name));
        });
    }
    all
}

fn report(
    cx: &Context<'_>,
    (table, trigger): (&Relation, &Trigger),
    function: &Function,
    trusted: &BTreeSet<QualifiedName>,
    out: &mut Findings<'_>,
) {
    let body = function.body.to_lowercase();
    if cx.code.knows_caller(function) || !(body.contains("new.") || body.contains("new)")) {
        return;
    }
    let can = |role: &str, relation: &QualifiedName, command: Command| {
        let relation = cx.schema.relation(relation);
        relation.is_some_and(|r| !matches!(cx.effective.access(role, r, command).extent, Extent::None(_)))
    };
    let fires: Vec<_> = trigger.events.iter().filter_map(|e| command_of(*e)).collect();
    let writer =
        cx.clients().find(|p| cx.exposes(p, &table.name.schema) && fires.iter().any(|c| can(&p.role, &table.name, *c)));
    let Some(principal) = writer else { return };
    let gives_rights = |(name, command): &(&QualifiedName, Command)| {
        matches!(command, Command::Insert | Command::Update)
            && trusted.contains(*name)
            && **name != table.name
            && !can(&principal.role, name, *command)
    };
    let written: Vec<_> = cx.code.effects(function).touches.into_iter().filter(gives_rights).collect();
    let Some((first, _)) = written.first() else { return };
    let door = fired(table, trigger, first);
    let verbs: Vec<_> = fires.iter().map(|c| verb(*c)).collect();
    let message = format!(
        "{} can {} rows of {}, and {} then writes to {first} as {}, with values of that row: policies take rights from {first}.",
        subject(principal),
        and_list(&verbs),
        table.name,
        function.id,
        printable(&function.owner)
    );
    let title = format!("trigger {} writes what clients say to {first}", printable(&trigger.name));
    out.report(
        Draft::new(ObjectRef::function(&function.id), Severity::Medium, title, message)
            .confidence(Confidence::Possible)
            .principal(&principal.role)
            .detail(table.name.to_string())
            .door(DoorKind::FiredTrigger, &principal.role, door)
            .fix(format!("-- hold what {} takes from the row against who writes it, by auth.uid()", function.id))
            .origin(trigger.origin),
    );
}

/// What a trial of a trigger is named by: what fires it, and what it then writes.
pub(crate) fn fired(table: &Relation, trigger: &Trigger, written: &QualifiedName) -> String {
    format!("{} on {}, for {written}", quote_ident(&trigger.name), table.name)
}

fn command_of(event: TriggerEvent) -> Option<Command> {
    match event {
        TriggerEvent::Insert => Some(Command::Insert),
        TriggerEvent::Update => Some(Command::Update),
        TriggerEvent::Delete | TriggerEvent::Truncate => None,
    }
}
