use std::collections::BTreeSet;

use super::policy_tautology::roles;
use super::reached::Reached;
use super::trees::{Condition, Part, constant};
use super::words::{and_list, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, QualifiedName, Relation, quote_ident};
use crate::sql::tree::Expr;

declare_check! {
    /// A policy demands the second factor, but does not hold everybody to it.
    ///
    /// The claim `aal` is `aal2` once the user gave a second factor. Permissive policies are OR-ed: a permissive one that
    /// asks for `aal2` beside another that does not only adds rows, and a stolen password still gets all of the other's.
    /// The demand must be `as restrictive`, and for every command: a floor for SELECT alone leaves the rows open to
    /// changes and deletion.
    ///
    /// High for the permissive form where it demands nothing in effect, medium where it asks only in some cases (of users who
    /// set one up, say), and for commands that the floor leaves out.
    /// Decided over all that binds the role. Not reported: tables no policy of which asks for `aal`; whether they should
    /// is for the access rules to say.
    pub(super) struct Aal2Missing {
        id: "aal2-missing",
        title: "second factor that is asked for and not demanded",
        severity: High,
        bad: "
            create table public.vaults (id bigint primary key, owner uuid not null, secret text);
            alter table public.vaults enable row level security;
            grant select on public.vaults to authenticated;
            create policy own on public.vaults for select to authenticated using (owner = (select auth.uid()));
            create policy mfa on public.vaults for select to authenticated
                using (owner = (select auth.uid()) and (select auth.jwt()) ->> 'aal' = 'aal2');
        ",
        good: "
            create table public.vaults (id bigint primary key, owner uuid not null, secret text);
            alter table public.vaults enable row level security;
            grant select on public.vaults to authenticated;
            create policy own on public.vaults for select to authenticated using (owner = (select auth.uid()));
            create policy mfa on public.vaults as restrictive to authenticated
                using ((select auth.jwt()) ->> 'aal' = 'aal2');
        ",
    }
}

/// A session with a second factor.
const DEMAND: &str = "(current_setting('request.jwt.claims', true)::jsonb ->> 'aal') = 'aal2'";

impl Check for Aal2Missing {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut seen: BTreeSet<(&QualifiedName, &str)> = BTreeSet::new();
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached_signed_in(&condition) else { continue };
            if !asks(cx, condition.tree) || !seen.insert((&condition.table.name, &condition.policy.name)) {
                continue;
            }
            let free = free_of_it(cx, &condition, &reached);
            match (free.first(), condition.policy.permissive) {
                (None, _) => {}
                (Some(_), true) => widens(cx, &condition, &reached, &free, out),
                (Some(_), false) => leaves_out(cx, &condition, &reached, &free, out),
            }
        }
    }
}

/// Whether a condition asks for the claim.
fn asks(cx: &Context<'_>, tree: &Expr) -> bool {
    let mut found = false;
    cx.walk_through(tree, &mut |part, _| {
        found |= match part {
            Part::Expr(expr, _) => matches!(constant(expr), Some("aal" | "aal2" | "{aal}")),
            Part::Unread(function) => function.body.contains("'aal"),
        };
    });
    found
}

/// The commands that the client can do without a second factor: those that the policy covers if it is permissive, else
/// those that no such policy covers.
fn free_of_it(cx: &Context<'_>, condition: &Condition<'_, '_>, reached: &Reached<'_>) -> Vec<Command> {
    let Some(table) = cx.schema.relation(&condition.table.name) else { return Vec::new() };
    let decider = Decider::brief(&cx.effective);
    let role = &reached.principal.role;
    let asking =
        |p: &Policy| cx.conditions().any(|c| c.table.name == table.name && c.policy.name == p.name && asks(cx, c.tree));
    let free = |c: &Command| {
        let access = cx.effective.access(role, table, *c);
        let covered = condition.policy.command.covers(*c);
        if !access.is_some() || !access.row_security.applies() || access.restrictive.iter().any(|p| asking(p)) {
            return false;
        }
        let others = access.permissive.iter().any(|p| !asking(p));
        let which = if *c == Command::Insert { Which::New } else { Which::Old };
        covered == condition.policy.permissive
            && others
            && !decider
                .access(role, table, *c, which, Caller::Sql)
                .proves(Ask::NeverExceeds(DEMAND.into()), Asker::SomeUser)
    };
    Command::ALL.into_iter().filter(free).collect()
}

