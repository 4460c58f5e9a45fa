use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Admitting, Principal};
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Role, printable, quote_ident};
use crate::report::DoorKind;

declare_check! {
    /// A role that programs log in as may make itself a member of a role that policies do not bind, or that owns tables under
    /// row-level security.
    ///
    /// ADMIN OPTION on a role is enough for that: whoever may grant it may grant it to itself. Before PostgreSQL 16,
    /// CREATEROLE is ADMIN OPTION on every role that is no superuser.
    ///
    /// High, because one statement later no policy counts. Not reported: the service role, superusers, the platform's roles,
    /// and roles that are exempt themselves.
    pub(super) struct CreateroleAdmin {
        id: "createrole-admin",
        title: "role that may make itself exempt from row-level security",
        severity: High,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role backup_reader nologin bypassrls;
            create role admin_tool login;
            grant backup_reader to admin_tool with admin true, inherit false, set false;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role report_reader nologin;
            create role admin_tool login;
            grant report_reader to admin_tool with admin true, inherit false, set false;
        ",
        min_major: 16,
    }
}

impl Check for CreateroleAdmin {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        for principal in cx.bound_principals() {
            out.examine(ObjectRef::global(ObjectKind::Role, &principal.role));
            report(cx, principal, out);
        }
    }
}

/// Whether a role is worth being made a member of.
fn is_exempt(cx: &Context<'_>, role: &Role) -> bool {
    role.bypass_rls && !role.superuser
        || cx.relations().any(|r| r.row_security && !r.force_row_security && r.owner == role.name)
}

fn report(cx: &Context<'_>, principal: &Principal, out: &mut Findings<'_>) {
    let own = &principal.role;
    let acts_as = |role: &str| {
        role == own
            || cx.effective.inherits(own, role).is_some()
            || cx.effective.can_become(own).any(|(r, _)| r.name == role)
    };
    let held = |role: &Role| {
        let way = cx.effective.admitting(own, &role.name)?;
        let text = match way {
            Admitting::Option(m) => {
                format!("{} holds ADMIN OPTION on {}", printable(&m.member), printable(&role.name))
            }
            Admitting::CreateRole(_) => format!("CREATEROLE covers {}", printable(&role.name)),
        };
        Some((way, text))
    };
    let is_new =
        |role: &&Role| !acts_as(&role.name) && is_exempt(cx, role) && !cx.effective.is_platform_role(&role.name);
    let found: Vec<_> = cx.schema.roles.iter().filter(is_new).filter_map(|role| Some((role, held(role)?))).collect();
    let Some((first, _)) = found.first() else { return };
    let names: Vec<_> = found.iter().map(|(role, _)| printable(&role.name).into_owned()).collect();
    let message = format!(
        "{} can make itself a member of {} with GRANT, and then no policy binds it.",
        subject(principal),
        first_of(&names, 3)
    );
    let each = found.iter().map(|(role, (way, _))| match way {
        Admitting::Option(m) => format!("revoke {} from {};", quote_ident(&role.name), quote_ident(&m.member)),
        Admitting::CreateRole(by) => format!("alter role {} nocreaterole;", quote_ident(&by.name)),
    });
    let mut fix: Vec<_> = each.collect();
    fix.sort();
    fix.dedup();
    let title = format!("{} may make itself a member of {}", printable(own), printable(&first.name));
    let severity = cx.severity(Severity::High, principal, true).max(Severity::High);
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, own), severity, title, message)
        .principal(own)
        .fix(fix.join("\n"));
    for (role, (_, text)) in &found {
        draft = draft.evidence("membership", text.clone()).door(DoorKind::JoinRole, own, &role.name);
    }
    out.report(draft);
}
