use super::intent::Intent;
use super::policy_tautology::fix;
use super::reached::Reached;
use super::trees::{Condition, Part, constant, equality};
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::analyzer::effective::Who;
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Command, printable, quote_literal};
use crate::sql::tree::{Expr, Node, walk};

declare_check! {
    /// A policy asks only whether somebody is signed in, so that every user gets every row.
    ///
    /// `auth.role() = 'authenticated'` and `auth.uid() is not null` are true for each user, those without an account
    /// (anonymous sign-ins) included. In a policy they are no condition on the row: it is as open as `using (true)` for the
    /// role `authenticated`. `auth.role()` is deprecated; `to authenticated` says the same, and then who may what is left
    /// to say. A role that does not exist (`auth.role() = 'admin'`) shuts everybody out.
    ///
    /// High where rows can be changed or deleted, or where a column says whose each row is; medium where rows of nobody can be
    /// added or a role does not exist; low for rows of nobody in particular. Decided for all rows and users. Not reported:
    /// `service_role`, and conditions that say more.
    pub(super) struct AuthRolePredicate {
        id: "auth-role-predicate",
        title: "policy that only asks whether somebody is signed in",
        severity: High,
        bad: "
            create table public.diaries (id bigint primary key, user_id uuid not null, body text);
            alter table public.diaries enable row level security;
            grant select on public.diaries to authenticated;
            create policy \"signed in\" on public.diaries for select using (auth.role() = 'authenticated');
        ",
        good: "
            create table public.diaries (id bigint primary key, user_id uuid not null, body text);
            alter table public.diaries enable row level security;
            grant select on public.diaries to authenticated;
            create policy own on public.diaries for select to authenticated using (user_id = (select auth.uid()));
        ",
    }
}

impl Check for AuthRolePredicate {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| c.policy.permissive && !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached_signed_in(&condition).filter(|r| r.principal.is_api()) else { continue };
            if let Some(role) = unknown_role(cx, condition.tree) {
                no_such_role(cx, &condition, &reached, &role, out);
            } else if reached.principal.who == Who::SignedIn && !reads_row(condition.tree) {
                // To add rows of others is `insert-unchecked`.
                let intent = Intent::of(condition.table);
                let owned = intent.owner.is_some() || intent.tenant.is_some();
                let asked = Command::ALL.into_iter().filter(|c| !owned || *c != Command::Insert);
                let opened: Vec<_> = asked.filter(|c| opens(cx, &condition, &reached, *c)).collect();
                if !opened.is_empty() {
                    report(cx, &condition, &reached, &opened, out);
                }
            }
        }
    }
}

/// Whether a condition reads a column of the row: then it says more, and need not be decided.
fn reads_row(tree: &Expr) -> bool {
    let mut found = false;
    walk(tree, &mut |expr, place| {
        found |= match &expr.node {
            Node::Column(column) => place.is_given(column),
            Node::WholeRow { up, .. } => place.depth() == *up,
            _ => false,
        };
    });
    found
}

/// A role that the condition compares the request's with and that no request can have.
fn unknown_role(cx: &Context<'_>, tree: &Expr) -> Option<String> {
    let mut found = None;
    cx.walk_through(tree, &mut |part, function| {
        let Part::Expr(expr, _) = part else { return };
        if let (None, Some((left, right))) = (function, equality(expr)) {
            let role = if is_role(left) { constant(right) } else { constant(left).filter(|_| is_role(right)) };
            let unknown = role.filter(|role| !role.starts_with('{') && cx.schema.role(role).is_none());
            found = found.take().or(unknown.map(str::to_owned));
        }
    });
    found
}

/// `auth.role()`, `auth.jwt() ->> 'role'`
fn is_role(expr: &Expr) -> bool {
    match &expr.node {
        Node::Call(call) => call.routine.name.schema == "auth" && call.routine.name.name == "role",
        Node::Operation(operator, sides) if operator.symbol == "->>" => {
            let [from, key] = sides.as_slice() else { return false };
            let whole = |e: &Expr| matches!(&e.node, Node::Call(c) if c.routine.name.name == "jwt");
            let inside = match &from.node {
                Node::Scalar(query) => query.select().and_then(|s| s.targets.first()).is_some_and(|t| whole(&t.value)),
                _ => whole(from),
            };
            constant(key) == Some("role") && inside
        }
        Node::Cast { operand, .. } => is_role(operand),
        Node::Scalar(query) => query.select().and_then(|s| s.targets.first()).is_some_and(|t| is_role(&t.value)),
        _ => false,
    }
}

