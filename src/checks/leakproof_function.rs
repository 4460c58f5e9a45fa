use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::{Extent, Principal};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, printable};
use crate::report::DoorKind;

declare_check! {
    /// A function of the application is marked LEAKPROOF: the planner may run it on rows that row-level security is about to
    /// hide, and whatever it says, raises or writes tells of them.
    ///
    /// The mark is a promise that the function has no effect but its result; the server takes it from a superuser and never
    /// looks. With it the function runs before policies and before the filters of security_barrier views, where its cost is
    /// low enough: ten times that of an operator at most.
    ///
    /// High where the body raises, logs or writes, for then the promise is broken, and medium for clients of the Data API, who
    /// write no conditions of their own; low otherwise. Not reported: functions of
    /// PostgreSQL itself and of extensions, and those that no client may execute.
    pub(super) struct LeakproofFunction {
        id: "leakproof-function",
        title: "function marked LEAKPROOF runs on rows that policies hide",
        severity: High,
        bad: "
            create table public.bids (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.bids enable row level security;
            create policy own on public.bids for select to authenticated using (user_id = (select auth.uid()));
            create function public.is_high(p_amount integer) returns boolean language plpgsql immutable leakproof cost 1
                set search_path = '' as $$ begin raise notice 'amount %', p_amount; return p_amount > 100; end $$;
        ",
        good: "
            create table public.bids (id bigint primary key, user_id uuid not null, amount integer);
            alter table public.bids enable row level security;
            create policy own on public.bids for select to authenticated using (user_id = (select auth.uid()));
            create function public.is_high(p_amount integer) returns boolean language plpgsql immutable cost 1
                set search_path = '' as $$ begin raise notice 'amount %', p_amount; return p_amount > 100; end $$;
        ",
    }
}

impl Check for LeakproofFunction {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if !cx.uses_row_security() {
            return;
        }
        let own = |owner: &str, schema: &str| !cx.effective.is_platform_object(schema, owner);
        for function in cx.schema.functions.iter().filter(|f| f.extension.is_none() && own(&f.owner, &f.id.schema)) {
            out.examine(ObjectRef::function(&function.id));
            let may = |p: &&Principal| cx.effective.may_execute(&p.role, function).is_some();
            let callers: Vec<_> = cx.clients().filter(|_| function.leakproof).filter(may).collect();
            // Who reads some rows of a table gets nearer to the rest than who is refused.
            let reads = |p: &&&Principal| {
                let mut tables = cx.schema.relations.iter().filter(|r| r.row_security);
                tables.any(|r| cx.effective.access(&p.role, r, Command::Select).extent == Extent::Rows)
            };
            let Some(principal) = callers.iter().find(reads).or(callers.first()) else { continue };
            let body = function.body.to_lowercase();
            let tells =
                ["raise", "insert", "update", "delete", "notify", "dblink", "http"].iter().any(|w| body.contains(w));
            let (severity, why) = if tells {
                let worst = if principal.is_api() { Severity::Medium } else { Severity::High };
                (worst, "its body raises or writes, so that what it is given comes out")
            } else {
                (Severity::Low, "its body seems to keep that promise, which nothing holds it to")
            };
            let message = format!(
                "{} can call {} in a filter, and as it is LEAKPROOF it may run on rows that policies hide: {why}.",
                subject(principal),
                function.id
            );
            let title = format!(
                "{} is LEAKPROOF and runs on rows that policies hide from {}",
                function.id,
                printable(&principal.role)
            );
            let draft = Draft::new(ObjectRef::function(&function.id), severity, title, message)
                .confidence(Confidence::Likely)
                .principal(&principal.role)
                .door(DoorKind::Leakproof, &principal.role, function.id.to_string())
                .fix(format!("alter function {} not leakproof;", function.id))
                .origin(function.origin);
            out.report(draft);
        }
    }
}
