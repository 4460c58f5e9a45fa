use std::collections::{BTreeMap, BTreeSet};

use super::reached::Reached;
use super::trees::{Condition, Part};
use super::words::{first_of, verb};
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Function, FunctionId, Volatility, printable};
use crate::sql::tree::Node;

declare_check! {
    /// A policy asks what is another value each time, or calls a function that writes: who sees a row depends on chance, or
    /// looking at rows changes some.
    ///
    /// The server evaluates a policy for as many rows as its plan comes to, in any order and perhaps not at all. A condition over
    /// `random()` lets some rows through by luck, and everything to whoever asks again. A function that writes does so with each
    /// look, and keeps rows from being read where writing is refused, on a replica and in a transaction that only reads.
    ///
    /// Medium for what varies by itself, low for what writes. Not reported: functions that are volatile only because nobody
    /// declared them otherwise, which costs time and no more, and `set_config`, which is `guc-tenancy-settable`.
    pub(super) struct VolatilePolicy {
        id: "volatile-policy",
        title: "policy asks what varies by itself, or writes",
        severity: Medium,
        bad: "
            create table public.offers (id bigint primary key, user_id uuid not null);
            alter table public.offers enable row level security;
            create policy sample on public.offers for select to authenticated
                using (user_id = (select auth.uid()) or random() < 0.01);
            grant select on public.offers to authenticated;
        ",
        good: "
            create table public.offers (id bigint primary key, user_id uuid not null);
            alter table public.offers enable row level security;
            create policy sample on public.offers for select to authenticated
                using (user_id = (select auth.uid()) or id % 100 = 0);
            grant select on public.offers to authenticated;
        ",
    }
}

/// Built-in functions that are declared volatile and are no part of this.
const OTHERS: [&str; 1] = ["set_config"];

impl Check for VolatilePolicy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let mut writing: BTreeMap<&FunctionId, (&Function, Vec<String>)> = BTreeMap::new();
        for condition in cx.conditions().filter(|c| !cx.is_platform(c.table)) {
            out.examine(ObjectRef::policy(&condition.table.name, &condition.policy.name));
            let Some(reached) = cx.reached(&condition) else { continue };
            let found = looked_through(cx, &condition);
            if !found.varying.is_empty() {
                report(cx, &condition, &reached, &found.varying, out);
            }
            for function in found.writing {
                let users = writing.entry(&function.id).or_insert((function, Vec::new()));
                users.1.push(format!("{:?} on {}", condition.policy.name, condition.table.name));
            }
        }
        for (function, policies) in writing.into_values() {
            report_writing(cx, function, &policies, out);
        }
    }
}

/// What a condition comes to that gives another value each time, and the functions that it calls itself which write.
#[derive(Default)]
struct Found<'a> {
    varying: BTreeSet<String>,
    writing: Vec<&'a Function>,
}

fn looked_through<'a>(cx: &Context<'a>, condition: &Condition<'_, '_>) -> Found<'a> {
    let mut found = Found::default();
    cx.walk_through(condition.tree, &mut |part, inside| {
        let Part::Expr(expr, _) = part else { return };
        let Node::Call(call) = &expr.node else { return };
        let name = &call.routine.name.name;
        match cx.called(call) {
            Some(function) if inside.is_none() && writes(cx, function).is_some() => found.writing.push(function),
            Some(_) => {}
            None if call.routine.volatility == Volatility::Volatile && !OTHERS.contains(&name.as_str()) => {
                found.varying.insert(format!("{}()", printable(name)));
            }
            None => {}
        }
    });
    found
}

/// What a function writes, in words.
fn writes(cx: &Context<'_>, function: &Function) -> Option<String> {
    let effects = cx.code.effects(function);
    let (relation, command) = effects.touches.iter().find(|(_, command)| *command != Command::Select)?;
    Some(format!("{}s rows of {relation}", verb(*command)))
}

fn report(
    cx: &Context<'_>,
    condition: &Condition<'_, '_>,
    reached: &Reached<'_>,
    varying: &BTreeSet<String>,
    out: &mut Findings<'_>,
) {
    let Condition { table, policy, .. } = *condition;
    let names: Vec<_> = varying.iter().cloned().collect();
    let listed = first_of(&names, 3);
    let title = format!("policy {:?} of {} depends on {listed}", policy.name, table.name);
    let message = format!(
        "Policy {:?} of {} asks {listed}, which gives another value for each row and each time: {} can ask again until it \
         answers well.",
        policy.name,
        table.name,
        reached.principal.words()
    );
    let draft =
        Draft::new(ObjectRef::policy(&table.name, &policy.name), cx.hole(Severity::Medium, reached), title, message)
            .confidence(Confidence::Proved)
            .principal(&reached.principal.role)
            .fix("-- decide by what is stored with the row and by who asks")
            .evidence("policy", printable(condition.text).into_owned())
            .origin(policy.origin);
    out.report(draft);
}

fn report_writing(cx: &Context<'_>, function: &Function, policies: &[String], out: &mut Findings<'_>) {
    let Some(does) = writes(cx, function) else { return };
    let title = format!("{} writes, and policies call it", function.id);
    let message = format!(
        "{} {does}, and is called by {}: each look at rows writes, as often as the plan comes to, and where writing is \
         refused nothing can be read.",
        function.id,
        first_of(policies, 3)
    );
    let draft = Draft::new(ObjectRef::function(&function.id), Severity::Low, title, message)
        .confidence(Confidence::Likely)
        .fix("-- write in a trigger or in the function that is called, and only look in policies")
        .origin(function.origin);
    out.report(draft);
}

#[cfg(test)]
mod tests {
    use super::super::trial::assert_found;

    #[test]
    fn what_writes_and_what_varies() {
        let table = "create table public.offers (id bigint primary key, user_id uuid not null);
            create table public.looks (id bigint);
            alter table public.offers enable row level security;
            grant select on public.offers to authenticated;
            create function public.mine(owner uuid) returns boolean language sql as $$ select owner = auth.uid() $$;
            create function public.noted(offer bigint) returns boolean language plpgsql security definer
                set search_path = '' as $$ begin insert into public.looks values (offer); return true; end $$;";
        let policy = |condition: &str| {
            format!("create policy p on public.offers for select to authenticated using ({condition});")
        };
        assert_found(
            "volatile-policy",
            table,
            &[
                (&policy("public.mine(user_id)"), &[]),
                (&policy("user_id = auth.uid() and public.noted(id)"), &["low"]),
                (&policy("user_id = auth.uid() or clock_timestamp() > '2020-01-01'"), &["medium"]),
                (&policy("user_id = auth.uid() or now() > '2020-01-01'"), &[]),
            ],
        );
    }
}
