use std::collections::BTreeSet;

use super::trees::{Condition, Part, column, equality, subselect};
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{ConstraintKind, Function, QualifiedName, printable, quote_ident};
use crate::sql::tree::{ColumnRef, Expr, Node, Place, walk};

declare_check! {
    /// A column that was meant to be the row's own is one of the sub-select's table, so the sub-select looks up nothing.
    ///
    /// SQL looks for an unqualified name in the innermost FROM first. In `exists (select 1 from team_user where
    /// team_user.team_id = team_id)` both sides are `team_user.team_id`, although the policy's table has such a column
    /// too: the condition compares a column with itself, and whoever is in any team gets the rows of all. In the same way
    /// a parameter of an SQL function loses against a column of that name.
    ///
    /// Critical where clients reach the table and the sub-select refers to the row nowhere else; medium where it stands
    /// under NOT, where the sub-select still narrows by another column of the row, or where the wrong column shuts
    /// members out (`m.team_id = m.id`). Reported for policies and for SQL functions, from migrations and from the
    /// catalog alike: the stored condition shows the binding.
    pub(super) struct CapturedColumn {
        id: "captured-column",
        title: "column of the row that binds to the sub-select's table",
        severity: Critical,
        bad: "
            create table public.team_user (team_id bigint, user_id uuid, primary key (team_id, user_id));
            create table public.reports (id bigint primary key, team_id bigint not null, body text);
            alter table public.team_user enable row level security;
            alter table public.reports enable row level security;
            grant select on public.team_user, public.reports to authenticated;
            create policy own on public.team_user for select to authenticated using (user_id = (select auth.uid()));
            create policy \"team members\" on public.reports for select to authenticated
                using ((select auth.uid()) in (select user_id from team_user where team_user.team_id = team_id));
        ",
        good: "
            create table public.team_user (team_id bigint, user_id uuid, primary key (team_id, user_id));
            create table public.reports (id bigint primary key, team_id bigint not null, body text);
            alter table public.team_user enable row level security;
            alter table public.reports enable row level security;
            grant select on public.team_user, public.reports to authenticated;
            create policy own on public.team_user for select to authenticated using (user_id = (select auth.uid()));
            create policy \"team members\" on public.reports for select to authenticated
                using ((select auth.uid()) in
                    (select user_id from team_user where team_user.team_id = reports.team_id));
        ",
    }
}

impl Check for CapturedColumn {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table) || c.table.name.schema == "storage") {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            if let Some(captured) = captured(cx, &condition) {
                report(cx, &condition, &captured, out);
            }
        }
        let own = |f: &&Function| f.extension.is_none() && !cx.effective.is_platform_object(&f.id.schema, &f.owner);
        for function in cx.schema.functions.iter().filter(own).filter(|f| f.language == "sql") {
            out.examine(ObjectRef::function(&function.id));
            in_function(cx, function, out);
        }
    }
}

/// A comparison that says nothing of the row.
struct Captured {
    /// As it is printed.
    text: String,
    /// The condition as it was meant.
    meant: String,
    /// Whether the column was compared with itself.
    with_itself: bool,
    /// Whether anything else ties the sub-select to the row, or it stands under NOT.
    narrowed: bool,
}

fn captured(cx: &Context<'_>, condition: &Condition<'_, '_>) -> Option<Captured> {
    let negated = under_not(condition.tree);
    let mut found = None;
    walk(condition.tree, &mut |expr, place| {
        if found.is_some() || place.depth() == 0 {
            return;
        }
        let Some((left, right)) = equality(expr) else { return };
        let (Some(a), Some(b)) = (column(left), column(right)) else { return };
        let Some(outer) = meant(cx, condition, place, a, b) else { return };
        let taken = if outer == b.name { right } else { left };
        let qualified = format!("{}.{}", quote_ident(&condition.table.name.name), quote_ident(&outer));
        found = Some(Captured {
            text: condition.text.get(expr.range.clone()).unwrap_or_default().to_owned(),
            meant: condition.with(taken.range.clone(), &qualified),
            with_itself: a == b,
            narrowed: negated.contains(&std::ptr::from_ref(expr).addr()) || refers_to_row(condition.tree, expr),
        });
    });
    found
}

