use std::collections::BTreeSet;

use super::trees::{sources, subselect};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Function, Relation};
use crate::sql::tree::{Expr, Node, Query, walk, walk_query};

declare_check! {
    /// Reading a table needs the policies of a table whose policies read the first one: every query fails.
    ///
    /// A sub-select in a policy runs as the caller, with the policies of what it reads. Where these come back to the table
    /// itself, directly (`members` asks `members`) or over others, Postgres refuses every statement on it with error 42P17,
    /// "infinite recursion detected in policy". Over a function that runs as the caller the server finds it only when it
    /// runs out of stack (54001).
    ///
    /// High: the table is out of order for the client, and what people do about it in haste (switching row security off)
    /// is worse. One finding for each circle. Not reported: circles that pass through a SECURITY DEFINER function or a view
    /// whose owner is exempt from row security, which end there.
    pub(super) struct PolicyRecursion {
        id: "policy-recursion",
        title: "policies that need each other in a circle",
        severity: High,
        bad: "
            create table public.crew (team_id bigint, user_id uuid, primary key (team_id, user_id));
            alter table public.crew enable row level security;
            grant select on public.crew to authenticated;
            create policy mates on public.crew for select to authenticated
                using (team_id in (select c.team_id from public.crew c where c.user_id = (select auth.uid())));
        ",
        good: "
            create table public.crew (team_id bigint, user_id uuid, primary key (team_id, user_id));
            alter table public.crew enable row level security;
            grant select on public.crew to authenticated;
            create schema private;
            grant usage on schema private to authenticated;
            create function private.my_teams() returns setof bigint
                language sql stable security definer set search_path = ''
                as $$ select c.team_id from public.crew c where c.user_id = (select auth.uid()) $$;
            create policy mates on public.crew for select to authenticated
                using (team_id in (select private.my_teams()));
        ",
    }
}

impl Check for PolicyRecursion {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut reported: BTreeSet<Vec<String>> = BTreeSet::new();
        for table in cx.schema.relations.iter().filter(|r| r.row_security && !r.policies.is_empty()) {
            out.examine(ObjectRef::relation(&table.name));
            for principal in cx.clients().filter(|p| cx.exposes(p, &table.name.schema)) {
                let reads = |c: &Command| cx.effective.access(&principal.role, table, *c).is_some();
                if !Command::ALL.iter().any(reads) {
                    continue;
                }
                let mut search = Search { cx, path: Vec::new(), done: BTreeSet::new(), circle: None };
                search.visit(&Step { role: principal.role.clone(), table, through: None });
                let Some(circle) = search.circle else { continue };
                let mut key: Vec<_> = circle.iter().map(|n| n.table.name.to_string()).collect();
                key.sort();
                key.dedup();
                if reported.insert(key) {
                    report(cx, principal, &circle, out);
                }
            }
        }
    }
}

/// A table that is read as a role.
#[derive(Debug, Clone)]
struct Step<'a> {
    role: String,
    table: &'a Relation,
    /// The function through which it is read.
    through: Option<&'a Function>,
}

impl Step<'_> {
    fn is(&self, other: &Self) -> bool {
        self.role == other.role && self.table.name == other.table.name
    }
}

/// A search for a circle, depth first.
struct Search<'c, 'a> {
    cx: &'c Context<'a>,
    path: Vec<Step<'a>>,
    done: BTreeSet<(String, String)>,
    circle: Option<Vec<Step<'a>>>,
}

impl<'a> Search<'_, 'a> {
    fn visit(&mut self, node: &Step<'a>) {
        if self.circle.is_some() || !self.cx.effective.row_security(&node.role, node.table).applies() {
            return;
        }
        if let Some(start) = self.path.iter().position(|n| n.is(node)) {
            let mut circle = self.path.split_off(start);
            circle.push(node.clone());
            self.circle = Some(circle);
            return;
        }
        if !self.done.insert((node.role.clone(), node.table.name.to_string())) {
            return;
        }
        self.path.push(node.clone());
        for next in self.reads(node) {
            self.visit(&next);
            if self.circle.is_some() {
                return;
            }
        }
        self.path.pop();
    }

    /// What the policies read that a read of the table needs.
    fn reads(&self, node: &Step<'a>) -> Vec<Step<'a>> {
        let mut found = Vec::new();
        let conditions = self.cx.conditions().filter(|c| c.table.name == node.table.name && !c.on_new);
        for condition in conditions {
            let binds = self.cx.effective.binds(&node.role, condition.policy);
            if binds && condition.policy.command.covers(Command::Select) {
                let mut reader = Reader { cx: self.cx, seen: BTreeSet::new(), found: &mut found };
                reader.expr(condition.tree, &node.role, None);
            }
        }
        found
    }
}

/// Gathers the tables that a condition reads, through views and functions.
struct Reader<'c, 'a, 'f> {
    cx: &'c Context<'a>,
    seen: BTreeSet<(String, String)>,
    found: &'f mut Vec<Step<'a>>,
}

impl<'a> Reader<'_, 'a, '_> {
    fn expr(&mut self, tree: &Expr, role: &str, through: Option<&'a Function>) {
        walk(tree, &mut |expr, _| self.one(expr, role, through));
    }

    fn one(&mut self, expr: &Expr, role: &str, through: Option<&'a Function>) {
        if let Some((query, _)) = subselect(expr) {
            self.query_sources(query, role, through);
        }
        if let Node::Call(call) = &expr.node
            && let Some(function) = self.cx.called(call)
        {
            self.function(function, role);
        }
    }

