use super::reached::Reached;
use super::trees::{Condition, Fixed, column, conjuncts, constant, equality, subselect};
use super::words::{subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Findings, ObjectRef, Severity};
use crate::model::{Column, ConstraintKind, ForeignKey, Relation, printable, quote_ident};
use crate::sql::tree::{Expr, Node, Place, Query, Source, walk_at};

declare_check! {
    /// A policy asks whether the user is a member of anything, not of what the row belongs to.
    ///
    /// `exists (select 1 from members m where m.user_id = auth.uid())` is true for every row as soon as the user is a
    /// member of any team: the sub-select never looks at the row. The memberships and the table both say which team they
    /// are of, so the two were meant to be compared.
    ///
    /// High where clients reach the table; medium where the sub-select also asks for a role, since "an administrator of
    /// anything" may be meant. Reported only if the looked-up table and the policy's share a group (foreign keys to the
    /// same table, or from one to the other), and nothing else that must hold narrows by a key, owner or tenant of the
    /// row. Not reported: look-ups of one row by its key (`profiles.id = auth.uid()`), which tell something of the user.
    pub(super) struct UncorrelatedExists {
        id: "uncorrelated-exists",
        title: "membership asked for without regard to the row",
        severity: High,
        bad: "
            create table public.teams (id bigint primary key, name text);
            create table public.members (team_id bigint references public.teams, user_id uuid,
                primary key (team_id, user_id));
            create table public.boards (id bigint primary key, team_id bigint not null references public.teams, body text);
            alter table public.teams enable row level security;
            alter table public.members enable row level security;
            alter table public.boards enable row level security;
            grant select on public.members, public.boards to authenticated;
            create policy own on public.members for select to authenticated using (user_id = (select auth.uid()));
            create policy members on public.boards for select to authenticated
                using (exists (select 1 from public.members m where m.user_id = (select auth.uid())));
        ",
        good: "
            create table public.teams (id bigint primary key, name text);
            create table public.members (team_id bigint references public.teams, user_id uuid,
                primary key (team_id, user_id));
            create table public.boards (id bigint primary key, team_id bigint not null references public.teams, body text);
            alter table public.teams enable row level security;
            alter table public.members enable row level security;
            alter table public.boards enable row level security;
            grant select on public.members, public.boards to authenticated;
            create policy own on public.members for select to authenticated using (user_id = (select auth.uid()));
            create policy members on public.boards for select to authenticated using (exists
                (select 1 from public.members m where m.team_id = boards.team_id and m.user_id = (select auth.uid())));
        ",
    }
}

impl Check for UncorrelatedExists {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for condition in cx.conditions().filter(|c| c.policy.permissive && !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached(&condition) else { continue };
            let mut asked = Vec::new();
            alone(condition.table, condition.tree, &mut asked);
            if let Some(found) = asked.into_iter().find_map(|e| membership(cx, &condition, e)) {
                report(cx, &condition, &reached, &found, out);
            }
        }
    }
}

/// The sub-selects that suffice for a row to pass: reached through OR, and through AND where nothing else that must hold
/// says whose the row is.
fn alone<'t>(table: &Relation, expr: &'t Expr, found: &mut Vec<&'t Expr>) {
    match &expr.node {
        Node::Or(all) => all.iter().for_each(|e| alone(table, e, found)),
        Node::And(_) => {
            let mut all = Vec::new();
            conjuncts(expr, &mut all);
            if !all.iter().any(|e| narrows(table, e)) {
                all.iter().for_each(|e| alone(table, e, found));
            }
        }
        _ if subselect(expr).is_some() && !narrows(table, expr) => found.push(expr),
        _ => {}
    }
}

/// Whether a condition reads a column that says whose the row is: a key, an owner or a tenant.
fn narrows(table: &Relation, expr: &Expr) -> bool {
    let mut found = false;
    crate::sql::tree::walk(expr, &mut |e, place| {
        found |= match &e.node {
            Node::Column(c) => place.is_given(c) && identifies(table, &c.name),
            Node::WholeRow { up, .. } => place.depth() == *up,
            _ => false,
        };
    });
    found
}

