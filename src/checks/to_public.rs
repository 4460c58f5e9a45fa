use super::intent::Intent;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Principal, Who};
use crate::analyzer::truth::Truth;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Grantee, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A policy names no role, so it is for everyone (`TO public`), and it gives visitors without an account rows that
    /// look meant for signed-in users.
    ///
    /// Leaving out `TO` is common and mostly harmless: a condition on `auth.uid()` is NULL for visitors, and NULL lets
    /// no row through. It matters where the condition does not ask who the visitor is. Then the policy's name, the
    /// table's tenant column or the other policies of the table tell whether visitors were meant.
    ///
    /// Not reported: policies whose condition asks for the session's identity or for the row's visibility
    /// (`is_public`, `sharing <> 'private'`), policies that are always true (those
    /// are `policy-tautology`), and tables on which visitors have no privilege.
    pub(super) struct ToPublic {
        id: "to-public",
        title: "policy without TO that gives visitors rows meant for signed-in users",
        severity: Medium,
        bad: "
            create table public.projects (id bigint primary key, team_id uuid not null, archived_at timestamptz);
            alter table public.projects enable row level security;
            grant select on public.projects to anon, authenticated;
            create policy \"Members see active projects\" on public.projects for select using (archived_at is null);
        ",
        good: "
            create table public.projects (id bigint primary key, team_id uuid not null, archived_at timestamptz);
            alter table public.projects enable row level security;
            grant select on public.projects to anon, authenticated;
            create policy \"Members see active projects\" on public.projects for select to authenticated
                using (archived_at is null);
            create table public.settings (user_id uuid primary key, theme text);
            alter table public.settings enable row level security;
            grant select, update on public.settings to anon, authenticated;
            create policy \"Users see their settings\" on public.settings for select
                using (user_id = (select auth.uid()));
        ",
    }
}

impl Check for ToPublic {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let Some(anyone) = cx.clients().find(|p| p.who == Who::Anyone) else { return };
        for table in cx.relations().filter(|r| r.row_security) {
            for policy in table.policies.iter().filter(|p| p.permissive && p.roles.contains(&Grantee::Public)) {
                out.examine(ObjectRef::policy(&table.name, &policy.name));
                report(cx, table, policy, anyone, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, policy: &Policy, anyone: &Principal, out: &mut Findings<'_>) {
    let open: Vec<_> = Command::ALL.into_iter().filter(|c| is_open(cx, table, policy, anyone, *c)).collect();
    let writes = open.iter().any(|c| *c != Command::Select);
    let Some((severity, sign)) = sign(table, policy, writes).filter(|_| !open.is_empty()) else { return };
    let verbs: Vec<_> = open.iter().map(|c| verb(*c)).collect();
    let message = format!(
        "{} can {} the rows of {} that meet the condition of policy {:?}: it names no role, so it is for visitors too. \
         {sign}.",
        subject(anyone),
        and_list(&verbs),
        table.name,
        policy.name
    );
    let object = ObjectRef::policy(&table.name, &policy.name);
    let severity = cx.severity(severity, anyone, cx.exposes(anyone, &table.name.schema));
    let title = format!("policy {:?} on {} is for visitors too", policy.name, table.name);
    let condition = policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("true");
    let shown = open.first().copied().unwrap_or(Command::Select);
    let mut draft = Draft::new(object, severity, title, message)
        .confidence(Confidence::Likely)
        .principal(&anyone.role)
        .reproduce(cx.reproduce(anyone, table, shown))
        .fix(format!("alter policy {} on {} to authenticated;", quote_ident(&policy.name), table.name))
        .evidence("policy", format!("FOR {} TO PUBLIC: {}", policy.command, printable(condition)))
        .origin(policy.origin);
    if open.contains(&Command::Select) {
        draft = draft.confirm(&anyone.role, &table.name);
    }
    out.report(draft);
}

/// Whether the policy gives visitors rows for `command` without asking who they are.
fn is_open(cx: &Context<'_>, table: &Relation, policy: &Policy, anyone: &Principal, command: Command) -> bool {
    let Some(table) = cx.schema.relation(&table.name).filter(|_| policy.command.covers(command)) else { return false };
    let access = cx.effective.access(&anyone.role, table, command);
    let expressions = || policy.using.iter().chain(&policy.check);
    access.is_some()
        && access.row_security.applies()
        && cx.effective.command_truth(policy, command) == Truth::Depends
        && !expressions().chain(restrictive(&access.restrictive)).any(|e| cx.code.asks_who(e))
}

fn restrictive<'p>(policies: &'p [&'p Policy]) -> impl Iterator<Item = &'p String> {
    policies.iter().flat_map(|p| p.using.iter().chain(&p.check))
}

/// What says that visitors were not meant, and how much that weighs.
///
/// A condition on the row's own visibility (`is_public`, `sharing <> 'private'`) says that visitors were thought of.
fn sign(table: &Relation, policy: &Policy, writes: bool) -> Option<(Severity, String)> {
    const VISIBILITY: &[&str] = &["public", "publish", "shar", "visib", "private"];
    let condition = policy.using.as_deref().unwrap_or_default().replace("public.", "");
    if !writes && VISIBILITY.iter().any(|word| condition.contains(word)) {
        return None;
    }
    const WORDS: &[&str] =
        &["authenticated", "logged", "signed", "member", "admin", "staff", "employee", "service", "internal", "owner"];
    let name = policy.name.to_lowercase();
    if let Some(word) = WORDS.iter().find(|w| name.contains(**w)) {
        return Some((Severity::Medium, format!("Its name speaks of others ({word})")));
    }
    let intent = Intent::of(table);
    if let Some(tenant) = intent.tenant {
        return Some((
            Severity::Medium,
            format!("The column {} says that rows belong to a tenant", quote_ident(&tenant.name)),
        ));
    }
    let owned = intent.reason().filter(|_| writes);
    owned.map(|reason| (Severity::Medium, format!("Visitors were hardly meant: {reason}")))
}