/// The column of the policy's row that a comparison within one item of FROM was meant to be with.
fn meant(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    place: &Place<'_>,
    a: &ColumnRef,
    b: &ColumnRef,
) -> Option<String> {
    let source = place.source(a).filter(|_| (a.up, a.source) == (b.up, b.source))?;
    if a == b {
        return condition.table.column(&a.name).map(|c| c.name.clone());
    }
    let relation = cx.relation_of(source)?;
    let refers = |from: &ColumnRef, to: &ColumnRef| {
        relation.constraints.iter().any(|c| match &c.kind {
            ConstraintKind::ForeignKey(key) => {
                key.relation == condition.table.name
                    && c.columns == [from.name.clone()]
                    && key.columns == [to.name.clone()]
            }
            _ => false,
        })
    };
    [(a, b), (b, a)].into_iter().find(|(from, to)| refers(from, to)).map(|(_, to)| to.name.clone())
}

/// The places of all that stands under NOT.
fn under_not(tree: &Expr) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    walk(tree, &mut |expr, place| {
        if let Node::Not(inner) = &expr.node {
            crate::sql::tree::walk_at(inner, place, &mut |e, _| {
                found.insert(std::ptr::from_ref(e).addr());
            });
        }
    });
    found
}

/// Whether the sub-select around `inner` refers to the row of the policy.
fn refers_to_row(tree: &Expr, inner: &Expr) -> bool {
    let mut around = false;
    walk(tree, &mut |expr, place| {
        let Some((query, _)) = subselect(expr) else { return };
        let (mut is_around, mut refers) = (false, false);
        crate::sql::tree::walk_query_at(query, place, &mut |e, place| {
            is_around |= std::ptr::eq(e, inner);
            refers |= matches!(&e.node, Node::Column(c) if place.is_given(c));
        });
        around |= is_around && refers;
    });
    around
}

fn report<'a>(cx: &'a Context<'a>, condition: &Condition<'a, '_>, captured: &Captured, out: &mut Findings<'_>) {
    let Some(reached) = cx.reached(condition) else { return };
    let (table, policy) = (&condition.table.name, condition.policy);
    let worst = match (captured.with_itself, captured.narrowed, policy.permissive) {
        (true, false, true) => Severity::Critical,
        (true, false, false) => Severity::High,
        _ => Severity::Medium,
    };
    let comparison = printable(&captured.text);
    let effect = match (captured.with_itself, captured.narrowed) {
        (true, false) => format!(
            "{} can {} every row of {table} as soon as the sub-select finds anything at all",
            subject(reached.principal),
            verb(reached.command)
        ),
        (true, true) => "the sub-select does not look at that column of the row".to_owned(),
        (false, _) => "the sub-select finds rows only where two of its own columns happen to be equal".to_owned(),
    };
    let message = format!(
        "Policy {:?} of {table} compares {comparison}, both sides of the sub-select's own table: {effect}. An \
         unqualified name binds to the innermost FROM; the column of {table} was meant.",
        policy.name
    );
    let title = format!("policy {:?} of {table} compares {comparison} within the sub-select", policy.name);
    let draft = cx
        .policy_draft(condition, &reached, cx.hole(worst, &reached), (title, message))
        .confidence(if captured.with_itself { Confidence::Proved } else { Confidence::Likely })
        .fix(condition.replaced_by(&captured.meant))
        .detail(if condition.on_new { "check" } else { "using" });
    let shows = captured.with_itself && !captured.narrowed;
    out.report(if shows { cx.beyond_meant(draft, (condition, &reached), &captured.meant) } else { draft });
}

