use super::compared::Compared;
use super::shown::Shown;
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which, pick};
use crate::analyzer::effective::Principal;
use crate::analyzer::term::Row;
use crate::analyzer::truth::Truth;
use crate::analyzer::verdict::Verdict;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, PolicyCommand, Relation, printable, quote_ident};
use crate::parallel;

declare_check! {
    /// A broad policy swallows a narrow one: what the narrow one withholds, the broad one lets through.
    ///
    /// Permissive policies are OR-ed. `for select using (member(team_id) and not private)` reads as if private rows
    /// stayed hidden; a policy `for all using (member(team_id))`, written with changes in mind, covers SELECT as well and
    /// shows them. The narrow policy is then without effect.
    ///
    /// Decided over all rows and sessions: every row of the narrow policy is one of the broad policy's, and the witness is
    /// one that only the broad policy lets through. Reported, on the policy that widens, is one FOR ALL beside one that
    /// was written for the command itself: high where every signed-in user gains others' rows by it, medium where
    /// members do. Of two that were written for the same command a wider one may be meant; it is reported, as medium, only
    /// where it is true of every row for every signed-in user. A policy that is always true is `policy-tautology`.
    pub(super) struct OrMergeWidening {
        id: "or-merge-widening",
        title: "broad policy that swallows a narrow one",
        severity: High,
        bad: "
            create table public.posts (id bigint primary key, author_id uuid not null, draft boolean not null);
            alter table public.posts enable row level security;
            grant select, update on public.posts to authenticated;
            create policy \"read finished\" on public.posts for select to authenticated
                using (not draft and (select auth.uid()) is not null);
            create policy \"work on posts\" on public.posts to authenticated
                using (author_id is not null and (select auth.uid()) is not null) with check (author_id = (select auth.uid()));
        ",
        good: "
            create table public.posts (id bigint primary key, author_id uuid not null, draft boolean not null);
            alter table public.posts enable row level security;
            grant select, update on public.posts to authenticated;
            create policy \"read finished\" on public.posts for select to authenticated
                using (not draft and (select auth.uid()) is not null);
            create policy \"work on posts\" on public.posts to authenticated
                using (author_id = (select auth.uid())) with check (author_id = (select auth.uid()));
        ",
    }
}

impl Check for OrMergeWidening {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables = cx.relations().filter(|r| r.row_security);
        let broad: Vec<_> =
            tables.flat_map(|t| t.policies.iter().filter(|p| p.permissive).map(move |p| (t, p))).collect();
        let found = parallel::each(&broad, 2, |(table, broad)| {
            let commands = Command::ALL.into_iter().filter(|c| broad.command.covers(*c));
            let found = commands.flat_map(|c| cx.clients().filter_map(move |p| widens(cx, table, broad, p, c)));
            found.max_by_key(|f| f.severity)
        });
        for ((table, broad), worst) in broad.into_iter().zip(found) {
            out.examine(ObjectRef::policy(&table.name, &broad.name));
            worst.into_iter().for_each(|worst| report(cx, table, broad, &worst, out));
        }
    }
}

/// A policy that gives more than one beside it.
struct Widening<'a> {
    principal: &'a Principal,
    narrow: &'a Policy,
    command: Command,
    severity: Severity,
    witness: Box<Witness>,
}

