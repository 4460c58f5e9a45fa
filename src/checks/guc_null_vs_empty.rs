use super::reached::Reached;
use super::settings::{Read, read};
use super::trees::{Condition, Part};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Command, Function, printable};
use crate::sql::tree::{Choice, Expr, Node, Test};
use std::ops::Range;

declare_check! {
    /// A policy takes a setting of the session for NULL when it is unset, but on a used connection it is `''`.
    ///
    /// `current_setting('app.tenant', true)` is NULL only until somebody on that connection says `SET LOCAL app.tenant`.
    /// When that transaction has ended, the setting is the empty string for as long as the connection lasts. Behind a pool
    /// that is the rule: `::uuid` and `::bigint` then fail (22P02), and `IS NULL`, `coalesce` guards decide otherwise than
    /// on a fresh connection. With one argument `current_setting` fails on an unset setting (42704).
    ///
    /// Medium where a guard opens rows while the setting is NULL; low where queries fail or a guard is idle. Not reported:
    /// `nullif(.., '')`, settings that a role or the database starts with, those of PostgREST's requests, and one-argument
    /// calls for clients who speak SQL and set it themselves: to fail loudly is what they want.
    pub(super) struct GucNullVsEmpty {
        id: "guc-null-vs-empty",
        title: "unset setting that is taken for NULL",
        severity: Medium,
        bad: "
            create table public.shifts (id bigint primary key, tenant_id bigint not null, body text);
            alter table public.shifts enable row level security;
            grant select on public.shifts to authenticated;
            create policy tenant on public.shifts for select to authenticated
                using (tenant_id = current_setting('app.tenant', true)::bigint);
        ",
        good: "
            create table public.shifts (id bigint primary key, tenant_id bigint not null, body text);
            alter table public.shifts enable row level security;
            grant select on public.shifts to authenticated;
            create policy tenant on public.shifts for select to authenticated
                using (tenant_id = nullif(current_setting('app.tenant', true), '')::bigint);
        ",
    }
}

impl Check for GucNullVsEmpty {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached(&condition) else { continue };
            if let Some(use_) = worst(cx, &condition, &reached) {
                report(cx, &condition, &reached, &use_, out);
            }
        }
    }
}

/// What is made of an unset setting, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// It fails.
    Missing,
    /// `''` is cast to a type that does not take it.
    Cast,
    /// A default that is not taken, a guard that does not guard.
    Idle,
    /// A guard that opens rows.
    Opens,
}

struct Use {
    made: Made,
    setting: String,
    /// The call, if it stands in the condition itself.
    range: Option<Range<usize>>,
    function: Option<String>,
}

fn worst(cx: &Context<'_>, condition: &Condition<'_, '_>, reached: &Reached<'_>) -> Option<Use> {
    let mut found: Option<Use> = None;
    cx.walk_through(condition.tree, &mut |part, function| {
        let Part::Expr(expr, _) = part else { return };
        let Some((made, call)) = made(expr) else { return };
        let Some(read) = read(call) else { return };
        if matters(cx, condition, reached, made, &read) && found.as_ref().is_none_or(|f| f.made < made) {
            found = Some(used(made, &read, function));
        }
    });
    found
}

fn used(made: Made, read: &Read<'_>, function: Option<&Function>) -> Use {
    Use {
        made,
        setting: read.name.clone(),
        range: function.is_none().then(|| read.call.range.clone()),
        function: function.map(|f| f.id.to_string()),
    }
}

/// The call of `current_setting` that an expression makes something of.
fn made(expr: &Expr) -> Option<(Made, &Expr)> {
    match &expr.node {
        Node::Call(_) => Some((Made::Missing, expr)),
        Node::Cast { operand, .. } if !is_text(expr) => Some((Made::Cast, call(operand)?)),
        Node::Is { operand, test: Test::Null, negated } => {
            Some((if *negated { Made::Idle } else { Made::Opens }, call(operand)?))
        }
        Node::Choice(Choice::Coalesce, all) => Some((Made::Idle, call(all.first()?)?)),
        _ => None,
    }
}

/// The call inside casts to text and sub-selects of it alone.
fn call(expr: &Expr) -> Option<&Expr> {
    match &expr.node {
        Node::Call(call) => (call.routine.name.name == "current_setting").then_some(expr),
        Node::Cast { operand, .. } if is_text(expr) => call(operand),
        Node::Scalar(query) => {
            let select = query.select().filter(|s| s.sources.is_empty() && s.filter.is_none())?;
            call(&select.targets.first()?.value)
        }
        _ => None,
    }
}

