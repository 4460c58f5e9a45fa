use super::compared::Compared;
use super::intent::Intent;
use super::words::{and_list, privileges, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{By, Which};
use crate::analyzer::effective::{Extent, Principal, Who};
use crate::analyzer::truth::Truth;
use crate::analyzer::verdict::{Reason, Verdict};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A policy's condition is true for every row and every session, so the policy opens the whole table.
    ///
    /// `true` is the plain form; `id = id or id is null` and `auth.uid() is not null or true` come to the same.
    /// Permissive policies are OR-ed: beside one that is always true, every narrower one is without effect.
    ///
    /// The severity follows what is opened, to whom. Changing or deleting everybody's rows is critical for anyone on
    /// the internet and high for signed-in users, and medium where policies for SELECT keep requests with a WHERE to rows of
    /// one's own and the Data API refuses those without. Reading is high where a column says whose each row is, or holds
    /// what should stay with few; a plain `true` on a table without such columns (a price list) is information only.
    /// Adding rows is critical or high where rows belong to somebody, else medium: forms for visitors are like that.
    ///
    /// Not reported: policies for roles that have no privilege on the table, for the service role, restrictive
    /// policies (they only fail to narrow), and policies beside a restrictive one that does narrow.
    pub(super) struct PolicyTautology {
        id: "policy-tautology",
        title: "policy that is true for every row",
        severity: Critical,
        bad: "
            create table public.messages (id bigint primary key, user_id uuid not null, body text);
            alter table public.messages enable row level security;
            grant select, update on public.messages to authenticated;
            create policy \"read messages\" on public.messages for select to authenticated
                using (user_id = user_id or user_id is null);
        ",
        good: "
            create table public.messages (id bigint primary key, user_id uuid not null, body text);
            alter table public.messages enable row level security;
            grant select, update on public.messages to authenticated;
            create policy \"read messages\" on public.messages for select to authenticated
                using (user_id = (select auth.uid()));
            create policy \"back end\" on public.messages to service_role using (true) with check (true);
        ",
    }
}

impl Check for PolicyTautology {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables = cx.schema.relations.iter().filter(|r| r.row_security && r.extension.is_none());
        for table in tables {
            for policy in table.policies.iter().filter(|p| p.permissive) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                report(cx, table, policy, out);
            }
        }
    }
}

/// What a policy opens to a principal.
struct Opened<'p> {
    principal: &'p Principal,
    commands: Vec<Command>,
    severity: Severity,
    confidence: Confidence,
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let opened: Vec<_> = cx
        .clients()
        .filter(|p| cx.effective.binds(&p.role, policy))
        .filter_map(|p| opened(cx, table, policy, p))
        .collect();
    // The least trusted of those for whom it is worst.
    let Some(worst) = opened.iter().rev().max_by_key(|o| o.severity) else { return };
    let intent = intent_for(cx, table, worst.principal);
    let verbs: Vec<_> = worst.commands.iter().map(|c| verb(*c)).collect();
    let condition = policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("true");
    let mut message = format!(
        "{} can {} {} of {}: the condition of policy {:?}, {}, is true for each.",
        subject(worst.principal),
        and_list(&verbs),
        if worst.commands == [Command::Insert] { "any row" } else { "every row" },
        table.name,
        policy.name,
        printable(condition)
    );
    if let Some(reason) = intent.reason() {
        message.push_str(&format!(" Not everyone should: {reason}."));
    }
    let writes = |c: &Command| matches!(c, Command::Update | Command::Delete);
    let refused = cx.refuses_blind_writes(worst.principal);
    let blind = worst.commands.iter().any(writes) && reads_less(cx, table, worst.principal);
    if blind {
        let rest = if refused { "and the Data API refuses those without" } else { "one without reaches all" };
        message.push_str(&format!(" A statement with WHERE reaches those that they can read, {rest}."));
    }
    let object = ObjectRef::policy(&table.name, &policy.name);
    let title = format!("policy {:?} opens {} to {}", policy.name, table.name, worst.principal.role);
    let shown = worst.commands.first().copied().unwrap_or(Command::Select);
    let mut reproduce = cx.reproduce(worst.principal, table, shown);
    if blind && !refused && writes(&shown) {
        reproduce.sql = Some(cx.reproduce_blind(worst.principal, table, shown));
    }
    let mut draft = Draft::new(object, worst.severity, title, message)
        .confidence(worst.confidence)
        .principal(&worst.principal.role)
        .reproduce(reproduce)
        .fix(fix(table, policy, &intent))
        .evidence("policy", format!("FOR {} TO {}: {}", policy.command, roles(policy), printable(condition)))
        .origin(policy.origin);
    for o in &opened {
        let holder = |c: &Command| Some((*c, cx.effective.access(&o.principal.role, table, *c).holder()?));
        let held: Vec<_> = o.commands.iter().filter_map(holder).collect();
        draft = draft.evidence("privilege", privileges(&o.principal.role, &held));
        if o.commands.contains(&Command::Select) {
            draft = draft.confirm(&o.principal.role, &table.name);
        }
    }
    out.report(draft);
}