fn identifies(table: &Relation, column: &str) -> bool {
    let keyed = |kind: &ConstraintKind| {
        matches!(kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique | ConstraintKind::ForeignKey(_))
    };
    let in_key = table.constraints.iter().any(|c| keyed(&c.kind) && c.columns.iter().any(|k| k == column));
    in_key
        || column.ends_with("_id")
        || column.ends_with("_by")
        || table.column(column).is_some_and(|c| c.data_type == "uuid")
}

/// A look-up of memberships that does not look at the row.
struct Membership<'t> {
    query: &'t Query,
    source: &'t Source,
    /// The column of the memberships, and that of the row.
    pair: (String, String),
    /// Whether something else is demanded of the membership: a role.
    chosen: bool,
}

fn membership<'t>(cx: &Context<'_>, condition: &Condition<'_, 't>, expr: &'t Expr) -> Option<Membership<'t>> {
    let (query, left) = subselect(expr)?;
    let select = query.select().filter(|s| !s.aggregates)?;
    // A column that is compared with itself is `captured-column`.
    let itself = |e: &&Expr| equality(e).is_some_and(|(l, r)| column(l).is_some() && column(l) == column(r));
    if super::trees::demands(select).iter().any(itself) {
        return None;
    }
    let place = outermost(condition.tree, query)?;
    let fixed = Fixed::of(cx, select, &place);
    select.sources.iter().enumerate().find_map(|(at, source)| {
        let relation = cx.relation_of(source).filter(|r| !cx.is_platform(r) && !fixed.is_single(at))?;
        let mut bound: Vec<_> = fixed.columns(at).collect();
        // `auth.uid() in (select user_id ..)`
        let compared = select.targets.iter().take(left.len()).filter_map(|t| column(&t.value));
        bound.extend(compared.filter(|c| c.up == 0 && c.source == at).map(|c| c.name.as_str()));
        // Without anything that is the user's it is no membership.
        let first = bound.first()?;
        let pair = group(relation, condition.table, &bound)?;
        let by_constant =
            |e: &&Expr| equality(e).is_some_and(|(l, r)| constant(l).is_some() || constant(r).is_some() || is_list(r));
        let chosen = super::trees::demands(select).iter().any(by_constant) && !first.is_empty();
        Some(Membership { query, source, pair, chosen })
    })
}

fn is_list(expr: &Expr) -> bool {
    matches!(&expr.node, Node::Array(_)) || matches!(&expr.node, Node::Cast { operand, .. } if is_list(operand))
}

/// The place inside a query of the tree.
fn outermost<'t>(tree: &'t Expr, query: &'t Query) -> Option<Place<'t>> {
    let mut found = None;
    walk_at(tree, &Place::of_text(), &mut |expr, place| {
        if subselect(expr).is_some_and(|(q, _)| std::ptr::eq(q, query)) {
            found = Some(place.within(query));
        }
    });
    found
}

/// A column of the memberships and one of the table that say what both belong to; people are no group.
fn group(members: &Relation, table: &Relation, bound: &[&str]) -> Option<(String, String)> {
    let free = |c: &&Column| !bound.contains(&c.name.as_str()) && !is_person(members, &c.name);
    members.columns.iter().filter(free).find_map(|column| {
        let to = reference(members, &column.name);
        let pair = table.columns.iter().filter(|c| !is_person(table, &c.name)).find(|own| {
            let own_to = reference(table, &own.name);
            let same = own_to.is_some() && own_to == to;
            let down = to.is_some_and(|(r, c)| *r == table.name && *c == own.name);
            let up = own_to.is_some_and(|(r, c)| *r == members.name && *c == column.name);
            same || down || up
        })?;
        Some((column.name.clone(), pair.name.clone()))
    })
}

/// What a column by itself refers to.
fn reference<'r>(relation: &'r Relation, column: &str) -> Option<(&'r crate::model::QualifiedName, &'r String)> {
    relation.constraints.iter().find_map(|c| match &c.kind {
        ConstraintKind::ForeignKey(ForeignKey { relation, columns, .. }) if c.columns == [column.to_owned()] => {
            Some((relation, columns.first()?))
        }
        _ => None,
    })
}

