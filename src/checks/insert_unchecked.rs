use super::compared::Compared;
use super::shown::Shown;
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::{Principal, Who};
use crate::analyzer::truth::Truth;
use crate::analyzer::witness::Witness;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// Rows can be added in the name of any owner or tenant: WITH CHECK does not bind the column to the caller.
    ///
    /// `with check (auth.uid() is not null)` demands a sign-in and leaves `user_id` to be chosen: orders, messages and
    /// votes in somebody else's name, records in another company's account. Over the Data API it takes one request with
    /// `Prefer: return=minimal`, which does not read the row back and so is not held to the policies for SELECT.
    ///
    /// Decided over all rows and sessions: the witness is one session of which nothing is known but its user, and two
    /// rows that differ in the column alone; it may add both. So what administrators or members of a team may do is not
    /// reported, nor the tenant of rows that name the caller as their owner, unless other policies go by it. It is high where other policies of the table say whose a row is by that column, else medium. Not
    /// reported: columns that the role may not set, columns that a trigger before the insert sets or looks at, and
    /// conditions that are true for every row (`policy-tautology`).
    pub(super) struct InsertUnchecked {
        id: "insert-unchecked",
        title: "insert that does not bind the owner or tenant",
        severity: High,
        bad: "
            create table public.orders (id bigint primary key, user_id uuid not null, total numeric);
            alter table public.orders enable row level security;
            grant select, insert on public.orders to authenticated;
            create policy \"read own\" on public.orders for select to authenticated using (user_id = (select auth.uid()));
            create policy \"place\" on public.orders for insert to authenticated
                with check ((select auth.uid()) is not null);
        ",
        good: "
            create table public.orders (id bigint primary key, user_id uuid not null, total numeric);
            alter table public.orders enable row level security;
            grant select, insert on public.orders to authenticated;
            create policy \"read own\" on public.orders for select to authenticated using (user_id = (select auth.uid()));
            create policy \"place\" on public.orders for insert to authenticated
                with check (user_id = (select auth.uid()));
        ",
    }
}

impl Check for InsertUnchecked {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| p.permissive && p.command.covers(Command::Insert)) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                if cx.effective.command_truth(policy, Command::Insert) != Truth::Depends {
                    continue;
                }
                let found = cx.clients().filter_map(|p| unchecked(cx, table, policy, p));
                if let Some(worst) = found.max_by_key(|f| f.severity) {
                    report(cx, table, policy, &worst, out);
                }
            }
        }
    }
}

/// A column that is left to be chosen.
struct Unchecked<'a> {
    principal: &'a Principal,
    column: &'a str,
    severity: Severity,
    witness: Box<Witness>,
}

fn unchecked<'a>(
    cx: &'a Context<'_>,
    table: &'a Relation,
    policy: &Policy,
    principal: &'a Principal,
) -> Option<Unchecked<'a>> {
    let access = cx.effective.access(&principal.role, table, Command::Insert);
    if !cx.effective.binds(&principal.role, policy) || !access.is_some() || !access.row_security.applies() {
        return None;
    }
    let mut compared = Compared::new(cx, principal, table);
    let signed_in = cx.clients().find(|p| p.who == Who::SignedIn);
    let mut of_users = signed_in.map(|p| Compared::new(cx, p, table));
    let columns = compared.settable(Command::Insert);
    columns.into_iter().find_map(|column| {
        let witness = compared.unbound(policy, Command::Insert, column)?;
        let elsewhere = [Command::Select, Command::Update, Command::Delete];
        let bound = elsewhere
            .into_iter()
            .any(|command| binds_column(of_users.as_mut().unwrap_or(&mut compared), column, command));
        if !bound && compared.is_own(policy, column) {
            return None;
        }
        let worst = if bound { Severity::High } else { Severity::Medium };
        let severity = cx.severity(worst, principal, cx.exposes(principal, &table.name.schema));
        Some(Unchecked { principal, column, severity, witness })
    })
}

/// Whether what signed-in users may do with a row depends on whether the column names them.
fn binds_column(compared: &mut Compared<'_>, column: &str, command: Command) -> bool {
    let row = compared.asked.row();
    let other = compared.asked.variant(&[column]);
    let may = compared.asked.access(command, Which::Old, row);
    let may_other = compared.asked.access(command, Which::Old, other);
    let differ = compared.asked.differs(column, row, other);
    compared.asked.find(&[may, differ], &[may_other], By::Anyone).is_some()
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, found: &Unchecked<'_>, out: &mut Findings<'_>) {
    let column = quote_ident(found.column);
    let check = policy.check.as_deref().or(policy.using.as_deref()).unwrap_or("true");
    let message = format!(
        "{} can add rows to {} with any {column}: the condition of policy {:?}, {}, does not bind the column to the caller.",
        subject(found.principal),
        table.name,
        policy.name,
        printable(check)
    );
    let own = format!("{column} = auth.uid()");
    let rule = if is_user(table, found) { own.as_str() } else { "false" };
    let shown =
        Shown { principal: found.principal, table, command: Command::Insert, which: Which::New, rule, blind: false };
    let title = format!("policy {:?} lets rows of {} be added with any {}", policy.name, table.name, found.column);
    let draft = Draft::new(ObjectRef::policy(&table.name, &policy.name), found.severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&found.principal.role)
        .fix(fix(table, policy, found, check))
        .evidence("witness", cx.show(&found.witness, "added"))
        .evidence("policy", format!("FOR {}: WITH CHECK {}", policy.command, printable(check)))
        .origin(policy.origin);
    let reproduce = cx.reproduce(found.principal, table, Command::Insert);
    out.report(cx.witnessed(draft, &shown, &found.witness, reproduce));
}

/// Whether the column names the user who asks.
fn is_user(table: &Relation, found: &Unchecked<'_>) -> bool {
    let is_tenant = super::intent::Intent::of(table).tenant.is_some_and(|c| c.name == found.column);
    let is_uuid = table.column(found.column).is_some_and(|c| c.data_type == "uuid");
    is_uuid && !is_tenant && found.principal.who == Who::SignedIn
}

fn fix(table: &Relation, policy: &Policy, found: &Unchecked<'_>, check: &str) -> String {
    let (name, column) = (quote_ident(&policy.name), quote_ident(found.column));
    if !is_user(table, found) {
        return format!("-- demand in WITH CHECK of policy {name} that {column} is the caller's own");
    }
    format!("alter policy {name} on {} with check (({check}) and {column} = (select auth.uid()));", table.name)
}
