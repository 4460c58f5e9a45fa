use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Command, Role, printable, quote_ident};

declare_check! {
    /// A role that clients or programs act as has BYPASSRLS or SUPERUSER: no policy binds it.
    ///
    /// For a role of the Data API that is critical, whatever the policies say. For a login role it is medium where
    /// the role has a privilege on a table under row security, else low: tools for backup and replication have the
    /// attribute for good reason, but each password of such a role opens everything.
    ///
    /// Not reported: the superuser that the server was made with, the platform's own roles, the service role, and
    /// databases that do not use row security.
    pub(super) struct BypassrlsLogin {
        id: "bypassrls-login",
        title: "role that programs log in as, or clients act as, is exempt from row-level security",
        severity: Critical,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role reporting_bypass login bypassrls;
            grant usage on schema public to reporting_bypass;
            grant select on public.notes to reporting_bypass;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create role reporting_bound login;
            grant usage on schema public to reporting_bound;
            grant select on public.notes to reporting_bound;
            create policy reporting on public.notes for select to reporting_bound using (user_id is not null);
        ",
    }
}

impl Check for BypassrlsLogin {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        // The owner of pg_catalog is the superuser that initdb made.
        let first = cx.schema.namespace("pg_catalog").map(|n| n.owner.as_str());
        for role in &cx.schema.roles {
            if Some(role.name.as_str()) == first || cx.effective.is_platform_role(&role.name) {
                continue;
            }
            out.examine(ObjectRef::global(ObjectKind::Role, &role.name));
            if role.bypass_rls || role.superuser {
                report(cx, role, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, role: &Role, out: &mut Findings<'_>) {
    let who = cx.effective.principals().iter().find(|p| p.role == role.name);
    let by_api = match who {
        Some(p) if p.who == Who::Service => return,
        Some(p) => p.is_api(),
        None => cx.effective.can_become("authenticator").any(|(r, _)| r.name == role.name),
    };
    if !by_api && !role.login {
        return;
    }
    let protected = cx.relations().filter(|r| r.row_security);
    let reads = |r: &_| cx.effective.access(&role.name, r, Command::Select).is_some();
    let reached: Vec<_> = protected.filter(|r| reads(*r)).collect();
    let severity = match (by_api, reached.is_empty()) {
        (true, _) => Severity::Critical,
        (false, false) => Severity::Medium,
        (false, true) => Severity::Low,
    };
    let attribute = if role.superuser { "SUPERUSER" } else { "BYPASSRLS" };
    let name = printable(&role.name);
    let words = who.map_or_else(|| format!("Whoever logs in as {name}"), subject);
    let message = format!(
        "{words} reads every row of {} under row-level security: the role is {attribute}, so no policy binds it.",
        match reached.len() {
            0 => "each table that it will be granted".to_owned(),
            1 => "the one table that it has a privilege on".to_owned(),
            n => format!("the {n} tables that it has a privilege on"),
        }
    );
    let title = format!("{} is exempt from row-level security ({attribute})", role.name);
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, &role.name), severity, title, message)
        .confidence(if by_api { Confidence::Proved } else { Confidence::Likely })
        .principal(&role.name)
        .fix(format!("alter role {} no{};", quote_ident(&role.name), attribute.to_lowercase()))
        .evidence("role", format!("{name}: {attribute}{}", if role.login { " LOGIN" } else { "" }))
        .origin(role.origin);
    for relation in reached {
        draft = draft.confirm(&role.name, &relation.name);
    }
    out.report(draft);
}
