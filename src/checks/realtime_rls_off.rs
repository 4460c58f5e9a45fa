use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Privilege, Publication, Relation, ReplicaIdentity, printable};

declare_check! {
    /// Supabase Realtime sends out every change of a table without row-level security to all who subscribe.
    ///
    /// What is in the publication `supabase_realtime` is sent to subscribers, each row to those whose policies let them read it.
    /// Without row-level security that is everybody with SELECT on the table, and which schemas the Data API serves does not
    /// matter: subscriptions do not go through it. With REPLICA IDENTITY FULL the old values of changed and deleted rows are
    /// sent too.
    ///
    /// Not reported: tables under row-level security, those on which no client has SELECT, and other publications, which only
    /// roles with REPLICATION can read.
    pub(super) struct RealtimeRlsOff {
        id: "realtime-rls-off",
        title: "table without row-level security whose changes are sent to every subscriber",
        severity: High,
        bad: "
            create schema feeds;
            grant usage on schema feeds to authenticated;
            create table feeds.orders (id bigint primary key, user_id uuid not null, total integer);
            grant select on feeds.orders to authenticated;
            drop publication if exists supabase_realtime;
            create publication supabase_realtime for table feeds.orders;
        ",
        good: "
            create schema feeds;
            grant usage on schema feeds to authenticated;
            create table feeds.orders (id bigint primary key, user_id uuid not null, total integer);
            alter table feeds.orders enable row level security;
            create policy own on feeds.orders for select to authenticated using (user_id = (select auth.uid()));
            grant select on feeds.orders to authenticated;
            drop publication if exists supabase_realtime;
            create publication supabase_realtime for table feeds.orders;
        ",
    }
}

/// The publication that Realtime reads.
const PUBLICATION: &str = "supabase_realtime";

impl Check for RealtimeRlsOff {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let Some(publication) = cx.schema.publications.iter().find(|p| p.name == PUBLICATION) else { return };
        for table in cx.relations().filter(|r| r.kind.carries_row_security() && sends(publication, r)) {
            out.examine(ObjectRef::relation(&table.name));
            if !table.row_security {
                report(cx, publication, table, out);
            }
        }
    }
}

fn sends(publication: &Publication, table: &Relation) -> bool {
    publication.all_tables
        || publication.schemas.contains(&table.name.schema)
        || publication.relations.iter().any(|p| p.relation == table.name)
}

fn report(cx: &Context<'_>, publication: &Publication, table: &Relation, out: &mut Findings<'_>) {
    let usage = |p: &Principal| {
        let namespace = cx.schema.namespace(&table.name.schema);
        namespace.is_some_and(|n| cx.effective.holds_on_namespace(&p.role, n, Privilege::Usage).is_some())
    };
    let reads = |p: &Principal| {
        cx.effective.holds_on_relation(&p.role, table, Privilege::Select).is_some()
            || cx.effective.holds_on_any_column(&p.role, table, Privilege::Select)
    };
    let Some(principal) = cx.clients().find(|p| p.is_api() && usage(p) && reads(p)) else { return };
    let old = if table.replica_identity == ReplicaIdentity::Full { ", with its old values," } else { "" };
    let message = format!(
        "{} can subscribe to {}, and gets every row that anybody adds, changes{old} or deletes: row-level security is off.",
        subject(principal),
        table.name
    );
    let title = format!("changes of {} are sent to every subscriber", table.name);
    let severity = cx.severity(Severity::High, principal, true);
    out.report(
        Draft::new(ObjectRef::relation(&table.name), severity, title, message)
            .principal(&principal.role)
            .evidence("publication", printable(&publication.name).into_owned())
            .fix(format!("alter table {} enable row level security;", table.name))
            .origin(publication.origin.max(table.origin)),
    );
}
