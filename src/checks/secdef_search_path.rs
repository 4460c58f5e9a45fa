use super::code::bare_names;
use super::words::{first_of, subject};
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Function, Privilege, Schema, TriggerEvent, printable, quote_ident};
use crate::report::DoorKind;

use super::remedy::routine;

declare_check! {
    /// A SECURITY DEFINER function sets no `search_path`, so the caller's decides what the unqualified names in its
    /// body mean, and they are then used with the owner's rights.
    ///
    /// Whoever can create objects in a schema on the path, or a temporary table (which comes first for tables, even
    /// on a pinned path that does not name `pg_temp` last), can put their own in the place of the function's.
    ///
    /// Where the body has unqualified names of tables: high if a client that can run the function, by calling it or by
    /// writing to a table whose trigger it is, can create objects; medium if such a client at least speaks SQL and so
    /// sets the path. Low for clients of the Data API, whose requests do neither, and where all tables are qualified.
    ///
    /// Not reported: functions that no client can run and whose tables are qualified; functions with `BEGIN ATOMIC`
    /// bodies, whose names are bound at creation; functions of extensions and of the platform; a pinned path without
    /// `pg_temp` unless a client that speaks SQL can exploit it.
    pub(super) struct SecdefSearchPath {
        id: "secdef-search-path",
        title: "SECURITY DEFINER function whose search_path the caller decides",
        severity: High,
        bad: "
            create table public.counters (id bigint primary key, hits bigint not null default 0);
            alter table public.counters enable row level security;
            revoke all on public.counters from anon, authenticated, public;
            create function public.hit(p_id bigint) returns void language sql security definer
                as $$ update counters set hits = hits + 1 where id = p_id $$;
            revoke execute on function public.hit(bigint) from public, anon, authenticated;
            create role counter login;
            grant usage on schema public to counter;
            grant execute on function public.hit(bigint) to counter;
        ",
        good: "
            create table public.counters (id bigint primary key, hits bigint not null default 0);
            alter table public.counters enable row level security;
            revoke all on public.counters from anon, authenticated, public;
            create function public.hit(p_id bigint) returns void language sql security definer set search_path = ''
                as $$ update public.counters set hits = hits + 1 where id = p_id $$;
            revoke execute on function public.hit(bigint) from public, anon, authenticated;
            create role counter login;
            grant usage on schema public to counter;
            grant execute on function public.hit(bigint) to counter;
        ",
    }
}

impl Check for SecdefSearchPath {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let functions = cx.schema.functions.iter().filter(|f| {
            f.security_definer
                && f.extension.is_none()
                && !f.body_is_bound
                && !matches!(f.language.as_str(), "c" | "internal")
                && !cx.effective.is_platform_object(&f.id.schema, &f.owner)
        });
        for function in functions {
            out.examine(ObjectRef::function(&function.id));
            report(cx, function, out);
        }
    }
}

fn report(cx: &Context<'_>, function: &Function, out: &mut Findings<'_>) {
    let runners = runners(cx, function);
    let names: Vec<_> = bare_names(cx.schema, function).iter().map(|name| quote_ident(name).into_owned()).collect();
    let creator = runners.iter().find(|p| can_shadow(cx, p, function));
    let pinned = function.search_path.as_ref();
    let safe = pinned.is_some_and(|path| creator.is_none() || names.is_empty() || path.contains("pg_temp"));
    if safe || (names.is_empty() && runners.is_empty()) {
        return;
    }
    let (severity, principal) = match (creator, runners.first()) {
        (Some(p), _) if !names.is_empty() => (cx.severity(Severity::High, p, true), Some(p)),
        (_, Some(p)) if !names.is_empty() && !p.is_api() => (cx.severity(Severity::Medium, p, true), Some(p)),
        (_, p) => (Severity::Low, p),
    };
    let who = match principal {
        Some(p) if p.is_api() => format!("{} can run it, but not set the path", subject(p)),
        Some(p) => format!("{} can run it", subject(p)),
        None => "No client can run it now".to_owned(),
    };
    let path = pinned.map_or("sets no search_path".to_owned(), |p| format!("sets a search_path without pg_temp ({p})"));
    let rights = format!("It runs with the rights of {}.", printable(&function.owner));
    let message = if names.is_empty() {
        format!("{} {path}; the tables in its body are qualified. {rights} {who}.", function.id)
    } else {
        format!(
            "{} {path}, so whoever runs it decides what {} in its body means. {rights} {who}.",
            function.id,
            first_of(&names, 4)
        )
    };
    let title = format!("{} is SECURITY DEFINER without a safe search_path", function.id);
    let mut draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
        .confidence(if creator.is_some() { Confidence::Likely } else { Confidence::Possible })
        .fix(format!(
            "alter {} {} set search_path = {};",
            routine(function),
            function.id,
            path_for(cx.schema, function)
        ))
        .origin(function.origin);
    if let Some(p) = principal {
        draft = draft.principal(&p.role).door(DoorKind::TempTable, &p.role, function.id.to_string());
    }
    out.report(draft);
}

/// The clients, and who else logs in, that can make the function run: by a call, or by a write to a table whose trigger
/// it is.
fn runners<'s>(cx: &'s Context<'_>, function: &'s Function) -> Vec<&'s Principal> {
    let logins = cx.bound_principals().filter(|p| !cx.is_client(p));
    let all: Vec<_> = cx.clients().chain(logins).collect();
    if function.is_callable() {
        return all.into_iter().filter(|p| cx.calls(p, function)).collect();
    }
    let tables = cx.schema.relations.iter().flat_map(|r| r.triggers.iter().map(move |t| (r, t)));
    let fired: Vec<_> = tables.filter(|(_, t)| t.function == function.id).collect();
    let writes = |p: &Principal| {
        fired.iter().any(|(relation, trigger)| {
            let commands = trigger.events.iter().filter_map(|e| command(*e));
            cx.exposes(p, &relation.name.schema)
                && commands.into_iter().any(|c| cx.effective.access(&p.role, relation, c).is_some())
        })
    };
    all.into_iter().filter(|p| writes(p)).collect()
}

fn command(event: TriggerEvent) -> Option<Command> {
    match event {
        TriggerEvent::Insert => Some(Command::Insert),
        TriggerEvent::Update => Some(Command::Update),
        TriggerEvent::Delete => Some(Command::Delete),
        TriggerEvent::Truncate => None,
    }
}

/// Whether the client can issue SQL and create a table that the function would then use.
fn can_shadow(cx: &Context<'_>, principal: &Principal, function: &Function) -> bool {
    let database = &cx.schema.database;
    let temporary = || cx.effective.holding(&principal.role, &database.owner, &database.acl, Privilege::Temporary, &[]);
    let in_path = || {
        let path = function.search_path.as_deref().unwrap_or("public");
        let mut namespaces = path.split(',').filter_map(|s| cx.schema.namespace(s.trim().trim_matches('"')));
        namespaces.any(|n| cx.effective.holds_on_namespace(&principal.role, n, Privilege::Create).is_some())
    };
    !principal.is_api() && (temporary().is_some() || in_path())
}

/// What the names meant so far, with temporary tables last.
fn path_for(schema: &Schema, function: &Function) -> String {
    let pinned = function.search_path.as_deref().or(schema.setting_of(&function.owner, "search_path"));
    let mut steps: Vec<_> = pinned
        .unwrap_or("public, extensions")
        .split(',')
        .map(|s| s.trim().trim_matches('"'))
        .filter(|s| schema.namespace(s).is_some())
        .map(|s| quote_ident(s).into_owned())
        .collect();
    steps.push("pg_temp".to_owned());
    steps.join(", ")
}