/// Whether a column says which person it is.
fn is_person(relation: &Relation, column: &str) -> bool {
    const PEOPLE: [&str; 6] = ["users", "profiles", "user_profiles", "profile", "user", "people"];
    let refers =
        reference(relation, column).is_some_and(|(r, _)| r.schema == "auth" || PEOPLE.contains(&r.name.as_str()));
    refers || column.ends_with("_by") || matches!(column, "user_id" | "owner_id" | "profile_id" | "owner")
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    found: &Membership<'_>,
    out: &mut Findings<'_>,
) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let (theirs, own) = (&found.pair.0, &found.pair.1);
    let relation = cx.relation_of(found.source).map(|r| r.name.to_string()).unwrap_or_default();
    let worst = if found.chosen { Severity::Medium } else { Severity::High };
    let asked = printable(condition.text.get(found.query.range.clone()).unwrap_or_default());
    let message = format!(
        "{} can {} rows of {table} whatever their {own}: policy {:?} only asks whether {asked} gives anything. A row of \
         {relation} with the right user suffices, whatever its {theirs}.",
        subject(reached.principal),
        verb(reached.command),
        policy.name
    );
    let title = format!("policy {:?} of {table} asks for any row of {relation}", policy.name);
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(if found.chosen { Confidence::Possible } else { Confidence::Likely })
        .detail(if condition.on_new { "check" } else { "using" });
    out.report(match meant(condition, found) {
        Some(meant) => cx.beyond_meant(draft.fix(condition.replaced_by(&meant)), (condition, reached), &meant),
        None => draft
            .fix(format!("-- compare {} in the sub-select", compared(condition, found).replacen(" = ", " with ", 1))),
    });
}

/// The condition with the two columns compared.
fn meant(condition: &Condition<'_, '_>, found: &Membership<'_>) -> Option<String> {
    let filter = found.query.select()?.filter.as_ref()?;
    let text = condition.text.get(filter.range.clone())?;
    Some(condition.with(filter.range.clone(), &format!("(({text}) AND ({}))", compared(condition, found))))
}

fn compared(condition: &Condition<'_, '_>, found: &Membership<'_>) -> String {
    let (theirs, own) = (quote_ident(&found.pair.0), quote_ident(&found.pair.1));
    format!("{}.{theirs} = {}.{own}", quote_ident(&found.source.name), quote_ident(&condition.table.name.name))
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::assert_found;

    #[test]
    fn tells_memberships_from_look_ups() {
        let base = "
            create table teams (id bigint primary key, owner_id uuid);
            create table profiles (id uuid primary key, team_id bigint references teams, role text);
            create table members (id bigint primary key, team_id bigint references teams, user_id uuid, role text);
            create table tags (id bigint primary key, name text);
            create table docs (id bigint primary key, team_id bigint references teams, owner_id uuid, status text);
            alter table docs enable row level security;
            alter table members enable row level security;
            alter table tags enable row level security;";
        let policy = |on: &str, using: &str| format!("create policy p on {on} to authenticated using ({using});");
        let any = "exists (select 1 from members where user_id = auth.uid())";
        let cases = [
            (policy("docs", any), vec!["high"]),
            (policy("docs", "auth.uid() in (select user_id from members)"), vec!["high"]),
            (policy("docs", "auth.uid() in (select user_id from members where team_id = docs.team_id)"), vec![]),
            (policy("docs", &format!("owner_id = auth.uid() or {any}")), vec!["high"]),
            (policy("docs", &format!("status = 'published' and {any}")), vec!["high"]),
            (policy("docs", &format!("owner_id = auth.uid() and {any}")), vec![]),
            (
                policy("docs", "exists (select 1 from members where user_id = auth.uid() and role = 'admin')"),
                vec!["medium"],
            ),
            (
                policy("docs", "exists (select 1 from members where user_id = auth.uid() and team_id = docs.team_id)"),
                vec![],
            ),
            (policy("docs", "team_id in (select team_id from members where user_id = auth.uid())"), vec![]),
            (policy("docs", "exists (select 1 from profiles where id = auth.uid() and role = 'admin')"), vec![]),
            (policy("docs", "exists (select 1 from teams where owner_id = auth.uid())"), vec!["high"]),
            (policy("members", "exists (select 1 from members m where m.user_id = auth.uid())"), vec!["high"]),
            (policy("tags", any), vec![]),
            (policy("docs", &format!("not {any}")), vec![]),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("uncorrelated-exists", base, &cases);
    }
}
