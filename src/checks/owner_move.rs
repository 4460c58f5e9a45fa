use super::compared::Compared;
use super::shown::Shown;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::Principal;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// An UPDATE can give a row to another owner or tenant, because WITH CHECK demands less than USING.
    ///
    /// USING says which rows may be changed, WITH CHECK what they may become. `using (user_id = auth.uid()) with check
    /// (true)` lets everyone take a row of their own and make it somebody else's: forged records in another account,
    /// files in another company's folder, a debt that is no longer one's own.
    ///
    /// A policy without WITH CHECK is safe: Postgres then holds the new row to USING as well, and nothing is reported.
    /// Decided over all rows and sessions: the witness is a row that the role may change, and the same row with nothing
    /// but that column changed, which it could no longer. Not reported: columns that the role may not update, columns
    /// that a trigger before the update looks at, and rows that only administrators may move.
    ///
    /// A statement with a WHERE holds the new row to the policies for SELECT too. Where these refuse it, it takes a
    /// statement without WHERE, which Supabase's Data API does not run; the finding is low there.
    pub(super) struct OwnerMove {
        id: "owner-move",
        title: "update that can give a row to another owner or tenant",
        severity: High,
        bad: "
            create table public.invoices (id bigint primary key, user_id uuid not null, public boolean not null);
            alter table public.invoices enable row level security;
            grant select, update on public.invoices to authenticated;
            create policy \"read\" on public.invoices for select to authenticated
                using (public or user_id = (select auth.uid()));
            create policy \"change own\" on public.invoices for update to authenticated
                using (user_id = (select auth.uid())) with check (public is not null);
        ",
        good: "
            create table public.invoices (id bigint primary key, user_id uuid not null, public boolean not null);
            alter table public.invoices enable row level security;
            grant select, update on public.invoices to authenticated;
            create policy \"read\" on public.invoices for select to authenticated
                using (public or user_id = (select auth.uid()));
            create policy \"change own\" on public.invoices for update to authenticated
                using (user_id = (select auth.uid()));
        ",
    }
}

impl Check for OwnerMove {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (table, policy, worst) in cx.worst_changes(out, moves, |found| found.severity) {
            report(cx, table, policy, &worst, out);
        }
    }
}

/// A way to move a row.
struct Move<'a> {
    principal: &'a Principal,
    column: &'a str,
    severity: Severity,
    witness: Box<Witness>,
    /// Whether the statement must not read the table.
    blind: bool,
}

fn moves<'a>(cx: &'a Context<'_>, table: &'a Relation, policy: &Policy, principal: &'a Principal) -> Option<Move<'a>> {
    let access = cx.effective.access(&principal.role, table, Command::Update);
    if !cx.effective.binds(&principal.role, policy) || !access.is_some() || !access.row_security.applies() {
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    let columns = compared.settable(Command::Update);
    columns.into_iter().find_map(|column| {
        compared.unbound(policy, Command::Update, column)?;
        let (row, asked) = (compared.asked.row(), Which::Old);
        let new = compared.asked.variant(&[column]);
        let moved = [
            compared.alone(policy, Command::Update, Which::Old, row),
            compared.alone(policy, Command::Update, Which::New, new),
            compared.asked.differs(column, row, new),
        ];
        let kept = compared.asked.access(Command::Update, asked, new);
        let seen = [row, new].map(|row| compared.asked.access(Command::Select, asked, row));
        let with_where = compared.asked.find(&[moved.as_slice(), &seen].concat(), &[kept], By::Anyone);
        let blind = with_where.is_none();
        let witness = with_where.or_else(|| compared.asked.find(&moved, &[kept], By::Anyone))?;
        let worst = if blind && cx.refuses_blind_writes(principal) { Severity::Low } else { Severity::High };
        let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
        Some(Move { principal, column, severity, witness, blind })
    })
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, found: &Move<'_>, out: &mut Findings<'_>) {
    let column = quote_ident(found.column);
    let (using, check) = (policy.using.as_deref().unwrap_or("true"), policy.check.as_deref().unwrap_or("true"));
    let mut message = format!(
        "{} can change {column} of a row of {} that they may change, so that it is no longer theirs: WITH CHECK of policy \
         {:?}, {}, demands less of the new row than USING, {}, of the old one.",
        subject(found.principal),
        table.name,
        policy.name,
        printable(check),
        printable(using)
    );
    if found.blind {
        message.push_str(" The new row is not one that they can read, so that it takes a statement without WHERE");
        let refused = cx.refuses_blind_writes(found.principal);
        message.push_str(if refused { ", which the Data API refuses." } else { "." });
    }
    let title = format!("policy {:?} lets rows of {} be given to another {}", policy.name, table.name, found.column);
    let shown = Shown::update(found.principal, table, using, found.blind);
    let mut reproduce = cx.reproduce(found.principal, table, Command::Update);
    reproduce.sql = Some(cx.reproduce_set(found.principal, table, found.column, !found.blind));
    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), found.severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&found.principal.role)
        .fix(format!("alter policy {} on {} with check ({using});", quote_ident(&policy.name), table.name))
        .evidence("witness", cx.show(&found.witness, "changed to"))
        .evidence(
            "policy",
            format!("FOR {}: USING {}, WITH CHECK {}", policy.command, printable(using), printable(check)),
        )
        .origin(policy.origin);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}
