use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Principal, Who};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Privilege, Relation, printable};

declare_check! {
    /// A login role may point foreign keys of its own at a table that it does not own: whether an insert into its table
    /// succeeds tells which keys exist there, past row-level security.
    ///
    /// Checks of foreign keys see all rows. The role also keeps others from deleting the rows that it refers to.
    /// REFERENCES comes with GRANT ALL and is hardly ever meant.
    ///
    /// Not reported: roles of the Data API, which has no request that creates a table, owners of the table, and
    /// superusers.
    pub(super) struct ReferencesGrant {
        id: "references-grant",
        title: "REFERENCES, which row-level security does not filter, is granted",
        severity: Medium,
        bad: "
            create role linker login;
            create table public.patients (id bigint primary key, user_id uuid not null);
            alter table public.patients enable row level security;
            grant references on public.patients to linker;
        ",
        good: "
            create role linker login;
            create table public.patients (id bigint primary key, user_id uuid not null);
            alter table public.patients enable row level security;
            create policy all_rows on public.patients for select to linker using (id > 0);
            grant select on public.patients to linker;
        ",
    }
}

impl Check for ReferencesGrant {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let tables: Vec<_> = cx.relations().filter(|r| r.kind.carries_row_security()).collect();
        tables.iter().for_each(|table| out.examine(ObjectRef::relation(&table.name)));
        let counts = |p: &&Principal| matches!(p.who, Who::Login | Who::Group) && p.role != "authenticator";
        for principal in cx.effective.principals().iter().filter(counts) {
            let holds = |table: &&Relation| {
                cx.effective.inherits(&principal.role, &table.owner).is_none()
                    && cx.effective.holds_on_relation(&principal.role, table, Privilege::References).is_some()
            };
            let held: Vec<_> = tables.iter().copied().filter(holds).collect();
            if !held.is_empty() && !cx.effective.is_superuser(&principal.role) {
                report(cx, principal, &held, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, principal: &Principal, held: &[&Relation], out: &mut Findings<'_>) {
    let names: Vec<_> = held.iter().map(|r| r.name.to_string()).collect();
    let message = format!(
        "{} has REFERENCES on {}: a foreign key of its own tells it which keys exist, whatever the policies hide.",
        subject(principal),
        first_of(&names, 4)
    );
    let title = format!("{} holds REFERENCES on {}", principal.role, first_of(&names, 2));
    let fix: Vec<_> = held.iter().map(|r| cx.revoke_relation(&[Privilege::References], r, &[principal])).collect();
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, &principal.role), Severity::Medium, title, message)
        .confidence(Confidence::Proved)
        .principal(&principal.role)
        .detail("references")
        .fix(fix.join("\n"));
    for table in held {
        if let Some(holding) = cx.effective.holds_on_relation(&principal.role, table, Privilege::References) {
            draft = draft.evidence(
                "privilege",
                format!("{}: REFERENCES on {} {holding}", printable(&principal.role), table.name),
            );
        }
    }
    out.report(draft);
}