/// Reports a parameter of an SQL function that a column of the same name hides.
fn in_function(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let hides = |c: &ColumnRef| function.parameters.iter().any(|p| p.name.as_ref() == Some(&c.name));
    let mut found: Option<(String, Option<QualifiedName>)> = None;
    cx.walk_function(function, &mut |part| {
        let Part::Expr(expr, place) = part else { return };
        if let Some((left, right)) = equality(expr)
            && let (Some(a), Some(b)) = (column(left), column(right))
            && a == b
            && hides(a)
            && found.is_none()
        {
            let relation = place.source(a).and_then(|s| cx.relation_of(s)).map(|r| r.name.clone());
            found = Some((a.name.clone(), relation));
        }
    });
    let Some((name, relation)) = found else { return };
    let relation = relation.map_or("a relation".to_owned(), |r| r.to_string());
    let name = quote_ident(&name);
    let used = cx.needed_functions().contains(&function.id);
    let severity = match (used, cx.may_call(function).next()) {
        (true, _) => Severity::High,
        (_, Some(_)) => Severity::Medium,
        _ => Severity::Low,
    };
    let message = format!(
        "In {} the name {name} is the column of {relation}, not the parameter: the comparison is of the column with \
         itself, and the argument changes nothing.{}",
        function.id,
        if used { " A policy relies on the function." } else { "" }
    );
    let title = format!("parameter {name} of {} is hidden by a column", function.id);
    let draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .fix(format!("-- in the body of {}, write {}.{name} or rename the parameter", function.id, function.id.name))
        .origin(function.origin);
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const TABLES: &str = "
        create table teams (id bigint primary key, name text);
        create table members (id bigint primary key, team_id bigint references teams, user_id uuid, role text);
        create table docs (id bigint primary key, team_id bigint references teams, owner uuid);
        alter table teams enable row level security; alter table docs enable row level security;";

    #[test]
    fn finds_what_binds_to_the_inner_table() {
        assert_found(
            "captured-column",
            TABLES,
            &[
                (
                    "create policy p on docs using (exists (select 1 from members m where m.team_id = team_id and user_id = auth.uid()));",
                    &["critical"],
                ),
                (
                    "create policy p on docs using (exists (select 1 from members m where m.team_id = docs.team_id and user_id = auth.uid()));",
                    &[],
                ),
                (
                    "create policy p on docs using (auth.uid() in (select user_id from members where team_id::text = team_id::text));",
                    &["critical"],
                ),
                (
                    "create policy o on docs using (owner = auth.uid()); create policy p on docs as restrictive using (exists (select 1 from members m where m.team_id = team_id));",
                    &["high"],
                ),
                (
                    "create policy p on docs using (not exists (select 1 from members m where m.team_id = team_id));",
                    &["medium"],
                ),
                (
                    "create policy p on docs using (exists (select 1 from members m where m.team_id = team_id and m.user_id = owner));",
                    &["medium"],
                ),
                (
                    "create policy p on teams using (exists (select 1 from members where team_id = id and user_id = auth.uid()));",
                    &["medium"],
                ),
                (
                    "create policy p on teams using (exists (select 1 from members where team_id = teams.id and user_id = auth.uid()));",
                    &[],
                ),
                (
                    "create policy p on docs for insert to service_role with check (exists (select 1 from members m where m.team_id = team_id));",
                    &[],
                ),
                // A join of two tables that have the column as well.
                (
                    "create policy p on docs using (exists (select 1 from members a join docs b on a.team_id = b.team_id where b.id = docs.id));",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn finds_parameters_that_columns_hide() {
        let function = "create function is_member(team_id bigint) returns boolean language sql stable security definer set search_path = ''
            as $$ select exists (select 1 from public.members m where m.team_id = team_id and m.user_id = auth.uid()) $$;";
        assert_found(
            "captured-column",
            TABLES,
            &[
                (function, &["medium"]),
                (&format!("{function} create policy p on docs using (is_member(team_id));"), &["high"]),
                (&function.replace("= team_id", "= is_member.team_id"), &[]),
            ],
        );
    }

    #[test]
    fn writes_what_was_meant() {
        let policy =
            "create policy p on docs using (auth.uid() in (select user_id from members where team_id = team_id));";
        let found = findings("captured-column", &format!("{TABLES}{policy}"));
        let fix = found[0].fix.as_deref().unwrap();
        assert!(fix.contains("(members.team_id = docs.team_id)"), "{fix}");
        assert!(findings("captured-column", &format!("{TABLES}{policy}{fix}")).is_empty());
    }
}
