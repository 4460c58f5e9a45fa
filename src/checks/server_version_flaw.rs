use super::words::and_list;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Command, Grantee, Policy, Privilege, Relation, RelationKind};

declare_check! {
    /// The server's minor version lacks a fix of PostgreSQL that touches access control.
    ///
    /// One finding for the server, with the flaws that its version has: medium if the schema uses what one of them is
    /// about (restrictive policies, materialized views, views that take INSERT, ...), else information. The remedy is
    /// the newest minor release; it needs no dump and restore.
    ///
    /// Majors that are out of support are not judged here, nor is a throw-away server of our own.
    pub(super) struct ServerVersionFlaw {
        id: "server-version-flaw",
        title: "server without a fix that touches access control",
        severity: Medium,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create policy floor on public.notes as restrictive to authenticated using (user_id is not null);
        ",
        good: "",
    }
}

/// A flaw of PostgreSQL.
struct Flaw {
    cve: &'static str,
    /// The first major that has it.
    since: u32,
    /// The first 15.x minor without it; the other majors were fixed the same day.
    fixed: u32,
    effect: &'static str,
    /// Whether the schema uses what it is about.
    touches: fn(&Context<'_>) -> bool,
}

/// Source: postgresql.org/support/security and the release notes.
const FLAWS: &[Flaw] = &[
    Flaw {
        cve: "CVE-2023-2454",
        since: 0,
        fixed: 3,
        effect: "CREATE SCHEMA defeats a pinned search_path",
        touches: |cx| cx.schema.functions.iter().any(|f| f.security_definer) && somebody_creates_schemas(cx),
    },
    Flaw {
        cve: "CVE-2023-2455",
        since: 0,
        fixed: 3,
        effect: "row security is wrong after a set-returning SQL function was inlined and the role changed",
        touches: |cx| cx.schema.functions.iter().any(|f| f.returns_set && f.language == "sql" && f.extension.is_none()),
    },
    Flaw {
        cve: "CVE-2023-39418",
        since: 15,
        fixed: 4,
        effect: "MERGE enforces the policies of INSERT instead of those of UPDATE and SELECT",
        touches: |cx| speaks_sql(cx) && policies(cx).any(|p| p.command.covers(Command::Update)),
    },
    Flaw {
        cve: "CVE-2024-0985",
        since: 0,
        fixed: 6,
        effect: "REFRESH MATERIALIZED VIEW CONCURRENTLY runs the owner's code as whoever refreshes",
        touches: |cx| cx.relations().any(|r| r.kind == RelationKind::MaterializedView),
    },
    Flaw {
        cve: "CVE-2024-4317",
        since: 0,
        fixed: 7,
        effect: "pg_stats_ext shows statistics of tables that one may not read",
        touches: speaks_sql,
    },
    Flaw {
        cve: "CVE-2024-10976",
        since: 0,
        fixed: 9,
        effect: "a cached plan goes on with another role's policies",
        touches: |cx| cx.relations().any(|r| r.view.as_ref().is_some_and(|v| v.security_invoker)),
    },
    Flaw {
        cve: "CVE-2024-10978",
        since: 0,
        fixed: 9,
        effect: "SET ROLE is reset to the wrong role",
        touches: |cx| speaks_sql(cx) && cx.schema.memberships.iter().any(|m| !m.member.starts_with("pg_")),
    },
    Flaw {
        cve: "CVE-2025-8713",
        since: 0,
        fixed: 14,
        effect: "statistics of the optimizer show values of hidden rows through partitions and views",
        touches: |cx| speaks_sql(cx) && protected(cx).any(|r| r.is_partition || !r.parents.is_empty()),
    },
    Flaw {
        cve: "CVE-2026-14666",
        since: 0,
        fixed: 19,
        effect: "cached plans stay in use after memberships or attributes change",
        touches: |cx| policies(cx).any(|p| p.roles.iter().any(|r| *r != Grantee::Public)),
    },
    Flaw {
        cve: "CVE-2026-116311",
        since: 0,
        fixed: 20,
        effect: "DROP OWNED lets a role remove itself from restrictive policies",
        touches: |cx| policies(cx).any(|p| !p.permissive && p.roles.iter().any(|r| *r != Grantee::Public)),
    },
    Flaw {
        cve: "CVE-2026-120154",
        since: 0,
        fixed: 20,
        effect: "INSERT ... ON CONFLICT shows hidden rows to leaky conditions",
        touches: |cx| protected(cx).any(|r| upserts(cx, r)),
    },
    Flaw {
        cve: "CVE-2026-16237",
        since: 0,
        fixed: 20,
        effect: "INSERT ... ON CONFLICT through a view reaches hidden rows",
        touches: |cx| cx.relations().any(|r| r.kind == RelationKind::View && over_protected(cx, r) && upserts(cx, r)),
    },
    Flaw {
        cve: "CVE-2026-116327",
        since: 0,
        fixed: 20,
        effect: "a condition that is not leakproof is taken for one",
        touches: |cx| speaks_sql(cx) && protected(cx).next().is_some(),
    },
    Flaw {
        cve: "CVE-2026-120146",
        since: 16,
        fixed: 20,
        effect: "REASSIGN OWNED ignores that a membership was granted without SET",
        touches: |cx| cx.schema.memberships.iter().any(|m| !m.set),
    },
];

/// The minor of `major` that came out on the day of 15.`minor`; 0 if the major's first release was later.
///
/// Known days: 15.3 = 14.8; 15.9 = 14.14, 16.5, 17.1; 15.14 = 14.19, 16.10, 17.6; 15.15 = 14.20, 16.11, 17.7, 18.1.
fn same_day(minor: u32, major: u32) -> Option<u32> {
    Some(match major {
        14 => minor + 5,
        15 => minor,
        16 => minor.saturating_sub(4),
        17 => minor.saturating_sub(8),
        18 => minor.saturating_sub(14),
        _ => return None,
    })
}

impl Check for ServerVersionFlaw {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let server = &cx.schema.server;
        if server.throw_away {
            return;
        }
        let (major, minor) = (server.major(), server.version_num % 10_000);
        let object = ObjectRef::global(ObjectKind::Server, format!("PostgreSQL {major}"));
        out.examine(object.clone());
        let applies = |f: &&Flaw| major >= f.since && same_day(f.fixed, major).is_some_and(|fixed| minor < fixed);
        let flaws: Vec<_> = FLAWS.iter().filter(applies).collect();
        let Some(needed) = flaws.iter().filter_map(|f| same_day(f.fixed, major)).max() else { return };
        let (touched, other): (Vec<&Flaw>, Vec<&Flaw>) = flaws.iter().copied().partition(|f| (f.touches)(cx));
        let effects: Vec<_> = touched.iter().map(|f| format!("{} ({})", f.effect, f.cve)).collect();
        let message = if touched.is_empty() {
            format!(
                "The server lacks {} fixes that touch access control; the schema uses nothing that they are about.",
                flaws.len()
            )
        } else {
            format!("The server lacks fixes for what this schema uses: {}.", and_list(&effects))
        };
        let (severity, confidence) = if touched.is_empty() {
            (Severity::Info, Confidence::Proved)
        } else {
            (Severity::Medium, Confidence::Likely)
        };
        let title = format!("PostgreSQL {major}.{minor} lacks fixes of {major}.{needed} that touch access control");
        let mut draft = Draft::new(object, severity, title, message)
            .confidence(confidence)
            .fix(format!("-- install PostgreSQL {major}.{needed} or a later {major}.x and restart the server"));
        for flaw in touched.iter().chain(&other) {
            let fixed = same_day(flaw.fixed, major).unwrap_or_default();
            draft = draft.evidence("version", format!("{}: {}; fixed in {major}.{fixed}", flaw.cve, flaw.effect));
        }
        out.report(draft);
    }
}