fn opened<'p>(cx: &Context<'_>, table: &Relation, policy: &Policy, principal: &'p Principal) -> Option<Opened<'p>> {
    let intent = intent_for(cx, table, principal);
    let commands: Vec<_> = Command::ALL
        .into_iter()
        .filter(|c| policy.command.covers(*c) && opens(cx, table, policy, principal, *c))
        .collect();
    let exposed = cx.exposes(principal, &table.name.schema);
    let worst = commands.iter().map(|c| weigh(cx, table, policy, principal, *c, &intent)).max()?;
    Some(Opened { principal, commands, severity: cx.severity(worst.0, principal, exposed), confidence: worst.1 })
}

/// What the columns that the principal may read say about whose rows they are.
fn intent_for<'a>(cx: &Context<'_>, table: &'a Relation, principal: &Principal) -> Intent<'a> {
    let columns = cx.schema.relation(&table.name).map(|r| cx.effective.access(&principal.role, r, Command::Select));
    columns.map_or_else(|| Intent::of(table), |access| Intent::read_by(table, &access.columns))
}

/// Whether the policy alone gives `principal` every row for `command`.
///
/// An UPDATE is open when the old row is free: the new one can be made to pass.
fn opens(cx: &Context<'_>, table: &Relation, policy: &Policy, principal: &Principal, command: Command) -> bool {
    let of_rows = if command == Command::Update { Command::Delete } else { command };
    let is_always = |p: &Policy| cx.effective.command_truth(p, of_rows) == Truth::Always;
    // Most policies are not, and what follows is dearer.
    let Some(table) = cx.schema.relation(&table.name).filter(|_| is_always(policy)) else { return false };
    let access = cx.effective.access(&principal.role, table, command);
    access.is_some() && access.row_security.applies() && access.restrictive.iter().all(|p| is_always(p))
}

fn weigh(
    cx: &Context<'_>,
    table: &Relation,
    policy: &Policy,
    principal: &Principal,
    command: Command,
    intent: &Intent<'_>,
) -> (Severity, Confidence) {
    let by_who = if principal.who == Who::Anyone { Severity::Critical } else { Severity::High };
    let owned = intent.owner.is_some() || intent.tenant.is_some();
    match command {
        Command::Update | Command::Delete if kept_by_reads(cx, table, principal) => {
            (Severity::Medium, Confidence::Likely)
        }
        Command::Update | Command::Delete => (by_who, Confidence::Proved),
        Command::Insert if owned => (by_who, Confidence::Proved),
        Command::Insert => (Severity::Medium, Confidence::Likely),
        // Who wrote a row is kept of lists that are for everybody, too.
        Command::Select if is_plain(policy) && intent.is_authorship_only() => (Severity::Medium, Confidence::Likely),
        Command::Select if intent.reason().is_some() => (Severity::High, Confidence::Likely),
        Command::Select if !is_plain(policy) || cx.owned_parent(table).is_some() => {
            (Severity::Medium, Confidence::Likely)
        }
        Command::Select => (Severity::Info, Confidence::Possible),
    }
}

