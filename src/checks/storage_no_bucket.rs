use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable};

declare_check! {
    /// A policy on `storage.objects` names no bucket: it holds in every bucket there is, and in every one that is
    /// created later.
    ///
    /// Policies for files all stand on the one table, whatever bucket they were written for. One that only asks
    /// whether somebody is signed in opens the private buckets as well.
    ///
    /// High where the policy does not ask who the user is either, low where it does: files of one's own are one's own
    /// in every bucket. Not reported: policies for the service role, and restrictive ones.
    pub(super) struct StorageNoBucket {
        id: "storage-no-bucket",
        title: "storage policy that speaks of no bucket",
        severity: High,
        bad: "
            create policy \"read pictures\" on storage.objects for select to authenticated using (name like '%.png');
        ",
        good: "
            create policy \"read pictures\" on storage.objects for select to authenticated
                using (bucket_id = 'pictures' and name like '%.png');
        ",
    }
}

impl Check for StorageNoBucket {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (objects, policy) in cx.storage_policies(out) {
            if is_loose(policy) {
                report(cx, objects, policy, out);
            }
        }
    }
}

fn is_loose(policy: &Policy) -> bool {
    let texts: Vec<_> = policy.using.iter().chain(&policy.check).collect();
    // What is never true opens nothing, and what is always true has its own word in the message.
    !texts.is_empty() && !texts.iter().any(|text| text.contains("bucket_id") || text.as_str() == "false")
}

fn report(cx: &Context<'_>, objects: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let binds = |p: &&Principal| cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(binds) else { return };
    let asks = policy.using.iter().chain(&policy.check).any(|text| cx.asks_who(text));
    let name = printable(&policy.name);
    let message = format!(
        "The policy {name} on {} names no bucket: {} can do what it permits in every bucket, private ones and later ones \
         included.",
        objects.name,
        subject(principal)
    );
    let severity = if asks { Severity::Low } else { cx.severity(Severity::High, principal, true) };
    let title = format!("storage policy {name} holds in every bucket");
    let fix = format!(
        "-- say which bucket the policy is for\n-- alter policy {} on {} using (bucket_id = 'your-bucket' and ({}));",
        crate::model::quote_ident(&policy.name),
        objects.name,
        policy.using.as_deref().or(policy.check.as_deref()).unwrap_or("true")
    );
    let shown = Command::ALL.into_iter().find(|c| policy.command.covers(*c)).unwrap_or(Command::Select);
    out.report(
        Draft::new(ObjectRef::policy(&objects.name, &policy.name), severity, title, message)
            .confidence(Confidence::Likely)
            .principal(&principal.role)
            .reproduce(cx.reproduce(principal, objects, shown))
            .fix(fix)
            .origin(policy.origin),
    );
}