/// Whether the policy by itself, and with all that binds the role, gives every signed-in user every row, though not
/// whoever is not signed in.
fn opens(cx: &Context<'_>, condition: &Condition<'_, '_>, reached: &Reached<'_>, command: Command) -> bool {
    let Condition { policy, on_new, .. } = *condition;
    let role = &reached.principal.role;
    let Some(table) = cx.schema.relation(&condition.table.name).filter(|_| policy.command.covers(command)) else {
        return false;
    };
    let which = if command == Command::Insert { Which::New } else { Which::Old };
    let access = cx.effective.access(role, table, command);
    if on_new != (command == Command::Insert && policy.check.is_some())
        || !access.is_some()
        || !access.row_security.applies()
    {
        return false;
    }
    let decider = Decider::brief(&cx.effective);
    let session = format!("(current_setting('request.jwt.claims', true)::jsonb ->> 'role') = {}", quote_literal(role));
    let mut alone = decider.policies(role, table, &[policy], which);
    !alone.proves(Ask::AlwaysTrue, Asker::Any)
        && alone.proves(Ask::GrantsAll(session.as_str().into()), Asker::SomeUser)
        && decider
            .access(role, table, command, which, Caller::Sql)
            .proves(Ask::GrantsAll(session.as_str().into()), Asker::SomeUser)
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    opened: &[Command],
    out: &mut Findings<'_>,
) {
    let (table, policy) = (condition.table, condition.policy);
    let intent = Intent::of(table);
    let weigh = |c: &Command| match c {
        Command::Update | Command::Delete => Severity::High,
        Command::Insert => Severity::Medium,
        Command::Select if intent.is_authorship_only() => Severity::Medium,
        Command::Select if intent.reason().is_some() => Severity::High,
        Command::Select => Severity::Low,
    };
    let worst = opened.iter().map(weigh).max().unwrap_or(Severity::Low);
    let verbs: Vec<_> = opened.iter().map(|c| verb(*c)).collect();
    let reason = intent.reason().map(|r| format!(" Not everyone should: {r}.")).unwrap_or_default();
    let message = format!(
        "{} can {} every row of {}: policy {:?}, {}, only asks whether somebody is signed in.{reason}",
        subject(reached.principal),
        super::words::and_list(&verbs),
        table.name,
        policy.name,
        printable(condition.text),
    );
    let title = format!("policy {:?} opens {} to every signed-in user", policy.name, table.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(fix(table, policy, &intent))
        .detail("signed in");
    out.report(draft);
}

fn no_such_role(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    role: &str,
    out: &mut Findings<'_>,
) {
    let (table, policy, role) = (&condition.table.name, condition.policy, printable(role));
    let message = format!(
        "Policy {:?} of {table} compares the role of the request with {role}, which is no role of this database: no request \
         has it. Roles of the application belong into app_metadata or a table.",
        policy.name
    );
    let title = format!("policy {:?} of {table} asks for the role {role}, which does not exist", policy.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(Severity::Medium, reached), (title, message))
        .fix("-- ask for app_metadata: ((select auth.jwt()) -> 'app_metadata' ->> 'role') = '..'")
        .detail("unknown role");
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn is_decided_for_all_users() {
        let base = "
            create table own (id bigint primary key, user_id uuid); create table tags (id bigint primary key, name text);
            alter table own enable row level security; alter table tags enable row level security;";
        let cases = [
            ("create policy p on own for select using (auth.role() = 'authenticated');", vec!["high"]),
            (
                "create policy p on own for select to authenticated using ((select auth.uid()) is not null);",
                vec!["high"],
            ),
            ("create policy p on tags for select using (auth.role() = 'authenticated');", vec!["low"]),
            ("create policy p on tags for insert with check (auth.role() = 'authenticated');", vec!["medium"]),
            ("create policy p on tags for delete using ((auth.jwt() ->> 'role') = 'authenticated');", vec!["high"]),
            (
                "create policy p on own for select using (auth.role() = 'authenticated' and user_id = auth.uid());",
                vec![],
            ),
            ("create policy p on own for select to authenticated using (true);", vec![]),
            ("create policy p on own using (auth.role() = 'service_role');", vec![]),
            ("create policy p on own using (auth.role() = 'admin');", vec!["medium"]),
            (
                "create policy p on own for select using (auth.role() = 'authenticated');
                 create policy f on own as restrictive using (user_id = auth.uid());",
                vec![],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (*sql, words.as_slice())).collect();
        assert_found("auth-role-predicate", base, &cases);
    }
}