fn widens<'a>(
    cx: &'a Context<'_>,
    table: &'a Relation,
    broad: &Policy,
    principal: &'a Principal,
    command: Command,
) -> Option<Widening<'a>> {
    let access = cx.effective.access(&principal.role, table, command);
    let is_open = |p: &Policy| cx.effective.command_truth(p, command) != Truth::Depends;
    if !access.is_some() || !access.row_security.applies() || access.permissive.len() < 2 || is_open(broad) {
        return None;
    }
    let which = if command == Command::Insert { Which::New } else { Which::Old };
    let others =
        || access.permissive.iter().copied().filter(|p| p.command != PolicyCommand::All || broad.command == p.command);
    let beside: Vec<_> = others().filter(|p| pick(which)(p) != pick(which)(broad) && !is_open(p)).collect();
    if beside.len() < others().filter(|p| p.name != broad.name).count() || !cx.effective.binds(&principal.role, broad) {
        // One that is open, or says just the same, leaves nothing to widen.
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    let row = if which == Which::New { compared.asked.new_row() } else { compared.asked.row() };
    let wide = compared.alone(broad, command, which, row);
    let narrow = beside.iter().copied().find(|p| {
        let narrow = compared.alone(p, command, which, row);
        // It must let something through by itself for its part to be swallowed.
        narrow != wide
            && compared.asked.ask(&[narrow], &[wide], By::Anyone) == Verdict::Proved
            && compared.asked.find(&[narrow], &[], By::Anyone).is_some()
    })?;
    let gained = |compared: &mut Compared<'_>, row: Row| {
        let wide = compared.alone(broad, command, which, row);
        (vec![wide], vec![compared.asked.policies(&beside, which, row)])
    };
    let stranger = compared.of_several(By::Stranger, which, gained);
    let is_for_all = broad.command == PolicyCommand::All && narrow.command != PolicyCommand::All;
    let worst = match (&stranger, is_for_all) {
        (Some(_), true) => Severity::High,
        (None, true) => Severity::Medium,
        (Some(_), false) if compared.is_open(wide) => Severity::Medium,
        (_, false) => return None,
    };
    let witness = stranger.or_else(|| compared.of_several(By::Anyone, which, gained))?;
    let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
    Some(Widening { principal, narrow, command, severity, witness })
}

fn report(cx: &Context<'_>, table: &Relation, broad: &Policy, found: &Widening<'_>, out: &mut Findings<'_>) {
    let which = if found.command == Command::Insert { Which::New } else { Which::Old };
    let text = |p: &Policy| printable(pick(which)(p).unwrap_or("true")).into_owned();
    let what = verb(found.command);
    let message = format!(
        "{} can {what} rows of {} that policy {:?}, {}, withholds: policy {:?}, {}, is for {} as well and lets through all \
         that the other does, and more.",
        subject(found.principal),
        table.name,
        found.narrow.name,
        text(found.narrow),
        broad.name,
        text(broad),
        found.command
    );
    let rule = pick(which)(found.narrow).unwrap_or("true");
    let shown = Shown { principal: found.principal, table, command: found.command, which, rule, blind: false };
    let title = format!("policy {:?} swallows policy {:?} of {}", broad.name, found.narrow.name, table.name);
    let draft = Draft::new(ObjectRef::policy(&table.name, &broad.name), found.severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&found.principal.role)
        .fix(fix(table, broad, found))
        .evidence("witness", cx.show(&found.witness, "likewise"))
        .evidence("broad policy", format!("FOR {}: {}", broad.command, text(broad)))
        .evidence("narrow policy", format!("FOR {}: {}", found.narrow.command, text(found.narrow)))
        .origin(broad.origin);
    let reproduce = cx.reproduce(found.principal, table, found.command);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}

/// The broad policy for the other commands only.
fn fix(table: &Relation, broad: &Policy, found: &Widening<'_>) -> String {
    let name = quote_ident(&broad.name);
    if broad.command != PolicyCommand::All {
        return format!(
            "-- drop the one of the two policies that is not meant, {name} or {}",
            quote_ident(&found.narrow.name)
        );
    }
    let roles: Vec<_> = broad.roles.iter().map(ToString::to_string).collect();
    let mut sql = format!("drop policy {name} on {};", table.name);
    for command in Command::ALL.into_iter().filter(|c| *c != found.command) {
        let using = broad.using.as_deref().filter(|_| command != Command::Insert);
        let check = match command {
            Command::Insert => broad.check.as_deref().or(broad.using.as_deref()),
            Command::Update => broad.check.as_deref(),
            _ => None,
        };
        let using = using.map(|u| format!(" using ({u})")).unwrap_or_default();
        let check = check.map(|c| format!(" with check ({c})")).unwrap_or_default();
        let own = quote_ident(&format!("{} ({})", broad.name, command.to_string().to_lowercase())).into_owned();
        let command = command.to_string().to_lowercase();
        sql.push_str(&format!(
            "\ncreate policy {own} on {} for {command} to {}{using}{check};",
            table.name,
            roles.join(", ")
        ));
    }
    sql
}
