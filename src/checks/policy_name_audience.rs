use super::trees::Condition;
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::decide::{Ask, Asker, Caller, Decider, Which};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// A policy's name says that it is for the back end or for administrators, and it lets everybody in.
    ///
    /// A policy without TO is for PUBLIC. `create policy "Service role can do anything" on t using (true)` gives visitors
    /// all rows; the service role itself never needed it, since row security does not bind it. In the same way "Admins can
    /// read all" with `using (true)` reads well and asks nothing.
    ///
    /// High where clients reach every row by it, as far as nothing restrictive narrows that: the name says that they were
    /// not meant. Decided for all rows and sessions of the role; the names that count speak of the service role, the back
    /// end, administrators, staff or the system.
    pub(super) struct PolicyNameAudience {
        id: "policy-name-audience",
        title: "policy for more than its name says",
        severity: High,
        bad: "
            create table public.jobs (id bigint primary key, payload jsonb);
            alter table public.jobs enable row level security;
            grant select on public.jobs to anon, authenticated;
            create policy \"Service role reads jobs\" on public.jobs for select using (true);
        ",
        good: "
            create table public.jobs (id bigint primary key, payload jsonb);
            alter table public.jobs enable row level security;
            grant select on public.jobs to anon, authenticated;
            create policy \"Service role reads jobs\" on public.jobs for select to service_role using (true);
        ",
    }
}

impl Check for PolicyNameAudience {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| c.policy.permissive && !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(audience) = audience(&condition.policy.name, &condition.table.name.name) else { continue };
            report(cx, &condition, audience, out);
        }
    }
}

/// Whom a name speaks of; the words of the table's own name speak of nobody.
fn audience(name: &str, table: &str) -> Option<&'static str> {
    const BACK_END: [&str; 4] = ["backend", "server", "system", "internal"];
    const ADMINISTRATORS: [&str; 7] =
        ["admin", "admins", "administrators", "superadmin", "superadmins", "staff", "moderators"];
    let split =
        |text: &str| -> Vec<String> { text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect() };
    let (mut words, own) = (split(name), split(table));
    let both = |a: &str, b: &str| words.windows(2).any(|pair| matches!(pair, [x, y] if x == a && y == b));
    if both("service", "role") || both("back", "end") {
        return Some("the back end");
    }
    words.retain(|word| !own.contains(word));
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&BACK_END) { Some("the back end") } else { has(&ADMINISTRATORS).then_some("administrators") }
}

/// Whether the policy alone, and with what binds the role, lets every row through, for somebody who signed in at least.
fn opens(cx: &Context<'_>, table: &Relation, policy: &Policy, role: &str, command: Command) -> bool {
    let Some(table) = cx.schema.relation(&table.name) else { return false };
    let which = if command == Command::Insert { Which::New } else { Which::Old };
    let access = cx.effective.access(role, table, command);
    let decider = Decider::brief(&cx.effective);
    access.is_some()
        && access.row_security.applies()
        && decider.policies(role, table, &[policy], which).proves(Ask::AlwaysTrue, Asker::Any)
        && decider.access(role, table, command, which, Caller::Sql).proves(Ask::AlwaysTrue, Asker::Any)
}

fn report(cx: &Context<'_>, condition: &Condition<'_, '_>, audience: &str, out: &mut Findings<'_>) {
    // Once for both clauses.
    let Some(reached) = cx.reached(condition).filter(|_| !condition.on_new || condition.policy.using.is_none()) else {
        return;
    };
    let (table, policy) = (condition.table, condition.policy);
    let role = &reached.principal.role;
    let opened: Vec<_> =
        Command::ALL.into_iter().filter(|c| policy.command.covers(*c) && opens(cx, table, policy, role, *c)).collect();
    if opened.is_empty() {
        return;
    }
    let verbs: Vec<_> = opened.iter().map(|c| verb(*c)).collect();
    let message = format!(
        "Policy {:?} of {} is named for {audience}, but {} can {} every row by it: it is for {}, and its condition, {}, asks \
         nothing.",
        policy.name,
        table.name,
        subject(reached.principal).to_lowercase(),
        super::words::and_list(&verbs),
        super::policy_tautology::roles(policy),
        printable(condition.text)
    );
    let title = format!("policy {:?} of {} is for more than its name says", policy.name, table.name);
    let name = quote_ident(&policy.name);
    let fix = if audience == "the back end" {
        format!("drop policy {name} on {};\n-- the service role needs none; row security does not bind it", table.name)
    } else {
        format!(
            "drop policy {name} on {};\n-- then ask for the role: (select auth.jwt()) -> 'app_metadata' ->> 'role'",
            table.name
        )
    };
    let draft = cx
        .policy_draft(condition, &reached, cx.hole(Severity::High, &reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(fix);
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn compares_the_name_with_what_it_opens() {
        let base = "create table t (id bigint primary key, owner uuid); alter table t enable row level security;";
        let cases = [
            ("create policy \"Service role full access\" on t using (true) with check (true);", vec!["high"]),
            ("create policy service_role_all on t using (true);", vec!["high"]),
            ("create policy \"Admins can view all\" on t for select to authenticated using (1 = 1);", vec!["high"]),
            ("create policy \"Service role full access\" on t to service_role using (true);", vec![]),
            ("create policy \"Service role full access\" on t using (auth.role() = 'service_role');", vec![]),
            ("create policy \"Anyone can read\" on t for select using (true);", vec![]),
            ("create policy \"Admins\" on t using (owner = auth.uid());", vec![]),
            ("create policy \"Customer services\" on t using (true);", vec![]),
            (
                "create table admin_settings (id int); alter table admin_settings enable row level security; create policy admin_settings_select on admin_settings for select using (true);",
                vec![],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (*sql, words.as_slice())).collect();
        assert_found("policy-name-audience", base, &cases);
    }
}
