use std::collections::BTreeMap;

use super::reached::Reached;
use super::trees::{Condition, Fixed, Part, constant};
use super::words::first_of;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::inline::Outcome;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, FunctionId, printable};
use crate::sql::tree::{Expr, Node, Place, Query};

declare_check! {
    /// A policy takes one value from a look-up that may give several: the second membership breaks it.
    ///
    /// `team_id = (select team_id from members where user_id = auth.uid())` works until somebody joins a second team. Then
    /// every query of theirs fails with error 21000, "more than one row returned by a subquery". With `LIMIT 1`, or inside
    /// a function, one of the teams is taken, whichever comes first, and the others are gone.
    ///
    /// Medium where clients reach the table. Not reported: look-ups that a primary key, unique constraint or unique index
    /// limits to one row, aggregates, and what says by `ORDER BY` which row is meant.
    pub(super) struct ScalarSubqueryMembership {
        id: "scalar-subquery-membership",
        title: "policy that breaks on the second membership",
        severity: Medium,
        bad: "
            create table public.seats (team_id bigint, user_id uuid, primary key (team_id, user_id));
            create table public.papers (id bigint primary key, team_id bigint not null, body text);
            alter table public.seats enable row level security;
            alter table public.papers enable row level security;
            grant select on public.seats, public.papers to authenticated;
            create policy own on public.seats for select to authenticated using (user_id = (select auth.uid()));
            create policy members on public.papers for select to authenticated
                using (team_id = (select s.team_id from public.seats s where s.user_id = (select auth.uid())));
        ",
        good: "
            create table public.seats (team_id bigint, user_id uuid, primary key (team_id, user_id));
            create table public.papers (id bigint primary key, team_id bigint not null, body text);
            alter table public.seats enable row level security;
            alter table public.papers enable row level security;
            grant select on public.seats, public.papers to authenticated;
            create policy own on public.seats for select to authenticated using (user_id = (select auth.uid()));
            create policy members on public.papers for select to authenticated
                using (team_id in (select s.team_id from public.seats s where s.user_id = (select auth.uid())));
        ",
    }
}

impl Check for ScalarSubqueryMembership {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut in_functions: BTreeMap<&FunctionId, (String, bool, Users<'_>)> = BTreeMap::new();
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached_signed_in(&condition) else { continue };
            let Some(several) = several(cx, &condition) else { continue };
            match several.function {
                Some(function) => {
                    let entry = in_functions.entry(&function.id).or_insert((several.from, several.fails, Vec::new()));
                    entry.2.push((condition, reached));
                }
                None => report(cx, &condition, &reached, &several, out),
            }
        }
        for (id, (from, fails, users)) in in_functions {
            out.examine(ObjectRef::function(id));
            in_function(cx, id, (&from, fails), &users, out);
        }
    }
}

/// The conditions that rely on a function, with whom they decide for.
type Users<'t> = Vec<(Condition<'t, 't>, Reached<'t>)>;

/// A value for which there may be several rows.
struct Several<'a> {
    /// The look-up, as far as it stands in the condition.
    place: Option<std::ops::Range<usize>>,
    /// Whether the server fails on the second row; else it takes any.
    fails: bool,
    /// The table.
    from: String,
    function: Option<&'a Function>,
}

fn several<'a>(cx: &'a Context<'_>, condition: &Condition<'_, 'a>) -> Option<Several<'a>> {
    let mut found: Option<Several<'a>> = None;
    cx.walk_through(condition.tree, &mut |part, function| {
        let Part::Expr(expr, place) = part else { return };
        let Node::Scalar(query) = &expr.node else { return };
        if let Some((from, fails)) = is_ambiguous(cx, query, place)
            && found.as_ref().is_none_or(|f| fails && !f.fails)
        {
            let at = function.is_none().then(|| expr.range.clone());
            found = Some(Several { place: at, fails, from, function });
        }
    });
    found.or_else(|| function_takes_first(cx, condition.tree))
}

/// Whether a query used as a value may give several rows, from which table, and whether that is an error.
fn is_ambiguous(cx: &Context<'_>, query: &Query, place: &Place<'_>) -> Option<(String, bool)> {
    let select = query.select().filter(|s| !s.aggregates && !s.sources.is_empty())?;
    let limited = query.limit.as_deref().and_then(constant) == Some("1");
    if limited && !query.order_by.is_empty() {
        return None;
    }
    let inside = place.within(query);
    let fixed = Fixed::of(cx, select, &inside);
    // What is not a relation may well be one row.
    let many = select.sources.iter().enumerate().find(|(at, s)| cx.relation_of(s).is_some() && !fixed.is_single(*at));
    let relation = cx.relation_of(many?.1)?;
    let known = select.sources.iter().all(|s| cx.relation_of(s).is_some());
    // A look-up by nothing that is the user's own is no membership: a table of one row of settings.
    let asks = fixed.columns(many?.0).next().is_some();
    (known && asks && relation.view.is_none()).then(|| (relation.name.to_string(), !limited))
}

