use super::calls::Caller;
use super::words::{and_list, subject, verb};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{ArgumentMode, Command, Function, printable};

declare_check! {
    /// Clients may call a SECURITY DEFINER function that reaches rows with its owner's rights and does not ask who
    /// calls.
    ///
    /// EXECUTE on a new function is PUBLIC's by default, so `REVOKE ... FROM anon` changes nothing until PUBLIC loses
    /// it too. On Supabase default privileges grant it to `anon` and `authenticated` by name besides, so `REVOKE ... FROM
    /// PUBLIC` alone changes nothing either. The body runs as the owner, whom row-level security usually does not bind; if it takes ids from the
    /// caller and never looks at `auth.uid()`, the caller chooses whose rows to get.
    ///
    /// High where rows or changes come out, critical if the platform's users are among them; medium where at most a
    /// number or an id does, or where the SQL is put together at run time; low where at most a yes or no comes out or
    /// an argument looks like a secret that the caller must know (a token), and for visitors where the body asks who
    /// calls.
    ///
    /// Not reported: databases without row security; functions that return trigger, that no client may execute or
    /// whose schema is not exposed, that policies, defaults or invoker views need, that touch nothing beyond the
    /// caller's own reach, or that ask who calls and are for signed-in users. Functions that touch the platform's
    /// `auth` tables alone are `auth-users-view`.
    pub(super) struct SecdefExposed {
        id: "secdef-exposed",
        title: "SECURITY DEFINER function that lends clients its owner's rights",
        severity: Critical,
        bad: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create function public.notes_of(p_user uuid) returns setof public.notes
                language sql stable security definer set search_path = ''
                as $$ select n.* from public.notes n where n.user_id = p_user $$;
            revoke execute on function public.notes_of(uuid) from anon;
        ",
        good: "
            create table public.notes (id bigint primary key, user_id uuid not null, body text);
            alter table public.notes enable row level security;
            create policy own on public.notes to authenticated using (user_id = (select auth.uid()));
            create function public.my_notes() returns setof public.notes
                language sql stable security definer set search_path = ''
                as $$ select n.* from public.notes n where n.user_id = (select auth.uid()) $$;
            create function public.notes_of(p_user uuid) returns setof public.notes
                language sql stable security definer set search_path = ''
                as $$ select n.* from public.notes n where n.user_id = p_user $$;
            revoke execute on function public.my_notes(), public.notes_of(uuid) from public, anon, authenticated;
            grant execute on function public.my_notes() to authenticated;
        ",
    }
}

impl Check for SecdefExposed {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for function in cx.lending_functions(out) {
            if let Some(caller) = cx.callers(function).filter(|c| !c.only_users()) {
                report(cx, function, &caller, out);
            }
        }
    }
}

fn report(cx: &Context<'_>, function: &Function, caller: &Caller<'_>, out: &mut Findings<'_>) {
    let (worst, confidence) = weigh(function, caller);
    let severity = cx.severity(worst, caller.principal, true);
    let mut message =
        format!("{} can call {}, which {}", subject(caller.principal), function.id, does(function, caller));
    message.push_str(match (caller.identity, caller.dynamic) {
        (true, _) => " It asks who calls, so visitors have no use for it.",
        (_, true) => " It runs SQL put together at run time.",
        _ => " It does not ask who calls.",
    });
    let title = format!("{} lends {} the rights of {}", function.id, caller.principal.role, function.owner);
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(confidence)
        .principal(&caller.principal.role)
        .reproduce(cx.reproduce_call(caller.principal, function, caller.writes || caller.dynamic))
        .fix(cx.revoke_execute(function, &caller.principals))
        .origin(function.origin);
    for text in &caller.privileges {
        draft = draft.evidence("privilege", text);
    }
    for (name, command) in &caller.gains {
        draft = draft.evidence("body", format!("{command} {name} as {}", printable(&function.owner)));
    }
    out.report(draft);
}

fn does(function: &Function, caller: &Caller<'_>) -> String {
    let owner = printable(&function.owner);
    if caller.gains.is_empty() {
        return format!("runs as its owner {owner}.");
    }
    let mut commands: Vec<Command> = caller.gains.iter().map(|(_, c)| *c).collect();
    commands.sort();
    commands.dedup();
    let verbs: Vec<_> = commands.iter().map(|c| verb(*c)).collect();
    if caller.is_question() {
        return format!("says something about rows of {} as its owner {owner}, but shows none.", caller.touched());
    }
    format!("can {} rows of {} as its owner {owner}, beyond what the caller may.", and_list(&verbs), caller.touched())
}

fn weigh(function: &Function, caller: &Caller<'_>) -> (Severity, Confidence) {
    if caller.identity {
        (Severity::Low, Confidence::Possible)
    } else if caller.gains.is_empty() {
        (Severity::Medium, Confidence::Possible)
    } else if wants_secret(function, caller.writes) || caller.is_question() {
        (Severity::Low, Confidence::Possible)
    } else if !caller.yields_rows && !caller.writes {
        (Severity::Medium, Confidence::Likely)
    } else if caller.reads_users && caller.yields_rows {
        (Severity::Critical, Confidence::Likely)
    } else {
        (Severity::High, Confidence::Likely)
    }
}

/// Whether an argument is named like something that only the right caller knows; a password that is written may be a
/// new one.
pub(super) fn wants_secret(function: &Function, writes: bool) -> bool {
    const SECRETS: &[&str] = &["password", "token", "secret", "code", "key", "hash", "otp", "pin"];
    let secrets = SECRETS.get(usize::from(writes)..).unwrap_or_default();
    let names = function.parameters.iter().filter_map(|a| a.name.as_deref()).map(str::to_lowercase);
    let is_secret = |name: &String| name.split('_').any(|part| secrets.contains(&part));
    function.parameters.iter().any(|a| a.mode == ArgumentMode::In) && names.take(8).any(|n| is_secret(&n))
}
