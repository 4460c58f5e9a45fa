use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Reproduce, Severity};
use crate::model::{Relation, printable, quote_ident};
use crate::report::DoorKind;

declare_check! {
    /// A role that row-level security is meant to bind has the rights of the owner of tables under it, or can become
    /// that owner.
    ///
    /// Ownership is inherited through membership. An owner is not bound by row security unless it is forced, and may
    /// take the force, the policies or the row security itself away with one ALTER TABLE.
    ///
    /// High for roles of the Data API, medium for login roles. Not reported: the owner itself, `authenticator`, roles
    /// of the platform and exempt ones, groups (their members are), and databases that do not use row security.
    pub(super) struct OwnerReachable {
        id: "owner-reachable",
        title: "role that has the rights of the owner of tables under row-level security",
        severity: High,
        bad: "
            create role ledger_owner nologin;
            grant ledger_owner to postgres;
            grant create, usage on schema public to ledger_owner;
            create role ledger_clerk login;
            create table public.ledger (id bigint primary key, user_id uuid not null);
            alter table public.ledger enable row level security;
            alter table public.ledger owner to ledger_owner;
            grant ledger_owner to ledger_clerk;
        ",
        good: "
            create role ledger_owner nologin;
            grant ledger_owner to postgres;
            grant create, usage on schema public to ledger_owner;
            create role ledger_clerk login;
            create table public.ledger (id bigint primary key, user_id uuid not null);
            alter table public.ledger enable row level security;
            create policy clerks on public.ledger for select to ledger_clerk using (id > 0);
            grant select on public.ledger to ledger_clerk;
            alter table public.ledger owner to ledger_owner;
        ",
    }
}

impl Check for OwnerReachable {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for principal in cx.bound_principals().filter(|p| !cx.effective.is_platform_role(&p.role)) {
            out.examine(ObjectRef::global(ObjectKind::Role, &principal.role));
            report(cx, principal, out);
        }
    }
}

fn report(cx: &Context<'_>, principal: &Principal, out: &mut Findings<'_>) {
    let way = |table: &Relation| {
        let settable = cx.effective.can_become(&principal.role).find(|(r, _)| r.name == table.owner).map(|(_, p)| p);
        let path = cx.effective.inherits(&principal.role, &table.owner).or(settable);
        path.filter(|path| path.len() > 1).map(|path| path.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
    };
    let owned: Vec<_> = cx.relations().filter(|r| r.row_security).filter_map(|r| Some((r, way(r)?))).collect();
    let Some((table, path)) = owned.first() else { return };
    let names: Vec<_> = owned.iter().map(|(r, _)| r.name.to_string()).collect();
    let (role, owner) = (quote_ident(&principal.role), quote_ident(&table.owner));
    let message = format!(
        "{} has the rights of {}, the owner of {}, or can become it: policies do not bind owners, and an owner can drop \
         them.",
        subject(principal),
        printable(&table.owner),
        first_of(&names, 4)
    );
    let title = format!("{} has the rights of the owner of {}", principal.role, first_of(&names, 2));
    let sql = format!("-- logged in as {role}\nset role {owner};\nselect current_user;\nreset role;");
    let cut = match path.as_slice() {
        [.., member, last] => format!("revoke {} from {};", quote_ident(last), quote_ident(member)),
        _ => String::new(),
    };
    let object = ObjectRef::global(ObjectKind::Role, &principal.role);
    let mut draft = Draft::new(object, cx.severity(Severity::High, principal, true), title, message)
        .principal(&principal.role)
        .detail(&table.owner)
        .reproduce(Reproduce { sql: Some(sql), ..Reproduce::default() })
        .fix(cut)
        .evidence("membership", printable(&path.join(" -> ")).into_owned());
    for name in names {
        draft = draft.door(DoorKind::RowSecurity, &principal.role, name);
    }
    out.report(draft);
}
