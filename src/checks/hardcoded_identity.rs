use super::reached::Reached;
use super::trees::{Condition, column, constant, equality};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Function, printable};
use crate::sql::tree::{Expr, Node, Place};

declare_check! {
    /// A policy names a certain user: whoever holds that account has rights that no table shows and nobody can take away.
    ///
    /// `auth.uid() = '7f9c..'` or an address in the text of a policy is an administrator by migration. It outlives the
    /// person's job, cannot be revoked without a release, and in a database made anew from the same migrations (a preview, a
    /// customer's own copy) somebody else may hold that id or address.
    ///
    /// Medium where clients reach the table, for ids and addresses alike, through functions too. Low for rows of a fixed
    /// owner (`user_id = '00000000-..'`), which is how demonstration data is shared. Not reported: names of buckets, roles
    /// and kinds, which are no identity.
    pub(super) struct HardcodedIdentity {
        id: "hardcoded-identity",
        title: "user who is named in a policy",
        severity: Medium,
        bad: "
            create table public.ledger (id bigint primary key, user_id uuid not null, amount numeric);
            alter table public.ledger enable row level security;
            grant select on public.ledger to authenticated;
            create policy own on public.ledger for select to authenticated
                using (user_id = (select auth.uid()) or (select auth.uid()) = '7f9c24e5-2b1a-4d0e-9a68-5f1de6a6c3aa');
        ",
        good: "
            create table public.ledger (id bigint primary key, user_id uuid not null, amount numeric);
            alter table public.ledger enable row level security;
            grant select on public.ledger to authenticated;
            create policy own on public.ledger for select to authenticated using (user_id = (select auth.uid())
                or (select auth.jwt()) -> 'app_metadata' ->> 'role' = 'accountant');
        ",
    }
}

impl Check for HardcodedIdentity {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| c.policy.permissive) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached_signed_in(&condition) else { continue };
            let mut worst: Option<Named> = None;
            cx.walk_through(condition.tree, &mut |part, function| {
                let super::trees::Part::Expr(expr, place) = part else { return };
                if let Some(named) = named(expr, place, function)
                    && worst.as_ref().is_none_or(|w| w.severity < named.severity)
                {
                    worst = Some(named);
                }
            });
            if let Some(named) = worst {
                report(cx, &condition, &reached, &named, out);
            }
        }
    }
}

/// A comparison with an identity that is written down.
struct Named {
    severity: Severity,
    who: String,
    function: Option<String>,
}

fn named(expr: &Expr, place: &Place<'_>, function: Option<&Function>) -> Option<Named> {
    let (left, right) = equality(expr)?;
    let (who, other) = match (identity(right), identity(left)) {
        (Some(who), _) => (who, left),
        (_, Some(who)) => (who, right),
        _ => return None,
    };
    let severity = if is_asker(other) {
        Severity::Medium
    } else {
        let own = column(other).filter(|c| place.is_given(c) && other.data_type.is("uuid"));
        own.filter(|c| c.name.ends_with("user_id") || c.name.ends_with("owner_id") || c.name == "owner")?;
        Severity::Low
    };
    Some(Named { severity, who, function: function.map(|f| f.id.to_string()) })
}

/// The id or address that an expression is, or the first of a list.
fn identity(expr: &Expr) -> Option<String> {
    let text = match &expr.node {
        Node::Array(all) => return all.iter().find_map(identity),
        Node::Cast { operand, .. } if matches!(operand.node, Node::Array(_)) => return identity(operand),
        _ => constant(expr)?,
    };
    let first = text.trim_matches(['{', '}']).split(',').next().unwrap_or_default().trim_matches('"');
    let is_uuid = first.len() == 36 && first.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_address = first.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty() && domain.contains('.') && !first.contains(['%', '*', '^', '$', ' '])
    });
    (is_uuid || is_address).then(|| first.to_owned())
}

/// `auth.uid()`, `auth.email()`, `auth.jwt() ->> 'sub'`
fn is_asker(expr: &Expr) -> bool {
    match &expr.node {
        Node::Call(call) => {
            let name = &call.routine.name;
            let own = name.schema == "auth" && matches!(name.name.as_str(), "uid" | "email");
            own || (call.routine.key.is_none() && call.arguments.first().is_some_and(is_asker))
        }
        Node::Operation(operator, sides) if operator.symbol == "->>" => {
            sides.last().and_then(constant).is_some_and(|key| key == "sub" || key == "email")
        }
        Node::Cast { operand, .. } => is_asker(operand),
        Node::Choice(_, all) => all.first().is_some_and(is_asker),
        Node::Scalar(query) => {
            let target = query.select().and_then(|s| s.targets.first());
            target.is_some_and(|t| is_asker(&t.value) || column(&t.value).is_some_and(|c| c.name == "email"))
        }
        _ => false,
    }
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    named: &Named,
    out: &mut Findings<'_>,
) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let who = printable(&named.who);
    let through = named.function.as_ref().map(|f| format!(", through {f},")).unwrap_or_default();
    let message = if named.severity == Severity::Low {
        format!(
            "Policy {:?} of {table}{through} shows the rows of {who} to {}.",
            policy.name,
            reached.principal.words()
        )
    } else {
        format!(
            "Policy {:?} of {table}{through} gives whoever is {who} rights of their own, which only a change of the schema \
             takes away.",
            policy.name
        )
    };
    let title = format!("policy {:?} of {table} names a user", policy.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(named.severity, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix("-- keep who may in a table that users cannot write, or in app_metadata, and ask for that")
        .detail(if condition.on_new { "check" } else { "using" });
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn tells_people_from_names() {
        let base = "create table t (id bigint primary key, user_id uuid, kind_id uuid, bucket_id text);
            alter table t enable row level security;";
        let policy = |using: &str| format!("create policy p on t to authenticated using ({using});");
        let id = "'7f9c24e5-2b1a-4d0e-9a68-5f1de6a6c3aa'";
        let cases = [
            (policy(&format!("auth.uid() = {id}")), vec!["medium"]),
            (policy(&format!("auth.uid() in ({id}, '7f9c24e5-2b1a-4d0e-9a68-5f1de6a6c3ab')")), vec!["medium"]),
            (policy(&format!("(auth.jwt() ->> 'sub') = {id}")), vec!["medium"]),
            (policy("auth.email() = 'boss@example.com'"), vec!["medium"]),
            (policy("auth.jwt() ->> 'email' = any (array['boss@example.com', 'x@example.com'])"), vec!["medium"]),
            (policy(&format!("user_id = {id}")), vec!["low"]),
            (policy(&format!("kind_id = {id}")), vec![]),
            (policy("bucket_id = 'avatars' and user_id = auth.uid()"), vec![]),
            (policy("auth.email() like '%@example.com'"), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("hardcoded-identity", base, &cases);
    }
}
