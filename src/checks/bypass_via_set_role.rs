use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Reproduce, Severity};
use crate::model::{Role, printable, quote_ident};

declare_check! {
    /// A role that row-level security binds can `SET ROLE` to one that it does not bind.
    ///
    /// Attributes such as BYPASSRLS and SUPERUSER are not inherited, so the member looks bound; but membership lets it
    /// become the other role with one statement. From PostgreSQL 16 on, `WITH SET FALSE` prevents that.
    ///
    /// High for roles of the Data API, medium for login roles, which may have it on purpose. Not reported:
    /// `authenticator`, which becomes the service role by design, superusers, the platform's roles, groups (their
    /// members are), and databases that do not use row security.
    pub(super) struct BypassViaSetRole {
        id: "bypass-via-set-role",
        title: "role that can become one exempt from row-level security",
        severity: High,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role worker_settable login noinherit;
            grant service_role to worker_settable;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role worker_plain login noinherit;
            grant authenticated to worker_plain;
        ",
    }
}

impl Check for BypassViaSetRole {
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

fn report(cx: &Context<'_>, principal: &Principal, out: &mut Findings<'_>) {
    let mut ways: Vec<_> =
        cx.effective.can_become(&principal.role).filter(|(r, _)| r.bypass_rls || r.superuser).collect();
    ways.sort_by_key(|(role, path)| (path.len(), &role.name));
    let Some(&(target, path)) = ways.first() else { return };
    let role = quote_ident(&principal.role);
    let message = format!(
        "{} can become {} with SET ROLE and then reads and changes every row, whatever the policies say.",
        subject(principal),
        name(target)
    );
    let sql =
        format!("-- logged in as {role}\nset role {};\nselect current_user;\nreset role;", quote_ident(&target.name));
    let title = format!("{} can become {}", principal.role, name(target));
    let severity = cx.severity(Severity::High, principal, true);
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, &principal.role), severity, title, message)
        .principal(&principal.role)
        .reproduce(Reproduce { sql: Some(sql), ..Reproduce::default() })
        .fix(cut(&ways))
        .evidence("membership", printable(&path.join(" -> ")).into_owned());
    for (role, path) in ways.iter().skip(1) {
        draft = draft.evidence("membership", format!("{}: {}", name(role), printable(&path.join(" -> "))));
    }
    out.report(draft);
}

fn name(role: &Role) -> String {
    let attribute = if role.superuser { "SUPERUSER" } else { "BYPASSRLS" };
    format!("{} ({attribute})", printable(&role.name))
}

/// Revokes the last membership of each way: the one that leads into the exempt role.
fn cut(ways: &[(&Role, &[&str])]) -> String {
    let mut each: Vec<_> = ways
        .iter()
        .filter_map(|(_, path)| match path {
            [.., member, role] => Some(format!("revoke {} from {};", quote_ident(role), quote_ident(member))),
            _ => None,
        })
        .collect();
    each.sort();
    each.dedup();
    each.join("\n")
}
