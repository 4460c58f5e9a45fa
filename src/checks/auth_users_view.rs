use super::doors::{Door, DoorFinding};
use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, Platform, Privilege, Relation, printable};

use super::calls::Caller;
use super::secdef_exposed::wants_secret;

declare_check! {
    /// A view, materialized view or SECURITY DEFINER function gives clients rows of the platform's `auth` tables: the
    /// e-mail addresses, phone numbers, metadata and sessions of all users; or lets them change such rows.
    ///
    /// Clients have no privilege on the schema `auth`, but a view reads it as its owner, and so does a definer
    /// function. Critical for anyone on the internet and wherever addresses, metadata or tokens are among the columns
    /// read; high otherwise.
    ///
    /// A view or function that asks who the session is (`where id = auth.uid()`) is low, and so is a function that
    /// takes a secret such as a token and writes nothing. Not reported: what only the back end may read or call, and
    /// functions that also touch tables of the application (those are `secdef-exposed`).
    pub(super) struct AuthUsersView {
        id: "auth-users-view",
        title: "door to the platform's table of users",
        severity: Critical,
        bad: "
            create view public.people as select id, email from auth.users;
            revoke all on public.people from anon, authenticated, public;
            grant select on public.people to authenticated;
        ",
        good: "
            create view public.people as select id, email from auth.users;
            revoke all on public.people from anon, authenticated, public;
            grant select on public.people to service_role;
        ",
    }
}

impl Check for AuthUsersView {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.schema.server.platform != Platform::Supabase {
            return;
        }
        for view in cx.relations().filter(|r| r.view.is_some()) {
            out.examine(ObjectRef::relation(&view.name));
            report_view(cx, view, out);
        }
        for function in cx.definer_functions() {
            out.examine(ObjectRef::function(&function.id));
            report_function(cx, function, out);
        }
    }
}

fn report_view(cx: &Context<'_>, view: &Relation, out: &mut Findings<'_>) {
    let doors = cx.doors(view, |principal, read| {
        let base = cx.schema.relation(&read.relation.name);
        base.is_some_and(|b| cx.is_users(b) && !cx.effective.reads_everything(&principal.role, b))
    });
    let Some(first) = doors.first() else { return };
    let worst = if first.is_anyone() || tells(view) { Severity::Critical } else { Severity::High };
    let (severity, confidence) = cx.weigh(view, first, worst);
    let mut message = format!(
        "{} can read rows of {}, which holds all users: the {} {} reads it as {}.",
        subject(first.principal),
        first.behind(),
        view.kind,
        view.name,
        printable(first.reads.first().map_or("", |r| r.reader))
    );
    if confidence == Confidence::Possible {
        message = cx.doubtful(view, first);
    }
    let principals: Vec<_> = doors.iter().map(|d: &Door<'_>| d.principal).collect();
    let fix = cx.revoke_relation(&[Privilege::Select], view, &principals);
    let title = format!("{} shows {} the platform's users", view.name, first.principal.role);
    out.report(cx.door_draft(view, first, &doors, DoorFinding { severity, confidence, title, message, fix }));
}

/// Whether the view's query names columns that tell who a user is or let one act as them.
fn tells(view: &Relation) -> bool {
    const COLUMNS: &[&str] = &["email", "phone", "password", "raw_", "token", "identity_data"];
    let query = view.view.as_ref().map_or("", |v| v.definition.as_str());
    COLUMNS.iter().any(|c| query.contains(c))
}

fn report_function(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let Some(caller) = cx.callers(function).filter(Caller::only_users) else { return };
    let (worst, confidence, what) = match caller.yields_rows {
        _ if caller.identity => {
            (Severity::Low, Confidence::Possible, "learn what it says of the caller, which it asks for")
        }
        _ if wants_secret(function, caller.writes) => {
            (Severity::Low, Confidence::Possible, "learn whether the secret that it takes is right")
        }
        _ if caller.writes => (Severity::Critical, Confidence::Likely, "change what is kept of any user"),
        true => (Severity::Critical, Confidence::Likely, "learn what it returns of all users"),
        false => (Severity::Medium, Confidence::Likely, "learn whether a user exists"),
    };
    let severity = cx.severity(worst, caller.principal, true);
    let message = format!(
        "{} can call {} and {what}: it works on {} as its owner {}.",
        subject(caller.principal),
        function.id,
        caller.touched(),
        printable(&function.owner)
    );
    let title = format!("{} shows {} the platform's users", function.id, caller.principal.role);
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(confidence)
        .principal(&caller.principal.role)
        .reproduce(cx.reproduce_call(caller.principal, function, caller.writes))
        .fix(cx.revoke_execute(function, &caller.principals))
        .origin(function.origin);
    for text in &caller.privileges {
        draft = draft.evidence("privilege", text);
    }
    out.report(draft);
}
