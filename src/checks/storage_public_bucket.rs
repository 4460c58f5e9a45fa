use super::words::subject;
use super::{Check, Context, Meta, declare_check};
use crate::analyzer::effective::Principal;
use crate::finding::{Confidence, Draft, Findings, ObjectRef, Severity};
use crate::model::{Bucket, Command, Policy, Relation, printable, quote_ident};

declare_check! {
    /// Clients may list the files of a public bucket: a policy on `storage.objects` shows them all rows of it.
    ///
    /// Whoever knows the name of a file in a public bucket may download it, policies or not; no SELECT policy is needed for
    /// that. With one that asks nothing of the user, the names are no secret either, and everything in the bucket can be
    /// found and fetched: uploads of others, drafts, exports.
    ///
    /// Medium for anyone on the internet, low for signed-in users. Not reported: private buckets, policies that ask who the
    /// user is, and those for UPDATE and DELETE alone.
    pub(super) struct StoragePublicBucket {
        id: "storage-public-bucket",
        title: "public bucket whose files clients may list",
        severity: Medium,
        bad: "
            insert into storage.buckets (id, name, public) values ('pictures', 'pictures', true);
            create policy \"see pictures\" on storage.objects for select to anon using (bucket_id = 'pictures');
        ",
        good: "
            insert into storage.buckets (id, name, public) values ('pictures', 'pictures', true);
            create policy \"see pictures\" on storage.objects for select to authenticated
                using (bucket_id = 'pictures' and owner_id = (select auth.uid())::text);
        ",
    }
}

impl Check for StoragePublicBucket {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let policies = cx.storage_policies(out);
        for bucket in cx.schema.buckets.iter().filter(|b| b.public) {
            let lists = |(_, policy): &&(&Relation, &Policy)| lists(cx, policy, bucket);
            if let Some((objects, policy)) = policies.iter().find(lists) {
                report(cx, objects, policy, bucket, out);
            }
        }
    }
}

/// Whether a policy shows whoever it binds the files of the bucket, whoever they are.
fn lists(cx: &Context<'_>, policy: &Policy, bucket: &Bucket) -> bool {
    let Some(using) = policy.using.as_deref().filter(|_| policy.command.covers(Command::Select)) else { return false };
    let names = using.contains(&format!("'{}'", bucket.id.replace('\'', "''")));
    // What restricts the name to a folder is a choice of its own.
    let narrows = cx.asks_who(using) || using.contains("foldername") || using.contains("name ~") || using == "false";
    (names || using == "true") && !narrows
}

fn report(cx: &Context<'_>, objects: &Relation, policy: &Policy, bucket: &Bucket, out: &mut Findings<'_>) {
    let binds = |p: &&Principal| cx.effective.binds(&p.role, policy);
    let Some(principal) = cx.clients().find(binds) else { return };
    let worst = if principal.who == crate::analyzer::effective::Who::Anyone { Severity::Medium } else { Severity::Low };
    let (id, name) = (printable(&bucket.id), printable(&policy.name));
    let message = format!(
        "{} can list every file of the public bucket {id}, and download what it finds: the policy {name} on {} asks nothing of \
         who they are.",
        subject(principal),
        objects.name
    );
    let fix = format!(
        "-- files of a public bucket can be downloaded without it\n-- drop policy {} on {};",
        quote_ident(&policy.name),
        objects.name
    );
    out.report(
        Draft::new(
            ObjectRef::policy(&objects.name, &policy.name),
            worst,
            format!("files of the public bucket {id} can be listed"),
            message,
        )
        .confidence(Confidence::Likely)
        .principal(&principal.role)
        .detail(&bucket.id)
        .reproduce(cx.reproduce(principal, objects, Command::Select))
        .fix(fix)
        .origin(policy.origin),
    );
}
