use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Command, Policy, Relation, printable};

declare_check! {
    /// A policy on `storage.objects` lets clients change or delete files without asking whose they are: any of them
    /// can replace or remove what somebody else has uploaded.
    ///
    /// An upload with `upsert` is an INSERT and an UPDATE. The owner of a file is in `owner_id`, and by convention the
    /// first folder of its name is the user's id; a policy that mentions neither binds the file to nobody.
    ///
    /// Reported where the policy permits UPDATE or DELETE and its USING never asks who the user is. Not reported:
    /// SELECT and INSERT alone, policies for the service role, and restrictive ones.
    pub(super) struct StorageOverwrite {
        id: "storage-overwrite",
        title: "storage policy that lets users replace or remove files of others",
        severity: High,
        bad: "
            create policy \"replace pictures\" on storage.objects for update to authenticated using (bucket_id = 'pictures');
        ",
        good: "
            create policy \"replace pictures\" on storage.objects for update to authenticated
                using (bucket_id = 'pictures' and owner_id = (select auth.uid())::text);
        ",
    }
}

impl Check for StorageOverwrite {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        for (objects, policy) in cx.storage_policies(out) {
            if is_loose(cx, policy) {
                report(cx, objects, policy, out);
            }
        }
    }
}

fn is_loose(cx: &Context<'_>, policy: &Policy) -> bool {
    let changes = policy.command.covers(Command::Update) || policy.command.covers(Command::Delete);
    let asked = |text: &String| cx.asks_who(text) || text.as_str() == "false";
    changes && policy.using.as_ref().is_some_and(|text| !asked(text))
}

fn report(cx: &Context<'_>, objects: &Relation, policy: &Policy, out: &mut Findings<'_>) {
    let binds = |p: &&Principal| cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(binds) else { return };
    let name = printable(&policy.name);
    let (verb, shown) = match policy.command.covers(Command::Update) {
        true => ("replace", Command::Update),
        false => ("delete", Command::Delete),
    };
    let message = format!(
        "{} can {verb} files that somebody else has uploaded: the policy {name} on {} does not ask whose they are.",
        subject(principal),
        objects.name
    );
    let title = format!("storage policy {name} lets {} {verb} files of others", printable(&principal.role));
    let fix = format!(
        "-- bind the files to who has uploaded them\n-- alter policy {} on {} using (owner_id = (select auth.uid())::text and ({}));",
        crate::model::quote_ident(&policy.name),
        objects.name,
        policy.using.as_deref().unwrap_or("true")
    );
    out.report(
        Draft::new(
            ObjectRef::policy(&objects.name, &policy.name),
            cx.severity(Severity::High, principal, true),
            title,
            message,
        )
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .reproduce(cx.reproduce(principal, objects, shown))
        .fix(fix)
        .origin(policy.origin),
    );
}
