use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Function, Platform, printable};

declare_check! {
    /// Clients may call an auth hook: the function that Supabase Auth asks for the claims of a token, or whether a
    /// password or code is fine.
    ///
    /// The hook takes its event as an argument, so a client that calls it puts any user's id into it and reads the
    /// claims, roles and memberships that come back. EXECUTE is PUBLIC's by default; the documentation of Supabase
    /// revokes it, which is forgotten as easily as any other line.
    ///
    /// A hook is told by its name (`.._hook`) and its form: one `jsonb` argument, and `jsonb` for its result. Not
    /// reported: hooks that no client may execute, and schemas that are not exposed.
    pub(super) struct AuthHookAcl {
        id: "auth-hook-acl",
        title: "auth hook that clients may call",
        severity: High,
        bad: "
            create function public.custom_access_token_hook(event jsonb) returns jsonb language sql stable
                set search_path = '' as $$ select event $$;
            grant execute on function public.custom_access_token_hook(jsonb) to supabase_auth_admin;
        ",
        good: "
            create function public.custom_access_token_hook(event jsonb) returns jsonb language sql stable
                set search_path = '' as $$ select event $$;
            grant execute on function public.custom_access_token_hook(jsonb) to supabase_auth_admin;
            revoke execute on function public.custom_access_token_hook(jsonb) from public, anon, authenticated;
        ",
    }
}

impl Check for AuthHookAcl {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.schema.server.platform != Platform::Supabase {
            return;
        }
        for function in cx.schema.functions.iter().filter(|f| is_hook(f)) {
            out.examine(ObjectRef::function(&function.id));
            report(cx, function, out);
        }
    }
}

fn is_hook(function: &Function) -> bool {
    function.extension.is_none()
        && function.id.name.ends_with("_hook")
        && function.id.arguments == "jsonb"
        && function.returns == "jsonb"
        && !function.returns_set
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let principals: Vec<_> = cx.may_call(function).collect();
    let Some(principal) = principals.first() else { return };
    let message = format!(
        "{} can call the auth hook {} with an event of their own making, and read what it says of any user.",
        subject(principal),
        function.id
    );
    let title = format!("auth hook {} may be called by {}", function.id, printable(&principal.role));
    // What it says of others takes its owner's rights, or tables that are open anyway.
    let worst = if function.security_definer { Severity::High } else { Severity::Medium };
    let mut draft = Draft::new(ObjectRef::function(&function.id), cx.severity(worst, principal, true), title, message)
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .reproduce(cx.reproduce_call(principal, function, false))
        .fix(cx.revoke_execute(function, &principals))
        .origin(function.origin);
    for p in &principals {
        if let Some(held) = cx.effective.may_execute(&p.role, function) {
            draft = draft.evidence("privilege", format!("{}: EXECUTE {held}", printable(&p.role)));
        }
    }
    out.report(draft);
}
