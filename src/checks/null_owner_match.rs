use super::compared::Compared;
use super::shown::Shown;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::Principal;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A row without an owner counts as everybody's: NULL in the owner column satisfies the policy.
    ///
    /// `user_id is not distinct from auth.uid()` is true of NULL and a request without an identity, so that anyone on the
    /// internet gets the rows without an owner; `coalesce(user_id, auth.uid()) = auth.uid()` and
    /// `(user_id <> auth.uid()) is not true` give them to every user. Rows lose their owner by `on delete set null`, by
    /// imports, and by inserts that leave the column out.
    ///
    /// Decided over all rows and sessions, with a witness: a row without an owner that passes, and does not with one. Where
    /// the policy itself says `user_id is null`, rows for everybody are taken as meant for reading; that everybody may
    /// change or delete them is reported as medium. Not reported: columns that are NOT NULL.
    pub(super) struct NullOwnerMatch {
        id: "null-owner-match",
        title: "policy that takes rows without an owner for the caller's",
        severity: High,
        bad: "
            create table public.reports (id bigint primary key, user_id uuid, body text);
            alter table public.reports enable row level security;
            grant select on public.reports to anon, authenticated;
            create policy own on public.reports for select to anon, authenticated
                using (user_id is not distinct from auth.uid());
        ",
        good: "
            create table public.reports (id bigint primary key, user_id uuid, body text);
            alter table public.reports enable row level security;
            grant select on public.reports to anon, authenticated;
            create policy own on public.reports for select to anon, authenticated using (user_id = auth.uid());
            create table public.templates (id bigint primary key, user_id uuid, body text);
            alter table public.templates enable row level security;
            grant select on public.templates to authenticated;
            create policy \"own and shared\" on public.templates for select to authenticated
                using (user_id is null or user_id = auth.uid());
        ",
    }
}

impl Check for NullOwnerMatch {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| p.permissive && p.using.is_some()) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                let found = cx.clients().filter_map(|p| matches_null(cx, table, policy, p));
                if let Some(worst) = found.max_by_key(|f| f.severity) {
                    report(cx, table, policy, &worst, out);
                }
            }
        }
    }
}

/// Rows without an owner that a principal gets.
struct Matched<'a> {
    principal: &'a Principal,
    column: &'a str,
    commands: Vec<Command>,
    severity: Severity,
    witness: Box<Witness>,
}

fn matches_null<'a>(
    cx: &'a Context<'_>,
    table: &'a Relation,
    policy: &Policy,
    principal: &'a Principal,
) -> Option<Matched<'a>> {
    if !cx.effective.binds(&principal.role, policy) {
        return None;
    }
    let text = policy.using.as_deref().unwrap_or_default().to_lowercase();
    let reached = [Command::Select, Command::Update, Command::Delete].into_iter().filter(|c| {
        let access = cx.effective.access(&principal.role, table, *c);
        policy.command.covers(*c) && access.is_some() && access.row_security.applies()
    });
    let reached: Vec<_> = reached.collect();
    let nullable = |c: &&&str| table.column(c).is_some_and(|c| c.nullable && text.contains(&c.name.to_lowercase()));
    let columns = super::intent::Intent::of(table).columns();
    let columns: Vec<_> = columns.iter().filter(nullable).copied().collect();
    if reached.is_empty() || columns.is_empty() {
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    columns.into_iter().find_map(|column| {
        let is_said = text.contains(&format!("{} is null", quote_ident(column).to_lowercase()));
        let mut commands: Vec<_> = reached.iter().copied().filter(|c| !is_said || *c != Command::Select).collect();
        let mut witness = None;
        commands.retain(|command| {
            let found = without_owner(&mut compared, policy, *command, column);
            let is_some = found.is_some();
            witness = witness.take().or(found);
            is_some
        });
        let worst = if is_said { Severity::Medium } else { Severity::High };
        let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
        Some(Matched { principal, column, commands, severity, witness: witness? })
    })
}

/// A row without an owner that passes, and would not with one.
fn without_owner(compared: &mut Compared<'_>, policy: &Policy, command: Command, column: &str) -> Option<Box<Witness>> {
    let row = compared.asked.row();
    let owned = compared.asked.variant(&[column]);
    let passes = [compared.alone(policy, command, Which::Old, row), compared.asked.is_null(column, row)];
    let fails = [compared.alone(policy, command, Which::Old, owned), compared.asked.is_null(column, owned)];
    compared.asked.find(&passes, &fails, By::Stranger)
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, found: &Matched<'_>, out: &mut Findings<'_>) {
    let column = quote_ident(found.column);
    let using = policy.using.as_deref().unwrap_or("true");
    let verbs: Vec<_> = found.commands.iter().map(|c| verb(*c)).collect();
    let message = format!(
        "{} can {} the rows of {} whose {column} is NULL: the condition of policy {:?}, {}, is true of them.",
        subject(found.principal),
        and_list(&verbs),
        table.name,
        policy.name,
        printable(using)
    );
    let title =
        format!("policy {:?} takes rows of {} without {} for the caller's", policy.name, table.name, found.column);
    let command = found.commands.first().copied().unwrap_or(Command::Select);
    let rule = format!("{column} is not null");
    let shown = Shown { principal: found.principal, table, command, which: Which::Old, rule: &rule, blind: false };

    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), found.severity, title, message)
        .confidence(Confidence::Proved)
        .principal(&found.principal.role)
        .fix(format!(
            "alter policy {} on {} using (({using}) and {column} is not null);",
            quote_ident(&policy.name),
            table.name
        ))
        .evidence("witness", cx.show(&found.witness, "but not with"))
        .evidence("policy", format!("FOR {}: {}", policy.command, printable(using)))
        .origin(policy.origin);
    let reproduce = cx.reproduce(found.principal, table, command);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}