/// Whether a policy by itself lets nobody through without a second factor.
fn demands(cx: &Context<'_>, condition: &Condition<'_, '_>, reached: &Reached<'_>) -> bool {
    let Some(table) = cx.schema.relation(&condition.table.name) else { return false };
    let Some(policy) = table.policies.iter().find(|p| p.name == condition.policy.name) else { return false };
    let role = &reached.principal.role;
    let mut alone = Decider::brief(&cx.effective).policies(role, table, &[policy], condition.which(reached.command));
    alone.proves(Ask::NeverExceeds(DEMAND.into()), Asker::SomeUser)
}

fn verbs(commands: &[Command]) -> String {
    and_list(&commands.iter().map(|c| verb(*c)).collect::<Vec<_>>())
}

/// Reports a permissive policy beside others that do not ask.
fn widens(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    free: &[Command],
    out: &mut Findings<'_>,
) {
    let (table, policy) = (condition.table, condition.policy);
    let message = format!(
        "Policy {:?} of {} asks for a second factor, but it is permissive: other policies let {} {} rows without one.",
        policy.name,
        table.name,
        reached.principal.words(),
        verbs(free)
    );
    let title = format!("policy {:?} of {} asks for a second factor and demands none", policy.name, table.name);
    let worst = if demands(cx, condition, reached) { Severity::High } else { Severity::Medium };
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(restrictive(table, policy))
        .detail("permissive");
    out.report(draft);
}

/// The same policy as a floor.
fn restrictive(table: &Relation, policy: &Policy) -> String {
    let name = quote_ident(&policy.name);
    let clause =
        |word: &str, text: &Option<String>| text.as_ref().map(|t| format!(" {word} ({t})")).unwrap_or_default();
    format!(
        "drop policy {name} on {table};\ncreate policy {name} on {table} as restrictive for {command} to {roles}{using}{check};",
        table = table.name,
        command = policy.command.to_string().to_lowercase(),
        roles = roles(policy).replace(" and ", ", "),
        using = clause("using", &policy.using),
        check = clause("with check", &policy.check),
    )
}

/// Reports a restrictive policy that leaves commands out.
fn leaves_out(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    free: &[Command],
    out: &mut Findings<'_>,
) {
    let (table, policy) = (condition.table, condition.policy);
    let message = format!(
        "Policy {:?} of {} demands a second factor for {} only: {} can {} rows without one.",
        policy.name,
        table.name,
        policy.command,
        reached.principal.words(),
        verbs(free)
    );
    let title =
        format!("policy {:?} of {} demands a second factor for {} only", policy.name, table.name, policy.command);
    let each = free.iter().map(|c| {
        let clause = if *c == Command::Insert { "with check" } else { "using" };
        let name = quote_ident(&format!("{} ({})", policy.name, c.to_string().to_lowercase())).into_owned();
        format!(
            "create policy {name} on {} as restrictive for {} to {} {clause} ({});",
            table.name,
            c.to_string().to_lowercase(),
            roles(policy).replace(" and ", ", "),
            condition.text
        )
    });
    let draft = cx
        .policy_draft(condition, reached, cx.hole(Severity::Medium, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(each.collect::<Vec<_>>().join("\n"))
        .detail("commands");
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const BASE: &str = "create table t (id bigint primary key, owner uuid); alter table t enable row level security;
        create policy own on t to authenticated using (owner = auth.uid());";

    #[test]
    fn tells_floors_from_additions() {
        let demand = "(auth.jwt() ->> 'aal') = 'aal2'";
        let cases = [
            (format!("create policy mfa on t to authenticated using ({demand});"), vec!["high"]),
            (format!("create policy mfa on t to authenticated using ({demand} or not exists (select 1 from auth.mfa_factors f where f.user_id = auth.uid()));"), vec!["medium"]),
            (format!("create policy mfa on t as restrictive to authenticated using ({demand});"), vec![]),
            (format!("create policy mfa on t as restrictive for select to authenticated using ({demand});"), vec!["medium"]),
            (format!("drop policy own on t; create policy mfa on t to authenticated using (owner = auth.uid() and {demand});"), vec![]),
            (
                "create policy mfa on t as restrictive for update to authenticated using (array[auth.jwt() ->> 'aal'] <@ (
                    select case when count(id) > 0 then array['aal2'] else array['aal1', 'aal2'] end
                    from auth.mfa_factors where auth.uid() = user_id and status = 'verified'));".to_owned(),
                vec!["medium"],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("aal2-missing", BASE, &cases);
    }

    #[test]
    fn the_fixes_close_it() {
        for policy in ["", "as restrictive for select"] {
            let sql = format!(
                "{BASE} create policy mfa on t {policy} to authenticated using ((auth.jwt() ->> 'aal') = 'aal2');"
            );
            let fix = findings("aal2-missing", &sql)[0].fix.clone().unwrap();
            assert!(findings("aal2-missing", &format!("{sql}{fix}")).is_empty(), "{fix}");
        }
    }
}
