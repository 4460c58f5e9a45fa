use std::collections::{BTreeMap, BTreeSet};

use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Holding, Principal};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Command, ConstraintKind, GrantObject, Privilege, QualifiedName, Relation, printable};

use super::reproduce::as_principal;

declare_check! {
    /// A role that row-level security binds may TRUNCATE the table, which row security never filters: it can empty the
    /// table of everybody's rows.
    ///
    /// The Data API has no request for TRUNCATE, so for its roles the privilege is without effect until some function
    /// or injection lends them a statement: low, and where such a role has it on many tables (`GRANT ALL` and
    /// Supabase's former default privileges do that) a single note for the role.
    ///
    /// Not reported: tables without row security, roles that may delete every row anyway, and tables that a foreign
    /// key of another table protects because the role may not truncate that one too.
    pub(super) struct TruncateReachable {
        id: "truncate-reachable",
        title: "TRUNCATE, which row-level security does not filter, is granted",
        severity: Medium,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create table public.tags (id bigint primary key);
            alter table public.tags enable row level security;
            revoke all on public.notes, public.tags from anon, authenticated, public;
            grant select, delete, truncate on public.notes to authenticated;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create table public.parents (id bigint primary key);
            create table public.children (id bigint primary key references public.parents);
            alter table public.parents enable row level security;
            alter table public.children enable row level security;
            revoke all on public.notes, public.parents, public.children from anon, authenticated, public;
            grant select, delete on public.notes to authenticated;
            grant truncate on public.parents to authenticated;
        ",
    }
}

/// The number of tables of an API role up to which each is named on its own.
const FEW: usize = 3;

impl Check for TruncateReachable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables: Vec<_> = cx.relations().filter(|r| r.row_security && !r.is_partition).collect();
        let referrers = referrers(cx);
        let mut named: BTreeMap<&QualifiedName, Vec<(&Principal, Holding)>> = BTreeMap::new();
        for table in &tables {
            out.examine(ObjectRef::relation(&table.name));
        }
        for principal in cx.effective.principals().iter().filter(|p| p.is_untrusted()) {
            let reach: Vec<_> = tables
                .iter()
                .filter(|t| cx.exposes(principal, &t.name.schema))
                .filter_map(|t| Some((*t, reached(cx, &principal.role, t, &referrers)?)))
                .collect();
            if principal.is_api() && (reach.len() > FEW || is_platforms(cx, &principal.role, &reach, &tables)) {
                let reached: Vec<_> = reach.iter().map(|(t, _)| *t).collect();
                summarize(cx, principal, &reached, out);
            } else {
                reach.into_iter().for_each(|(t, holding)| named.entry(&t.name).or_default().push((principal, holding)));
            }
        }
        for (table, holders) in named {
            if let Some(table) = cx.schema.relation(table) {
                report(cx, table, &holders, out);
            }
        }
    }
}

/// Whether the role has TRUNCATE by what the platform grants on every new table, rather than by a grant on a few.
fn is_platforms(cx: &Context<'_>, role: &str, reach: &[(&Relation, Holding)], tables: &[&Relation]) -> bool {
    let by_default = cx.schema.default_privileges.iter().any(|d| {
        d.object == GrantObject::Tables && d.acl.granting(Privilege::Truncate).any(|g| g.grantee.is_role(role))
    });
    by_default && reach.len() * 2 > tables.len()
}

/// The tables whose foreign keys point at each table: TRUNCATE must take them along.
fn referrers<'a>(cx: &Context<'a>) -> BTreeMap<&'a QualifiedName, BTreeSet<&'a QualifiedName>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for relation in &cx.schema.relations {
        for constraint in &relation.constraints {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind {
                found.entry(&key.relation).or_default().insert(&relation.name);
            }
        }
    }
    found
}

/// Why `role` may empty `table` though it may not delete every row; `None` if it may not.
fn reached(
    cx: &Context<'_>,
    role: &str,
    table: &Relation,
    referrers: &BTreeMap<&QualifiedName, BTreeSet<&QualifiedName>>,
) -> Option<Holding> {
    let table = cx.schema.relation(&table.name)?;
    let holding = cx.effective.holds_on_relation(role, table, Privilege::Truncate)?;
    let delete = cx.effective.access(role, table, Command::Delete);
    if cx.effective.inherits(role, &table.owner).is_some() || delete.extent == Extent::All || delete.usage.is_none() {
        return None;
    }
    let mut rest = vec![&table.name];
    let mut seen = BTreeSet::from([&table.name]);
    while let Some(at) = rest.pop() {
        for referrer in referrers.get(at).into_iter().flatten() {
            let relation = cx.schema.relation(referrer)?;
            cx.effective.holds_on_relation(role, relation, Privilege::Truncate)?;
            if seen.insert(referrer) {
                rest.push(referrer);
            }
        }
    }
    Some(holding)
}

fn report(cx: &Context<'_>, table: &Relation, holders: &[(&Principal, Holding)], out: &mut Findings<'_>) {
    let by_sql = holders.iter().find(|(p, _)| !p.is_api());
    let Some((principal, _)) = by_sql.or(holders.first()) else { return };
    let (severity, confidence) =
        if by_sql.is_some() { (Severity::Medium, Confidence::Proved) } else { (Severity::Low, Confidence::Possible) };
    let how = if by_sql.is_some() {
        ""
    } else {
        " The Data API has no request for it; a function that runs given SQL would."
    };
    let message = format!(
        "{} may TRUNCATE {}: row-level security does not filter that, so everybody's rows would go.{how}",
        subject(principal),
        table.name
    );
    let principals: Vec<_> = holders.iter().map(|(p, _)| *p).collect();
    let statement = format!("truncate {} cascade;", table.name);
    let title = format!("{} may empty {} past row-level security", principal.role, table.name);
    let sql = Some(as_principal(principal, &statement));
    let mut draft = Draft::new(ObjectRef::relation(&table.name), severity, title, message)
        .confidence(confidence)
        .principal(&principal.role)
        .reproduce(crate::finding::Reproduce { sql, ..Default::default() })
        .fix(cx.revoke_relation(&[Privilege::Truncate], table, &principals))
        .origin(table.origin);
    for (p, holding) in holders {
        draft = draft.evidence("privilege", format!("{}: TRUNCATE {holding}", printable(&p.role)));
    }
    out.report(draft);
}

fn summarize(cx: &Context<'_>, principal: &Principal, tables: &[&Relation], out: &mut Findings<'_>) {
    let names: Vec<_> = tables.iter().map(|t| t.name.to_string()).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "The role {} may TRUNCATE tables under row-level security ({}). The Data API has no request for it, so nothing \
         is open as things are; a function that runs given SQL would open it.",
        printable(&principal.role),
        first_of(&names, 3)
    );
    let title = format!("{} holds TRUNCATE on tables under row-level security", principal.role);
    let fix: Vec<_> = tables.iter().map(|t| cx.revoke_relation(&[Privilege::Truncate], t, &[principal])).collect();
    out.report(
        Draft::new(ObjectRef::global(ObjectKind::Role, &principal.role), Severity::Info, title, message)
            .confidence(Confidence::Possible)
            .principal(&principal.role)
            .fix(fix.join("\n")),
    );
}
