use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Relation, RelationKind};

declare_check! {
    /// Clients have a privilege on a foreign table, which cannot carry row-level security.
    ///
    /// Its rows live elsewhere, and the remote side sees only the user mapping, not who asks: everyone with the
    /// privilege reaches all that the mapping's account reaches.
    ///
    /// Not reported: foreign tables that only the back office may use, and databases that do not use row security.
    /// The finding is not tried live, because a read goes out to another server.
    pub(super) struct ForeignTableExposed {
        id: "foreign-table-exposed",
        title: "foreign table reachable by clients",
        severity: High,
        bad: "
            create foreign data wrapper nowhere;
            create server elsewhere foreign data wrapper nowhere;
            create foreign table public.accounts (id bigint, name text) server elsewhere;
            grant select on public.accounts to authenticated;
        ",
        good: "
            create foreign data wrapper nowhere;
            create server elsewhere foreign data wrapper nowhere;
            create foreign table public.accounts (id bigint, name text) server elsewhere;
            revoke all on public.accounts from anon, authenticated, public;
            grant select on public.accounts to service_role;
        ",
    }
}

impl Check for ForeignTableExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for table in cx.relations().filter(|r| r.kind == RelationKind::ForeignTable) {
            out.examine(ObjectRef::relation(&table.name));
            report(cx, table, out);
        }
    }
}

fn report(cx: &Context<'_>, table: &Relation, out: &mut Findings<'_>) {
    let reach = cx.client_reach(table);
    let Some(first) = reach.iter().find(|r| r.exposed).or(reach.first()) else { return };
    let server = table.foreign_server.as_deref().map(crate::model::printable).unwrap_or_default();
    let message = format!(
        "{} can {} every row of {} that the server {server} gives the user mapping: a foreign table cannot carry \
         row-level security.",
        subject(first.principal),
        first.verbs(),
        table.name
    );
    let principals: Vec<_> = reach.iter().map(|r| r.principal).collect();
    let severity = cx.severity(Severity::High, first.principal, first.exposed);
    let shown = first.accesses.first().map_or(Command::Select, |a| a.command);
    let title = format!("foreign table {} is open to {}", table.name, first.principal.role);
    let mut draft = Draft::new(ObjectRef::relation(&table.name), severity, title, message)
        .principal(&first.principal.role)
        .reproduce(cx.reproduce(first.principal, table, shown))
        .fix(cx.revoke_relation(&Command::ALL.map(Command::privilege), table, &principals))
        .origin(table.origin);
    for r in &reach {
        draft = draft.evidence("privilege", r.privileges());
    }
    out.report(draft);
}