    fn query_sources(&mut self, query: &Query, role: &str, through: Option<&'a Function>) {
        for source in sources(query) {
            let Some(relation) = self.cx.relation_of(source) else { continue };
            match &relation.view {
                Some(view) if self.seen.insert((role.to_owned(), relation.name.to_string())) => {
                    let role = if view.security_invoker { role } else { &relation.owner };
                    for name in &view.reads {
                        let table = self.cx.schema.relation(name);
                        self.found.extend(table.map(|table| Step { role: role.to_owned(), table, through }));
                    }
                }
                Some(_) => {}
                None => self.found.push(Step { role: role.to_owned(), table: relation, through }),
            }
        }
    }

    fn function(&mut self, function: &'a Function, role: &str) {
        if !self.seen.insert((role.to_owned(), function.id.to_string())) {
            return;
        }
        let role = if function.security_definer { function.owner.clone() } else { role.to_owned() };
        if let Some(body) = self.cx.body(function) {
            let mut each = |expr: &Expr| self.one(expr, &role, Some(function));
            body.steps.iter().for_each(|step| walk(step, &mut |e, _| each(e)));
            match &body.result {
                crate::analyzer::inline::Outcome::Value(value) => walk(value, &mut |e, _| each(e)),
                crate::analyzer::inline::Outcome::Rows(query) | crate::analyzer::inline::Outcome::Row(query) => {
                    walk_query(query, &mut |e, _| each(e));
                    self.query_sources(query, &role, Some(function));
                }
            }
            return;
        }
        // By its words: what it reads, as whom it starts.
        for (name, command) in self.cx.code.effects(function).touches {
            let table = self.cx.schema.relation(name).filter(|_| command == Command::Select);
            self.found.extend(table.map(|table| Step { role: role.clone(), table, through: Some(function) }));
        }
    }
}

fn report(cx: &Context<'_>, principal: &Principal, circle: &[Step<'_>], out: &mut Findings<'_>) {
    let Some(first) = circle.iter().map(|n| n.table).min_by_key(|t| &t.name) else { return };
    let at = |n: &Step<'_>| match n.through {
        Some(function) => format!("{} (through {})", n.table.name, function.id),
        None => n.table.name.to_string(),
    };
    let way: Vec<_> = circle.iter().map(at).collect();
    let through = circle.iter().any(|n| n.through.is_some());
    let (error, confidence) = if through {
        ("runs out of stack (54001) as soon as the policies are asked", Confidence::Likely)
    } else {
        ("fails with error 42P17", Confidence::Proved)
    };
    let message = format!(
        "Every query of {} on {} {error}: its policies read {}, whose policies need it again.",
        principal.words(),
        first.name,
        way.join(", then ")
    );
    let title = format!("the policies of {} need themselves", first.name);
    let severity = cx.severity(Severity::High, principal, cx.exposes(principal, &first.name.schema));
    let draft = Draft::new(ObjectRef::relation(&first.name), severity, title, message)
        .confidence(confidence)
        .principal(&principal.role)
        .reproduce(cx.reproduce_read(principal, first))
        .fix("-- look the memberships up in a SECURITY DEFINER function of an owner whom row security does not bind,\n-- in a schema that is not exposed, and call that from the policies")
        .evidence("circle", way.join(" -> "))
        .origin(first.policies.first().map_or(first.origin, |p| p.origin))
        .detail(way.join(" -> "));
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use crate::checks::trial::{assert_found, findings};

    const BASE: &str = "
        create table a (id bigint primary key, owner uuid); create table b (id bigint primary key, a_id bigint, owner uuid);
        create table c (id bigint primary key, a_id bigint);
        alter table a enable row level security; alter table b enable row level security; alter table c enable row level security;";

    #[test]
    fn finds_circles() {
        let (to_a, to_b) =
            ("exists (select 1 from a where a.id = b.a_id)", "exists (select 1 from b where b.a_id = a.id)");
        let function = |kind: &str| {
            format!("create function in_a(n bigint) returns boolean language sql stable {kind} set search_path = '' as $$ select exists (select 1 from public.a where id = n) $$;
                create policy p on a to authenticated using (in_a(id));")
        };
        let cases = [
            (
                format!(
                    "create policy p on a to authenticated using ({to_b}); create policy p on b to authenticated using ({to_a});"
                ),
                vec!["high"],
            ),
            (
                format!(
                    "create policy p on a to authenticated using ({to_b}); create policy p on b to authenticated using (owner = auth.uid());"
                ),
                vec![],
            ),
            (
                format!(
                    "create policy p on a to authenticated using ({to_b}); create policy p on b for update to authenticated using ({to_a});"
                ),
                vec![],
            ),
            (
                format!(
                    "create policy p on a to authenticated using ({to_b}); create policy p on b to service_role using ({to_a});"
                ),
                vec![],
            ),
            (
                "create view v with (security_invoker) as select * from a; create policy p on a to authenticated using (exists (select 1 from v));".to_owned(),
                vec!["high"],
            ),
            (
                "create view v as select * from a; create policy p on a to authenticated using (exists (select 1 from v));".to_owned(),
                vec![],
            ),
            (function(""), vec!["high"]),
            (function("security definer"), vec![]),
            (
                format!(
                    "create policy p on c to authenticated using (exists (select 1 from a where a.id = a_id)); create policy p on a to authenticated using ({to_b}); create policy p on b to authenticated using ({to_a});"
                ),
                vec!["high"],
            ),
        ];
        let cases: Vec<_> = cases.iter().map(|(sql, words)| (sql.as_str(), words.as_slice())).collect();
        assert_found("policy-recursion", BASE, &cases);
    }

    #[test]
    fn names_the_circle() {
        let sql = format!(
            "{BASE} create policy p on a using (exists (select 1 from b)); create policy p on b using (exists (select 1 from a));"
        );
        let found = findings("policy-recursion", &sql);
        assert!(found[0].message.contains("public.a, then public.b, then public.a"), "{}", found[0].message);
    }
}