/// Whether the principal cannot read every row.
fn reads_less(cx: &Context<'_>, table: &Relation, principal: &Principal) -> bool {
    let table = cx.schema.relation(&table.name);
    table.is_some_and(|t| cx.effective.access(&principal.role, t, Command::Select).extent != Extent::All)
}

/// Whether policies for SELECT keep the writes of requests to rows of the caller's own: those without WHERE are refused.
fn kept_by_reads(cx: &Context<'_>, table: &Relation, principal: &Principal) -> bool {
    let Some(table) = cx.schema.relation(&table.name) else { return false };
    if !cx.refuses_blind_writes(principal) || !reads_less(cx, table, principal) {
        return false;
    }
    let mut compared = Compared::new(cx, principal, table);
    let row = compared.asked.row();
    let mut both = vec![compared.asked.access(Command::Select, Which::Old, row)];
    if let Some(column) = compared.columns.first().copied() {
        let other = compared.asked.variant_of(row, &[column]);
        both.push(compared.asked.access(Command::Select, Which::Old, other));
        both.push(compared.asked.differs(column, row, other));
    }
    matches!(compared.asked.ask(&both, &[], By::Stranger), Verdict::Proved | Verdict::Unknown(Reason::Rows(_)))
}

/// Whether somebody wrote just `true`, as one does on purpose.
fn is_plain(policy: &Policy) -> bool {
    policy.using.as_deref().is_none_or(|u| u.trim_matches(['(', ')']) == "true")
}

/// The roles that a policy is for, in words.
pub(super) fn roles(policy: &Policy) -> String {
    let each: Vec<_> = policy.roles.iter().map(ToString::to_string).collect();
    and_list(&each)
}

/// The policy bound to the owner column where there is one of the identity's type.
pub(super) fn fix(table: &Relation, policy: &Policy, intent: &Intent<'_>) -> String {
    let name = quote_ident(&policy.name);
    let Some(owner) = intent.owner.filter(|c| c.data_type == "uuid") else {
        return format!(
            "drop policy {name} on {};\n-- then say whose rows may be reached, with create policy",
            table.name
        );
    };
    let bound = format!("({} = (select auth.uid()))", quote_ident(&owner.name));
    let using = if policy.command.covers(Command::Insert) && policy.using.is_none() {
        String::new()
    } else {
        format!(" using {bound}")
    };
    let check = policy.check.as_ref().map(|_| format!(" with check {bound}")).unwrap_or_default();
    format!("alter policy {name} on {} to authenticated{using}{check};", table.name)
}

#[cfg(test)]
mod tests {
    use super::super::trial::assert_found;

    #[test]
    fn what_cannot_be_read_says_nothing_of_the_rest() {
        let table = "create table public.people (id uuid primary key, name text, email text);
            alter table public.people enable row level security;
            create policy all_rows on public.people for select to anon using (true);
            revoke all on public.people from anon, authenticated, service_role;";
        assert_found(
            "policy-tautology",
            table,
            &[
                ("grant select on public.people to anon;", &["high"]),
                ("grant select (id, name) on public.people to anon;", &["info"]),
            ],
        );
    }

    #[test]
    fn what_can_be_read_bounds_the_writes_of_requests() {
        let table = "create table docs (id bigint primary key, owner_id uuid not null, shared boolean not null);
            alter table docs enable row level security;
            create policy write on docs for update to authenticated using (true);";
        assert_found(
            "policy-tautology",
            table,
            &[
                ("create policy own on docs for select to authenticated using (owner_id = auth.uid());", &["medium"]),
                (
                    "create policy own on docs for select to authenticated using (owner_id = auth.uid() or shared);",
                    &["high"],
                ),
                ("", &["medium"]),
            ],
        );
    }
}
