use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Platform, Privilege, Relation, printable};

declare_check! {
    /// Clients may read or fill the table of a message queue (`pgmq.q_..`, or its archive `pgmq.a_..`), on which row-level
    /// security is off.
    ///
    /// The functions of `pgmq_public` that Supabase offers to clients run as whoever calls them: what keeps one user's jobs
    /// from another is row-level security on the queue's table alone, and queues are made without it.
    ///
    /// High where the schema of those functions is exposed, medium where it is not. Not reported: queues that no client has a
    /// privilege on.
    pub(super) struct QueueExposed {
        id: "queue-exposed",
        title: "message queue that clients may read or fill",
        severity: High,
        bad: "
            create schema if not exists pgmq;
            create table pgmq.q_mails (msg_id bigint primary key, message jsonb);
            grant usage on schema pgmq to authenticated;
            grant select, insert, delete on pgmq.q_mails to authenticated;
        ",
        good: "
            create schema if not exists pgmq;
            create table pgmq.q_mails (msg_id bigint primary key, message jsonb);
            alter table pgmq.q_mails enable row level security;
            grant usage on schema pgmq to authenticated, service_role;
            grant select, insert, delete on pgmq.q_mails to service_role;
        ",
    }
}

impl Check for QueueExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.schema.server.platform != Platform::Supabase {
            return;
        }
        let is_queue = |r: &&Relation| {
            let name = r.name.name.as_str();
            r.name.schema == "pgmq"
                && (name.starts_with("q_") || name.starts_with("a_"))
                && r.kind.carries_row_security()
        };
        for queue in cx.schema.relations.iter().filter(is_queue) {
            out.examine(ObjectRef::relation(&queue.name));
            if !queue.row_security {
                report(cx, &queue.name, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, name: &crate::model::QualifiedName, out: &mut Findings<'_>) {
    let Some(queue) = cx.schema.relation(name) else { return };
    let reached = |p: &Principal| -> Vec<Command> {
        let can = |command: &Command| !matches!(cx.effective.access(&p.role, queue, *command).extent, Extent::None(_));
        Command::ALL.into_iter().filter(can).collect()
    };
    let principals: Vec<_> = cx.clients().filter(|p| p.is_api() && !reached(p).is_empty()).collect();
    let Some(principal) = principals.first() else { return };
    let verbs: Vec<_> = reached(principal).into_iter().map(super::words::verb).collect();
    let exposed = ["pgmq_public", "pgmq"].iter().any(|schema| cx.exposes(principal, schema));
    let message = format!(
        "{} can {} every message of the queue {name}: row-level security is off.",
        subject(principal),
        super::words::and_list(&verbs)
    );
    let severity = if exposed { Severity::High } else { Severity::Medium };
    let title = format!("queue {name} is open to {}", printable(&principal.role));
    out.report(
        Draft::new(ObjectRef::relation(name), severity, title, message)
            .principal(&principal.role)
            .fix(format!("alter table {name} enable row level security;"))
            .evidence("privilege", format!("{}: {}", printable(&principal.role), verbs.join(", ")))
            .origin(queue.acl.granting(Privilege::Select).map(|g| g.origin).max().unwrap_or(queue.origin)),
    );
}
