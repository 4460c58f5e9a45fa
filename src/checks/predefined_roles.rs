use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Who;
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{printable, quote_ident};

declare_check! {
    /// A role that programs log in as is a member of one of PostgreSQL's predefined roles that reach past the grants of the
    /// application: to every table, to files of the server, or to programs on it.
    ///
    /// `pg_execute_server_program`, `pg_write_server_files` and `pg_read_server_files` are the operating system's account of
    /// the server, which is worth more than any table. `pg_read_all_data` and `pg_write_all_data` hold every privilege on every
    /// table; row-level security still binds them, so tables without it are what they open. `pg_monitor` and
    /// `pg_read_all_stats` show the text of everybody's queries, literals included.
    ///
    /// High for roles of the Data API and for those that reach files or programs, medium for those of all data, low for
    /// statistics. Not reported: superusers, the platform's own roles, and groups (their members are).
    pub(super) struct PredefinedRoles {
        id: "predefined-roles",
        title: "login role that is a member of a powerful predefined role",
        severity: High,
        bad: "
            create role loader login;
            grant pg_read_server_files to loader;
        ",
        good: "
            create role loader login;
            create table public.imports (id bigint primary key);
            alter table public.imports enable row level security;
            create policy load on public.imports for insert to loader with check (id > 0);
            grant usage on schema public to loader;
            grant insert on public.imports to loader;
        ",
    }
}

/// What each gives, and how bad that is.
const ROLES: [(&str, &str, Severity); 7] = [
    ("pg_execute_server_program", "run programs on the server", Severity::High),
    ("pg_write_server_files", "write files of the server", Severity::High),
    ("pg_read_server_files", "read files of the server", Severity::High),
    ("pg_write_all_data", "change every table that row-level security does not guard", Severity::Medium),
    ("pg_read_all_data", "read every table that row-level security does not guard", Severity::Medium),
    ("pg_monitor", "read the text of everybody's queries", Severity::Low),
    ("pg_read_all_stats", "read the text of everybody's queries", Severity::Low),
];

impl Check for PredefinedRoles {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let counts = |who: Who| !matches!(who, Who::Group | Who::Service);
        for principal in cx.effective.principals().iter().filter(|p| counts(p.who)) {
            let role = &principal.role;
            if cx.effective.is_platform_role(role) && !principal.is_api() || cx.effective.is_superuser(role) {
                continue;
            }
            out.examine(ObjectRef::global(ObjectKind::Role, role));
            let path = |target: &str| {
                let by_becoming = cx.effective.can_become(role).find(|(r, _)| r.name == target).map(|(_, path)| path);
                cx.effective.inherits(role, target).or(by_becoming)
            };
            // What the strongest gives comes first; pg_monitor includes pg_read_all_stats.
            let Some((target, gives, worst)) = ROLES.into_iter().find(|(target, ..)| path(target).is_some()) else {
                continue;
            };
            let severity = if principal.is_api() { Severity::High } else { worst };
            let message = format!(
                "{} can {gives}: the role is a member of {target}, and no grant of the application counts there.",
                subject(principal)
            );
            let title = format!("{} is a member of {target}", printable(role));
            let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, role), severity, title, message)
                .principal(role)
                .detail(target);
            if let Some([.., member, role]) = path(target) {
                draft = draft.fix(format!("revoke {} from {};", quote_ident(role), quote_ident(member)));
            }
            let chain = path(target).map(|path| path.join(" -> ")).unwrap_or_default();
            out.report(draft.evidence("membership", printable(&chain).into_owned()));
        }
    }
}
