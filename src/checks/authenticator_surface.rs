use super::words::first_of;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Draft, Findings, ObjectKind, ObjectRef, Severity};
use crate::model::{Role, printable, quote_ident};

declare_check! {
    /// The role that the Data API logs in as can become roles that hold rights of their own over the server, or holds what its
    /// members hold without becoming them.
    ///
    /// A request acts as the role that its token names, and that may be any role that `authenticator` is a member of: whoever
    /// can have a token signed chooses among them, and so does SQL that is injected into a function. It is a member of `anon`,
    /// `authenticated` and `service_role`; everything beside them is a door. It has NOINHERIT, so that a request without a role
    /// holds nothing.
    ///
    /// Reported: membership in a role that may create roles or databases, may log in or may replicate, and INHERIT. Not
    /// reported: roles of the API that only hold grants, the platform's own, and those that bypass row security, which are
    /// `bypass-via-set-role`.
    pub(super) struct AuthenticatorSurface {
        id: "authenticator-surface",
        title: "login role of the Data API that reaches more than the roles of requests",
        severity: Medium,
        bad: "
            create role deployer login createdb;
            grant deployer to authenticator;
        ",
        good: "
            create role partner nologin;
            grant partner to authenticator;
        ",
    }
}

/// What PostgREST logs in as.
const LOGIN: &str = "authenticator";

impl Check for AuthenticatorSurface {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let Some(login) = cx.schema.role(LOGIN).filter(|_| cx.clients().any(|p| p.is_api())) else { return };
        out.examine(ObjectRef::global(ObjectKind::Role, LOGIN));
        let strong = |role: &Role| !role.superuser && !role.bypass_rls && !powers(role).is_empty();
        let own = |role: &Role| role.name != LOGIN && !cx.effective.is_platform_role(&role.name);
        for (role, path) in cx.effective.can_become(LOGIN).filter(|(role, _)| own(role) && strong(role)) {
            report(role, path, out);
        }
        if login.inherit {
            let message =
                "A request that names no role acts as authenticator itself, which with INHERIT holds all that \
                           anon, authenticated and service_role hold together."
                    .to_owned();
            let title = "authenticator inherits from the roles of requests";
            out.report(
                Draft::new(ObjectRef::global(ObjectKind::Role, LOGIN), Severity::Medium, title.to_owned(), message)
                    .principal(LOGIN)
                    .detail("inherit")
                    .fix("alter role authenticator noinherit;"),
            );
        }
    }
}

/// What a role may do beside what is granted to it.
fn powers(role: &Role) -> Vec<&'static str> {
    let all = [
        (role.create_role, "create roles"),
        (role.create_db, "create databases"),
        (role.replication, "replicate the whole database"),
        (role.login, "log in"),
    ];
    all.into_iter().filter(|(may, _)| *may).map(|(_, what)| what).collect()
}

fn report(role: &Role, path: &[&str], out: &mut Findings<'_>) {
    let name = printable(&role.name);
    let message = format!(
        "Requests whose token names {name} act as it, and SQL injected into a function can become it: it may {}.",
        first_of(&powers(role), 4)
    );
    let title = format!("requests can act as {name}, which may {}", first_of(&powers(role), 2));
    let mut draft = Draft::new(ObjectRef::global(ObjectKind::Role, LOGIN), Severity::Medium, title, message)
        .principal(LOGIN)
        .detail(&role.name)
        .evidence("membership", printable(&path.join(" -> ")).into_owned());
    if let [.., member, granted] = path {
        draft = draft.fix(format!("revoke {} from {};", quote_ident(granted), quote_ident(member)));
    }
    out.report(draft);
}
