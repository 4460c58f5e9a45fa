use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Privilege, Relation, RelationKind, printable};
use crate::report::DoorKind;
use crate::sql::bind::{Binder, Scope};
use crate::sql::tree::Body;
use crate::sql::{Catalog, SchemaCatalog};

declare_check! {
    /// A view that is to show a role some rows of a table only lets the role's own filter run before the view's: whoever may
    /// write SQL and make a function sees the rows that the view leaves out.
    ///
    /// The planner puts the conditions of a query in the order of their cost. A cheap function that reports its argument, in
    /// `pg_temp` if nowhere else, then runs on every row. A view with `security_barrier` filters first.
    ///
    /// Reported for login roles that may not read the table itself and can make functions, as they can wherever temporary
    /// objects are allowed. Not reported: roles of the Data API, which sends conditions of its own kind only, and views without
    /// a condition.
    pub(super) struct FilterViewNoBarrier {
        id: "filter-view-no-barrier",
        title: "view hides rows by a condition that runs after the caller's own",
        severity: Medium,
        bad: "
            create role desk login;
            create table public.parcels (id bigint primary key, user_id uuid not null, status text not null);
            alter table public.parcels enable row level security;
            create view public.open_parcels as select id, user_id from public.parcels where status = 'open';
            revoke all on public.parcels, public.open_parcels from anon, authenticated, service_role;
            grant select on public.open_parcels to desk;
        ",
        good: "
            create role desk login;
            create table public.parcels (id bigint primary key, user_id uuid not null, status text not null);
            alter table public.parcels enable row level security;
            create view public.open_parcels with (security_barrier) as select id, user_id from public.parcels where status = 'open';
            revoke all on public.parcels, public.open_parcels from anon, authenticated, service_role;
            grant select on public.open_parcels to desk;
        ",
    }
}

impl Check for FilterViewNoBarrier {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for view in cx.relations().filter(|r| r.kind == RelationKind::View) {
            out.examine(ObjectRef::relation(&view.name));
            let Some(definition) = &view.view else { continue };
            if definition.security_barrier || definition.security_invoker || !filters(cx, &definition.definition) {
                continue;
            }
            let writes_sql = |p: &&Principal| matches!(p.who, Who::Login) && p.role != "authenticator";
            let reader = cx.effective.principals().iter().filter(writes_sql).find(|p| gains(cx, view, p));
            if let Some(reader) = reader {
                report(cx, view, reader, out);
            }
        }
    }
}

/// Whether the query of a view has a condition of its own.
fn filters(cx: &Context<'_>, definition: &str) -> bool {
    let catalog = SchemaCatalog::new(cx.schema);
    let path: [String; 0] = [];
    let bound =
        Binder::new(&catalog as &dyn Catalog, &path).query(definition.trim().trim_end_matches(';'), &Scope::default());
    bound.is_ok_and(|bound| matches!(&bound.tree.body, Body::Select(select) if select.filter.is_some()))
}

/// Whether the role reads the view, not all rows of what is behind it, and can make a function.
fn gains(cx: &Context<'_>, view: &Relation, principal: &Principal) -> bool {
    let role = &principal.role;
    let reads = |relation| cx.effective.access(role, relation, Command::Select).is_some();
    let Some(own) = cx.schema.relation(&view.name) else { return false };
    let behind = cx.effective.reads_through(role, own);
    let hidden = |read: &crate::analyzer::effective::Read<'_>| {
        let base = cx.schema.relation(&read.relation.name);
        read.reader != *role && base.is_some_and(|base| !cx.effective.reads_everything(role, base))
    };
    let database = &cx.schema.database;
    let temporary = cx.effective.holding(role, &database.owner, &database.acl, Privilege::Temporary, &[]).is_some();
    let creates = || {
        let holds = |n| cx.effective.holds_on_namespace(role, n, Privilege::Create).is_some();
        cx.schema.namespaces.iter().any(holds)
    };
    cx.effective.inherits(role, &view.owner).is_none()
        && !cx.effective.is_superuser(role)
        && reads(own)
        && behind.iter().any(hidden)
        && (temporary || creates())
}

fn report(cx: &Context<'_>, view: &Relation, reader: &Principal, out: &mut Findings<'_>) {
    let role = printable(&reader.role);
    let message = format!(
        "{} reads {}, whose condition is to keep rows from it; a cheap function of its own in the WHERE of a query runs \
         before that condition, on every row.",
        subject(reader),
        view.name
    );
    let title = format!("{} does not keep {role} from the rows that it leaves out", view.name);
    let access = cx.schema.relation(&view.name).map(|own| cx.effective.access(&reader.role, own, Command::Select));
    let mut draft = Draft::new(ObjectRef::relation(&view.name), Severity::Medium, title, message)
        .confidence(Confidence::Likely)
        .principal(&reader.role)
        .door(DoorKind::FilterView, &reader.role, view.name.to_string())
        .fix(format!("alter view {} set (security_barrier = true);", view.name))
        .origin(view.origin);
    if let Some(holder) = access.as_ref().and_then(|access| access.holder()) {
        draft = draft.evidence("privilege", format!("{role}: SELECT {holder}"));
    }
    out.report(draft);
}
