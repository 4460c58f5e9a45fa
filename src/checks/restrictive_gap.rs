use super::compared::Compared;
use super::shown::Shown;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::{Principal, Who};
use crate::analyzer::truth::Truth;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, PolicyCommand, Relation, printable, quote_ident};

declare_check! {
    /// A restrictive floor under reading leaves other commands, or other roles, without it.
    ///
    /// A restrictive policy is the wall between tenants or the demand for a second factor. FOR SELECT it is none under
    /// INSERT, so that rows can be added beyond it; and none under an UPDATE or DELETE that reads no column. TO one role it
    /// does not bind the other roles that reach the table.
    ///
    /// Decided over all rows and sessions: the witness is a row that the command reaches although the floor's condition is
    /// not true of it. So commands with floors of their own, and permissive policies that demand as much, give nothing. A
    /// floor FOR INSERT, UPDATE or DELETE alone is taken as meant. An UPDATE or DELETE with a WHERE is held to the floor for
    /// SELECT by Postgres itself, and Supabase's Data API runs no other: for it that gap is low. That requests without a
    /// sign-in get rows without a floor on the session, such as a second factor, is not reported.
    pub(super) struct RestrictiveGap {
        id: "restrictive-gap",
        title: "restrictive policy that leaves other commands or roles open",
        severity: High,
        bad: "
            create table public.contracts (id bigint primary key, owner uuid not null, region text not null);
            alter table public.contracts enable row level security;
            grant select, insert on public.contracts to authenticated;
            create policy own on public.contracts to authenticated using (owner = (select auth.uid()));
            create policy wall on public.contracts as restrictive for select to authenticated
                using (region = ((select auth.jwt()) -> 'app_metadata' ->> 'region'));
        ",
        good: "
            create table public.contracts (id bigint primary key, owner uuid not null, region text not null);
            alter table public.contracts enable row level security;
            grant select, insert on public.contracts to authenticated;
            create policy own on public.contracts to authenticated using (owner = (select auth.uid()));
            create policy wall on public.contracts as restrictive to authenticated
                using (region = ((select auth.jwt()) -> 'app_metadata' ->> 'region'));
        ",
    }
}

impl Check for RestrictiveGap {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            for floor in table.policies.iter().filter(|p| !p.permissive) {
                out.examine(ObjectRef::policy(&table.name, &floor.name));
                let reads = floor.command.covers(Command::Select);
                if reads && cx.effective.command_truth(floor, Command::Select) == Truth::Depends {
                    let found = cx.clients().filter_map(|p| gap(cx, table, floor, p));
                    if let Some(worst) = found.max_by_key(|f| f.severity) {
                        report(cx, table, floor, &worst, out);
                    }
                }
            }
        }
    }
}

/// What a floor leaves open to a principal.
struct Gap<'a> {
    principal: &'a Principal,
    /// The commands that it weighs most for.
    commands: Vec<Command>,
    /// All that are open.
    open: Vec<Command>,
    severity: Severity,
    witness: Box<Witness>,
    /// Whether the floor is for other roles, rather than for another command.
    of_role: bool,
}

fn gap<'a>(cx: &'a Context<'_>, table: &'a Relation, floor: &Policy, principal: &'a Principal) -> Option<Gap<'a>> {
    let of_role = !cx.effective.binds(&principal.role, floor);
    if !of_role && floor.command == PolicyCommand::All {
        return None;
    }
    let under = |c: &Command| if of_role { floor.command.covers(*c) } else { !floor.command.covers(*c) };
    let mut compared = Compared::new(cx, principal, table);
    let text = floor.using.as_deref()?;
    let mut open: Vec<(Command, Severity, Box<Witness>)> = Vec::new();
    for command in Command::ALL.into_iter().filter(under) {
        let access = cx.effective.access(&principal.role, table, command);
        if !access.is_some() || !access.row_security.applies() {
            continue;
        }
        let adds = command == Command::Insert;
        let row = if adds { compared.asked.new_row() } else { compared.asked.row() };
        let condition = compared.asked.condition(text, row);
        if of_role && principal.who == Who::Anyone && !compared.asked.reads_row(condition) {
            continue;
        }
        let which = if adds { Which::New } else { Which::Old };
        let may = compared.asked.access(command, which, row);
        let Some(witness) = compared.asked.find(&[may], &[condition], By::Anyone) else { continue };
        let worst = match (of_role, principal.who) {
            (true, Who::Anyone) => Severity::Medium,
            (false, _) if !adds && cx.refuses_blind_writes(principal) => Severity::Low,
            _ => Severity::High,
        };
        open.push((command, worst, witness));
    }
    let worst = open.iter().map(|(_, severity, _)| *severity).max()?;
    let all = open.iter().map(|(command, ..)| *command).collect();
    open.retain(|(_, severity, _)| *severity == worst);
    let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
    let commands = open.iter().map(|(command, ..)| *command).collect();
    let witness = open.into_iter().next()?.2;
    Some(Gap { principal, commands, open: all, severity, witness, of_role })
}

fn report(cx: &Context<'_>, table: &Relation, floor: &Policy, found: &Gap<'_>, out: &mut Findings<'_>) {
    let text = floor.using.as_deref().unwrap_or("true");
    let verbs: Vec<_> = found.commands.iter().map(|c| verb(*c)).collect();
    let why = if found.of_role { "is not for that role" } else { "is for SELECT alone" };
    let mut message = format!(
        "{} can {} rows of {} of which the restrictive policy {:?}, {}, is not true: it {why}.",
        subject(found.principal),
        and_list(&verbs),
        table.name,
        floor.name,
        printable(text)
    );
    if !found.of_role && !found.commands.contains(&Command::Insert) {
        message.push_str(" It takes a statement without WHERE, RETURNING or any column that it reads.");
    }
    let title =
        format!("restrictive policy {:?} of {} leaves {} {}", floor.name, table.name, found.principal.role, "open");
    let command = found.commands.first().copied().unwrap_or(Command::Select);
    let adds = command == Command::Insert;
    let shown = Shown {
        principal: found.principal,
        table,
        command,
        which: if adds { Which::New } else { Which::Old },
        rule: text,
        blind: !found.of_role,
    };

    let draft = Draft::new(ObjectRef::policy(&table.name, &floor.name), found.severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&found.principal.role)
        .fix(fix(table, floor, found, text))
        .evidence("witness", cx.show(&found.witness, "added"))
        .evidence("policy", format!("RESTRICTIVE FOR {}: {}", floor.command, printable(text)))
        .origin(floor.origin);
    let reproduce = cx.reproduce(found.principal, table, command);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}

/// The same floor under what is open.
fn fix(table: &Relation, floor: &Policy, found: &Gap<'_>, text: &str) -> String {
    let mut roles: Vec<_> = floor.roles.iter().map(ToString::to_string).collect();
    let name = quote_ident(&floor.name);
    if found.of_role {
        roles.push(quote_ident(&found.principal.role).into_owned());
        return format!("alter policy {name} on {} to {};", table.name, roles.join(", "));
    }
    let each = found.open.iter().map(|command| {
        let word = command.to_string().to_lowercase();
        let own = quote_ident(&format!("{} ({word})", floor.name)).into_owned();
        let clause = if *command == Command::Insert { "with check" } else { "using" };
        format!(
            "create policy {own} on {} as restrictive for {word} to {} {clause} ({text});",
            table.name,
            roles.join(", ")
        )
    });
    each.collect::<Vec<_>>().join("\n")
}