fn protected<'c>(cx: &'c Context<'_>) -> impl Iterator<Item = &'c Relation> {
    cx.relations().filter(|r| r.row_security)
}

fn policies<'c>(cx: &'c Context<'_>) -> impl Iterator<Item = &'c Policy> {
    protected(cx).flat_map(|r| &r.policies)
}

/// Whether untrusted roles can issue any SQL, not only what the Data API makes of a request.
fn speaks_sql(cx: &Context<'_>) -> bool {
    cx.effective.principals().iter().any(|p| p.who == Who::Login)
}

/// Whether a client may both insert into and update the relation.
fn upserts(cx: &Context<'_>, relation: &Relation) -> bool {
    let Some(relation) = cx.schema.relation(&relation.name) else { return false };
    let may = |role: &str, c| cx.effective.access(role, relation, c).is_some();
    cx.clients().any(|p| may(&p.role, Command::Insert) && may(&p.role, Command::Update))
}

/// Whether the view names a table under row security.
fn over_protected(cx: &Context<'_>, view: &Relation) -> bool {
    let mut reads = view.view.iter().flat_map(|v| &v.reads).filter_map(|name| cx.schema.relation(name));
    reads.any(|r| r.row_security)
}

fn somebody_creates_schemas(cx: &Context<'_>) -> bool {
    let database = &cx.schema.database;
    let may = |role: &str| cx.effective.holding(role, &database.owner, &database.acl, Privilege::Create, &[]).is_some();
    cx.effective.principals().iter().any(|p| p.who == Who::Login && may(&p.role))
}

#[cfg(test)]
mod tests {
    use super::same_day;

    #[test]
    fn minors_of_one_day() {
        // 14, 15, 16, 17, 18; 0 where the major came out later, with the fix.
        for day in [
            [8, 3, 0, 0, 0],
            [9, 4, 0, 0, 0],
            [11, 6, 2, 0, 0],
            [12, 7, 3, 0, 0],
            [14, 9, 5, 1, 0],
            [19, 14, 10, 6, 0],
            [20, 15, 11, 7, 1],
            [23, 18, 14, 10, 4],
            [24, 19, 15, 11, 5],
            [25, 20, 16, 12, 6],
        ] {
            for (major, minor) in (14..).zip(day) {
                assert_eq!(same_day(day[1], major), Some(minor), "{major} on the day of 15.{}", day[1]);
            }
        }
        assert_eq!(same_day(3, 13), None);
    }
}