/// A called SQL function that returns the first row of several.
fn function_takes_first<'a>(cx: &'a Context<'_>, tree: &'a Expr) -> Option<Several<'a>> {
    let mut found: Option<Several<'a>> = None;
    let mut look = |function: &'a Function| {
        let body = cx.body(function);
        let Some(Outcome::Rows(query)) = body.as_ref().map(|b| &b.result) else { return };
        if function.returns_set || function.returns == "boolean" || found.is_some() {
            return;
        }
        if let Some((from, _)) = is_ambiguous(cx, query, &Place::of_text()) {
            found = Some(Several { place: None, fails: false, from, function: Some(function) });
        }
    };
    cx.walk_through(tree, &mut |part, _| {
        if let Part::Expr(Expr { node: Node::Call(call), .. }, _) = part
            && let Some(function) = cx.called(call)
        {
            look(function);
        }
    });
    found
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    several: &Several<'_>,
    out: &mut Findings<'_>,
) {
    let (table, policy) = (&condition.table.name, condition.policy);
    let effect = effect(several.fails);
    let message = format!(
        "Policy {:?} of {table} takes one value from {}, where no key limits it to one row. As soon as {} has two \
         there, {effect}.",
        policy.name,
        several.from,
        reached.principal.words(),
    );
    let title = format!("policy {:?} of {table} expects one row of {}", policy.name, several.from);
    let worst = if several.fails { Severity::Medium } else { Severity::Low };
    let draft = cx
        .policy_draft(condition, reached, cx.hole(worst, reached), (title, message))
        .confidence(Confidence::Likely)
        .fix(fix(condition, several))
        .detail(if condition.on_new { "check" } else { "using" });
    out.report(draft);
}

fn effect(fails: bool) -> &'static str {
    if fails {
        "their queries fail with error 21000"
    } else {
        "one of them is taken, whichever comes first, and the rows of the others are out of reach"
    }
}

/// Reports a function that policies take one value of several from.
fn in_function(
    cx: &Context<'_>,
    id: &FunctionId,
    (from, fails): (&str, bool),
    users: &Users<'_>,
    out: &mut Findings<'_>,
) {
    let Some(function) = cx.schema.function(id) else { return };
    let Some((first, reached)) = users.first() else { return };
    let mut policies: Vec<_> = users.iter().map(|(c, _)| format!("{:?} on {}", c.policy.name, c.table.name)).collect();
    policies.dedup();
    let message = format!(
        "{id} gives one value from {from}, where no key limits it to one row, and policies rely on it: {}. As soon as {} \
         has two there, {}.",
        printable(&first_of(&policies, 4)),
        reached.principal.words(),
        effect(fails)
    );
    let worst = users.iter().map(|(_, r)| cx.hole(if fails { Severity::Medium } else { Severity::Low }, r)).max();
    let title = format!("{id} expects one row of {from}");
    let draft = Draft::new(ObjectRef::function(id), worst.unwrap_or(Severity::Low), title, message)
        .confidence(Confidence::Likely)
        .principal(&reached.principal.role)
        .fix(format!("-- let {id} return all values (setof) and ask with in (select ..)"))
        .reproduce(cx.reproduce(reached.principal, first.table, reached.command))
        .origin(function.origin);
    out.report(draft);
}

/// `= ANY (select ..)` where `= (select ..)` stood.
fn fix(condition: &Condition<'_, '_>, several: &Several<'_>) -> String {
    let any = several.place.clone().filter(|_| several.fails).and_then(|range| {
        let open = condition.text.get(..range.start)?.trim_end();
        let start = if condition.text.get(range.clone())?.starts_with('(') {
            open.ends_with("= ").then_some(range.start).or(open.ends_with('=').then_some(range.start))?
        } else {
            let before = open.strip_suffix('(')?;
            before.trim_end().ends_with('=').then_some(before.len())?
        };
        Some(condition.replaced_by(&condition.with(start..start, "ANY ")))
    });
    any.unwrap_or_else(|| "-- ask with in (select ..), or make the look-up unique".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const BASE: &str = "
        create table members (id bigint primary key, team_id bigint, user_id uuid, main boolean);
        create table profiles (id uuid primary key, team_id bigint, email text unique);
        create table docs (id bigint primary key, team_id bigint);
        alter table docs enable row level security;";

    #[test]
    fn tells_keys_from_memberships() {
        let policy = |of: &str| format!("create policy p on docs to authenticated using (team_id = ({of}));");
        let cases = [
            (policy("select team_id from members where user_id = auth.uid()"), vec!["medium"]),
            (policy("select team_id from members where user_id = auth.uid() limit 1"), vec!["low"]),
            (policy("select team_id from members where user_id = auth.uid() order by id limit 1"), vec![]),
            (policy("select max(team_id) from members where user_id = auth.uid()"), vec![]),
            (policy("select team_id from profiles where id = auth.uid()"), vec![]),
            (policy("select team_id from profiles where email = auth.email()"), vec![]),
            (policy("select m.team_id from members m join profiles p on p.id = m.user_id where m.id = 1"), vec![]),
            (policy("select m.team_id from members m join profiles p on p.id = m.user_id where p.id = auth.uid()"), vec!["medium"]),
            (
                format!("create unique index one on members (user_id); {}", policy("select team_id from members where user_id = auth.uid()")),
                vec![],
            ),
            (
                format!("create unique index one on members (user_id) where main; {}", policy("select team_id from members where user_id = auth.uid()")),
                vec!["medium"],
            ),
            (
                format!("create function my_team() returns bigint language sql stable security definer set search_path = '' as
                    $$ select team_id from public.members where user_id = auth.uid() $$; {}", policy("select my_team()")),
                vec!["low"],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("scalar-subquery-membership", BASE, &cases);
    }

    #[test]
    fn the_fix_asks_for_any() {
        let sql = format!(
            "{BASE} create policy p on docs to authenticated using (team_id = (select team_id from members where user_id = auth.uid()));"
        );
        let fix = findings("scalar-subquery-membership", &sql)[0].fix.clone().unwrap();
        assert!(fix.contains("= ANY ( SELECT") || fix.contains("= ANY (SELECT"), "{fix}");
        assert!(findings("scalar-subquery-membership", &format!("{sql}{fix}")).is_empty());
    }
}
