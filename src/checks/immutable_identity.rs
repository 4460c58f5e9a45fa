use super::trees::{Part, column};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, QualifiedName, Volatility, printable};
use crate::sql::tree::{Node, walk_at};

declare_check! {
    /// A function that is declared IMMUTABLE tells who is asking, so that the answer for one user is kept for the next.
    ///
    /// IMMUTABLE promises the same result for ever. The planner then works a call without columns out once and keeps the
    /// value in the plan. Prepared statements, which PostgREST and most drivers use on pooled connections, share a generic
    /// plan from the sixth run on: the second user gets the first one's rows.
    ///
    /// Critical where a policy that clients meet calls it without a column among the arguments; low otherwise, for nothing
    /// is frozen then, and the promise is wrong all the same. It asks who is asking if it, or a function that it calls,
    /// reads `auth.uid()`, `current_setting()`, `current_user` and the like.
    pub(super) struct ImmutableIdentity {
        id: "immutable-identity",
        title: "IMMUTABLE function that tells who is asking",
        severity: Critical,
        bad: "
            create table public.wallets (id bigint primary key, owner uuid not null, balance numeric);
            alter table public.wallets enable row level security;
            grant select on public.wallets to authenticated;
            create function public.me() returns uuid language sql immutable set search_path = ''
                as $$ select auth.uid() $$;
            create policy own on public.wallets for select to authenticated using (owner = public.me());
        ",
        good: "
            create table public.wallets (id bigint primary key, owner uuid not null, balance numeric);
            alter table public.wallets enable row level security;
            grant select on public.wallets to authenticated;
            create function public.me() returns uuid language sql stable set search_path = ''
                as $$ select auth.uid() $$;
            create policy own on public.wallets for select to authenticated using (owner = public.me());
        ",
    }
}

impl Check for ImmutableIdentity {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let own = cx.schema.functions.iter().filter(|f| f.extension.is_none());
        for function in own.filter(|f| !cx.effective.is_platform_object(&f.id.schema, &f.owner)) {
            if function.volatility != Volatility::Immutable {
                continue;
            }
            out.examine(ObjectRef::function(&function.id));
            if cx.code.asks_who(&function.body) {
                report(cx, function, out);
            }
        }
    }
}

/// A policy that calls the function, and for whom.
struct Used<'a> {
    table: &'a QualifiedName,
    policy: &'a str,
    role: String,
    severity: Severity,
}

fn used<'a>(cx: &Context<'a>, function: &Function) -> Option<Used<'a>> {
    let mut worst: Option<Used<'a>> = None;
    for condition in cx.conditions() {
        let Some(reached) = cx.reached(&condition) else { continue };
        let mut frozen = false;
        cx.walk_through(condition.tree, &mut |part, _| {
            let Part::Expr(expr, place) = part else { return };
            let Node::Call(call) = &expr.node else { return };
            if cx.called(call).is_some_and(|f| f.id == function.id) {
                let mut varies = false;
                call.arguments.iter().for_each(|a| {
                    walk_at(a, place, &mut |e, _| {
                        varies |= column(e).is_some() || matches!(e.node, Node::Parameter(_))
                    });
                });
                frozen |= !varies;
            }
        });
        let severity = cx.hole(Severity::Critical, &reached);
        if frozen && worst.as_ref().is_none_or(|w| w.severity < severity) {
            let role = reached.principal.role.clone();
            worst = Some(Used { table: &condition.table.name, policy: &condition.policy.name, role, severity });
        }
    }
    worst
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let used = used(cx, function);
    let severity = used.as_ref().map_or(Severity::Low, |u| u.severity);
    let effect = match &used {
        Some(used) => format!(
            "policy {:?} of {} calls it: in a prepared statement with a generic plan, {} gets the rows of whoever came first \
             on that connection",
            used.policy,
            used.table,
            printable(&used.role)
        ),
        None => "no policy that clients meet calls it without a column, so nothing is frozen yet".to_owned(),
    };
    let message = format!("{} is IMMUTABLE, but what it gives depends on the session; {effect}.", function.id);
    let title = format!("{} is IMMUTABLE and tells who is asking", function.id);
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(Confidence::Proved)
        .fix(format!("alter function {} stable;", function.id))
        .origin(function.origin);
    if let Some(used) = &used {
        draft = draft
            .principal(&used.role)
            .evidence("policy", format!("{:?} on {}", used.policy, used.table))
            .confirm(&used.role, used.table);
    }
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn weighs_by_what_is_frozen() {
        let base = "create table t (id bigint primary key, owner uuid); alter table t enable row level security;";
        let me = "create function me() returns uuid language sql immutable as $$ select auth.uid() $$;";
        let is_me = "create function is_me(u uuid) returns boolean language plpgsql immutable as $$ begin return u = auth.uid(); end $$;";
        let cases = [
            (format!("{me} create policy p on t to authenticated using (owner = me());"), vec!["critical"]),
            (format!("{me} create policy p on t to authenticated using (owner = (select me()));"), vec!["critical"]),
            (me.to_owned(), vec!["low"]),
            (format!("{is_me} create policy p on t to authenticated using (is_me(owner));"), vec!["low"]),
            (
                format!(
                    "{me} create function mine(u uuid) returns boolean language sql stable as $$ select u = me() $$;
                    create policy p on t to authenticated using (mine(owner));"
                ),
                vec!["critical"],
            ),
            ("create function add(n int) returns int language sql immutable as $$ select n + 1 $$;".to_owned(), vec![]),
            (me.replace("immutable", "stable"), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("immutable-identity", base, &cases);
    }
}