fn is_text(expr: &Expr) -> bool {
    expr.data_type.is("text") || expr.data_type.is("character varying")
}

/// Whether the setting can be unset for the client, and what is made of it then is not meant.
fn matters(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    made: Made,
    read: &Read<'_>,
) -> bool {
    let name = read.name.as_str();
    if !name.contains('.') || name.starts_with("request.") || name.starts_with("pgrst.") {
        return false;
    }
    if cx.schema.setting_of(&reached.principal.role, name).is_some() {
        return false;
    }
    match made {
        // Another policy may let the row pass, but the error comes first.
        Made::Missing => read.raises && (reached.principal.is_api() || has_others(condition)),
        Made::Cast => !read.raises,
        Made::Idle => true,
        Made::Opens => condition.policy.permissive,
    }
}

fn has_others(condition: &Condition<'_, '_>) -> bool {
    let same = |c: Command| condition.policy.command.covers(c);
    let others = condition.table.policies.iter().filter(|p| p.permissive && p.name != condition.policy.name);
    others.into_iter().any(|p| Command::ALL.into_iter().any(|c| same(c) && p.command.covers(c)))
}

fn report(cx: &Context<'_>, condition: &Condition<'_, '_>, reached: &Reached<'_>, used: &Use, out: &mut Findings<'_>) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let (setting, who) = (printable(&used.setting), reached.principal.words());
    let through = used.function.as_ref().map(|f| format!(", in {f},")).unwrap_or_default();
    let effect = match used.made {
        Made::Missing => format!("every query of {who} on {table} fails (42704) in a session that did not set it"),
        Made::Cast => format!(
            "on a connection where it was set before, '' is no value of the type and queries of {who} fail (22P02)"
        ),
        Made::Idle => {
            "on a connection where it was set before it is '', not NULL, so the guard lets '' through".to_owned()
        }
        Made::Opens => {
            format!("{who} gets the rows while it is NULL, on a fresh connection, and not when it is '', on a used one")
        }
    };
    let message = format!(
        "Policy {:?} of {table} reads the setting {setting}{through} which may be unset: {effect}.",
        policy.name
    );
    let title = format!("policy {:?} of {table} takes an unset {setting} for NULL", policy.name);
    let worst = if used.made == Made::Opens { Severity::Medium } else { Severity::Low };
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(fix(condition, used))
        .detail(if condition.on_new { "check" } else { "using" });
    out.report(draft);
}

fn fix(condition: &Condition<'_, '_>, used: &Use) -> String {
    let advice = format!("nullif(current_setting({}, true), '')", crate::model::quote_literal(&used.setting));
    match (&used.range, &used.function) {
        (Some(range), _) if used.made != Made::Opens => condition.replaced_by(&condition.with(range.clone(), &advice)),
        (_, Some(function)) => format!("-- in {function}, read {advice}"),
        _ => format!("-- read {advice}, and let nothing pass while it is NULL"),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn tells_what_is_made_of_it() {
        let policy = |using: &str| format!("create policy p on t to authenticated using ({using});");
        let cases = [
            (policy("n = current_setting('app.n', true)::bigint"), vec!["low"]),
            (policy("n = (select current_setting('app.n', true))::bigint"), vec!["low"]),
            (policy("n = nullif(current_setting('app.n', true), '')::bigint"), vec![]),
            (policy("tenant = current_setting('app.t', true)"), vec![]),
            (policy("tenant = current_setting('app.t')"), vec!["low"]),
            (policy("current_setting('app.t', true) is null or tenant = 'x'"), vec!["medium"]),
            (policy("current_setting('app.t', true) is not null and tenant = 'x'"), vec!["low"]),
            (policy("tenant = coalesce(current_setting('app.t', true), 'x')"), vec!["low"]),
            (policy("tenant = current_setting('request.jwt.claims', true)::json ->> 'tenant'"), vec![]),
            (
                format!(
                    "alter role authenticated set app.n = '1'; {}",
                    policy("n = current_setting('app.n', true)::bigint")
                ),
                vec![],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        let base =
            "create table t (id bigint primary key, n bigint, tenant text); alter table t enable row level security;";
        assert_found("guc-null-vs-empty", base, &cases);
    }
}
