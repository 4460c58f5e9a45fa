use std::collections::BTreeSet;

use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, QualifiedName, Relation, printable, quote_ident};

declare_check! {
    /// A policy on `realtime.messages` speaks of no topic: whoever it admits may listen to, or send on, every private channel
    /// there is.
    ///
    /// Policies of that table decide who joins private channels of Supabase Realtime. The channel that is asked for is
    /// `realtime.topic()`, and messages carry it in the column `topic`; a policy that names neither is about no channel in
    /// particular, whatever it was written for.
    ///
    /// High where it does not ask who the user is beyond being signed in, low where it does. Not reported: restrictive
    /// policies, those for the service role, and those that are never true.
    pub(super) struct RealtimeMessages {
        id: "realtime-messages",
        title: "policy for private channels that speaks of no topic",
        severity: High,
        bad: "
            create policy \"listen\" on realtime.messages for select to authenticated using (extension = 'broadcast');
        ",
        good: "
            create policy \"listen\" on realtime.messages for select to authenticated
                using (realtime.topic() = 'room:' || (select auth.uid())::text);
        ",
    }
}

impl Check for RealtimeMessages {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let messages = cx.schema.relation(&QualifiedName::new("realtime", "messages")).filter(|r| r.row_security);
        let Some(messages) = messages else { return };
        for policy in messages.policies.iter().filter(|p| p.permissive) {
            out.examine(ObjectRef::policy(&messages.name, &policy.name));
            if is_loose(cx, policy) {
                report(cx, messages, policy, out);
            }
        }
    }
}

/// Whether no channel is asked for, neither by name nor in a function that the policy calls.
fn is_loose(cx: &Context<'_>, policy: &Policy) -> bool {
    let texts: Vec<_> = policy.using.iter().chain(&policy.check).collect();
    let names = |text: &str| {
        let mut called = BTreeSet::new();
        cx.code.called_from(text, &mut called);
        let mut bodies = called.into_iter().filter_map(|id| cx.schema.function(id)).map(|f| f.body.as_str());
        text.contains("topic") || bodies.any(|body| body.contains("topic"))
    };
    !texts.is_empty() && !texts.iter().any(|text| names(text) || text.as_str() == "false")
}

fn report(cx: &Context<'_>, messages: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let binds = |p: &&crate::analyzer::effective::Principal| cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(binds) else { return };
    let asks = policy.using.iter().chain(&policy.check).any(|text| cx.asks_who(text));
    let name = printable(&policy.name);
    let does = match (policy.command.covers(Command::Select), policy.command.covers(Command::Insert)) {
        (true, true) => "listen to and send on",
        (true, false) => "listen to",
        _ => "send on",
    };
    let message = format!(
        "The policy {name} on {} names no topic: {} can {does} every private channel of Realtime that it lets them into.",
        messages.name,
        subject(principal)
    );
    let severity = if asks { Severity::Low } else { Severity::High };
    let condition = policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("true");
    let clause = if policy.using.is_some() { "using" } else { "with check" };
    let fix = format!(
        "-- say which channels the policy is for\n-- alter policy {} on {} {clause} (realtime.topic() = 'your-topic' and ({}));",
        quote_ident(&policy.name),
        messages.name,
        crate::sql::one_line(condition)
    );
    out.report(
        Draft::new(
            ObjectRef::policy(&messages.name, &policy.name),
            severity,
            format!("policy {name} lets {} into every private channel", printable(&principal.role)),
            message,
        )
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .fix(fix)
        .origin(policy.origin),
    );
}
