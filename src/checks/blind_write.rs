use super::compared::{Compared, is_within};
use super::shown::Shown;
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::Principal;
use crate::analyzer::term::Row;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Reproduce, Severity};
use crate::model::{Command, Policy, Relation, quote_ident};

declare_check! {
    /// Rows that a role cannot read can be changed or deleted by it, with a statement that reads no column.
    ///
    /// Postgres adds the policies for SELECT to an UPDATE or DELETE only when the statement reads the table: a WHERE, a
    /// RETURNING or a column on the right side of SET. `DELETE FROM t` and `UPDATE t SET done = true` read nothing, and
    /// are held to the policies of their own command alone. Where those are wider than the ones for SELECT, on the
    /// thought that nobody changes what they do not see, the statement reaches all of it at once.
    ///
    /// Decided over all rows and sessions, with a witness: a row that the write reaches and the read does not. Reported
    /// are rows of several owners, or of nobody in tables that name none; not reported are rows of the caller's own (a
    /// soft delete that hides them). Clients of Supabase's Data API cannot leave out the WHERE (`pg-safeupdate`), so
    /// that for them it takes a function that runs such a statement, and the finding is low. It is low too where only
    /// members or administrators reach the rows, and then not reported of the Data API.
    pub(super) struct BlindWrite {
        id: "blind-write",
        title: "rows that cannot be read but can be changed or deleted",
        severity: High,
        bad: "
            create table public.drafts (id bigint primary key, user_id uuid not null, archived boolean not null);
            alter table public.drafts enable row level security;
            grant select, delete on public.drafts to authenticated;
            create policy \"read own\" on public.drafts for select to authenticated using (user_id = (select auth.uid()));
            create policy \"clean up\" on public.drafts for delete to authenticated using (archived);
        ",
        good: "
            create table public.drafts (id bigint primary key, user_id uuid not null, archived boolean not null);
            alter table public.drafts enable row level security;
            grant select, delete on public.drafts to authenticated;
            create policy \"read own\" on public.drafts for select to authenticated
                using (user_id = (select auth.uid()) and not archived);
            create policy \"clean up\" on public.drafts for delete to authenticated
                using (user_id = (select auth.uid()) and archived);
        ",
    }
}

impl Check for BlindWrite {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            out.examine(ObjectRef::relation(&table.name));
            for command in [Command::Delete, Command::Update] {
                let found = cx.clients().filter_map(|p| blind(cx, table, p, command));
                if let Some(worst) = found.max_by_key(|f| f.severity) {
                    report(cx, table, command, &worst, out);
                }
            }
        }
    }
}

/// A write past the policies for SELECT.
struct Blind<'a> {
    principal: &'a Principal,
    severity: Severity,
    policy: Option<&'a Policy>,
    witness: Box<Witness>,
    /// What SELECT lets through.
    readable: String,
}

fn blind<'a>(
    cx: &'a Context<'_>,
    table: &'a Relation,
    principal: &'a Principal,
    command: Command,
) -> Option<Blind<'a>> {
    let reads = cx.effective.access(&principal.role, table, Command::Select);
    let readable = reads.condition()?;
    let write = cx.effective.access(&principal.role, table, command);
    if !write.is_some() || !write.row_security.applies() || is_within(&write, &reads, Which::Old) {
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    let unread = |compared: &mut Compared<'_>, row: Row| {
        let may_write = compared.asked.access(command, Which::Old, row);
        (vec![may_write], vec![compared.asked.access(Command::Select, Which::Old, row)])
    };
    let stranger = compared.of_several(By::Stranger, Which::Old, unread);
    // Members and administrators are trusted with more.
    let worst = match &stranger {
        Some(_) if !cx.refuses_blind_writes(principal) => Severity::High,
        _ => Severity::Low,
    };
    if stranger.is_none() && cx.refuses_blind_writes(principal) {
        return None;
    }
    let witness = stranger.or_else(|| compared.of_several(By::Anyone, Which::Old, unread))?;
    let row = compared.asked.row();
    let may_read = compared.asked.access(Command::Select, Which::Old, row);
    let mut wider = |policy: &&&Policy| {
        let alone = compared.alone(policy, command, Which::Old, row);
        compared.asked.find(&[alone], &[may_read], By::Anyone).is_some()
    };
    let policy = write.permissive.iter().find(|p| wider(p)).copied();
    let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
    Some(Blind { principal, severity, policy, witness, readable })
}

fn report(cx: &Context<'_>, table: &Relation, command: Command, found: &Blind<'_>, out: &mut Findings<'_>) {
    let what = verb(command);
    let statement = match command {
        Command::Delete => format!("DELETE FROM {}", table.name),
        _ => format!("UPDATE {} SET ..", table.name),
    };
    let by = found.policy.map_or_else(String::new, |p| format!(" Policy {:?} is what lets them through.", p.name));
    let mut message = format!(
        "{} can {what} rows of {} that they cannot read: a statement without WHERE, RETURNING or any column that it \
         reads, {statement}, is not held to the policies for SELECT.{by}",
        subject(found.principal),
        table.name
    );
    if cx.refuses_blind_writes(found.principal) {
        message.push_str(" The Data API refuses such statements, so that it takes a function that runs one.");
    }
    let name = quote_ident(&format!("{what} only what is read")).into_owned();
    let check = if command == Command::Update { " with check (true)" } else { "" };
    let object = match found.policy {
        Some(policy) => ObjectRef::policy(&table.name, &policy.name),
        None => ObjectRef::relation(&table.name),
    };
    let title = format!("{} can {what} rows of {} that it cannot read", found.principal.role, table.name);
    let shown =
        Shown { principal: found.principal, table, command, which: Which::Old, rule: &found.readable, blind: true };
    let draft = Draft::new(object, found.severity, title, message)
        .confidence(Confidence::Proved)
        .principal(&found.principal.role)
        .fix(format!(
            "create policy {name} on {} as restrictive for {} to {} using ({}){check};",
            table.name,
            command.to_string().to_lowercase(),
            quote_ident(&found.principal.role),
            found.readable
        ))
        .evidence("witness", cx.show(&found.witness, "likewise"))
        .evidence("policies for SELECT", &found.readable)
        .origin(found.policy.map_or(table.origin, |p| p.origin))
        .detail(verb(command));
    let reproduce =
        Reproduce { sql: Some(cx.reproduce_blind(found.principal, table, command)), ..Reproduce::default() };
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}
