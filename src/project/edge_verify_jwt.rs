//! Edge functions that anyone may call.

use super::{FileCheck, Files, config, edge_source};
use crate::checks::{Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, ObjectKind, ObjectRef, Severity};

declare_check! {
    /// An edge function runs for callers without a token: `verify_jwt = false` in `supabase/config.toml`.
    ///
    /// The platform then passes every request on, and the function itself must tell who asks; one that works with the
    /// service_role key lends it to anyone on the internet. Webhooks have no token of ours and check a signature
    /// instead: functions named like one are reported low.
    ///
    /// A function whose source, or what it imports, reads a header with a token or verifies a signature is reported info:
    /// whether it then refuses the others is not read here. Not reported: functions that are not enabled.
    pub(super) struct EdgeVerifyJwt {
        id: "edge-verify-jwt",
        title: "edge function that anyone may call",
        severity: Medium,
        bad: "
            [functions.delete-account]
            verify_jwt = false
        ",
        good: "
            [functions.delete-account]
            verify_jwt = true
        ",
    }
}

/// Parts of names of functions that are called by other services.
const CALLED_BY_SERVICES: [&str; 9] =
    ["webhook", "hook", "callback", "stripe", "cron", "health", "og", "public", "slack"];

impl FileCheck for EdgeVerifyJwt {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, files: &Files, out: &mut Findings<'_>) {
        let Some(file) = &files.config else { return };
        let settings = files.settings();
        for setting in settings {
            let path = config::within(&setting.path);
            let Some(name) = path.strip_prefix("functions.").and_then(|p| p.strip_suffix(".verify_jwt")) else {
                continue;
            };
            out.examine(ObjectRef::global(ObjectKind::Setting, &setting.path));
            let switch = setting.path.replace(".verify_jwt", ".enabled");
            if !setting.is_false() || settings.iter().any(|s| s.path == switch && s.is_false()) {
                continue;
            }
            let by_service = name.split(['-', '_']).any(|word| {
                let word = word.to_lowercase();
                CALLED_BY_SERVICES.contains(&word.as_str()) || word.trim_end_matches('s').ends_with("hook")
            });
            let sign = edge_source::sign(&files.functions, name);
            let severity = match (&sign, by_service) {
                (Some(_), _) => Severity::Info,
                (None, true) => Severity::Low,
                (None, false) => Severity::Medium,
            };
            let message = format!(
                "anyone on the internet can call the edge function {name}: the platform does not ask for a token. The \
                 function itself must check who calls."
            );
            let title = format!("edge function {name} runs without a token");
            let mut draft = Draft::new(ObjectRef::global(ObjectKind::Setting, &setting.path), severity, title, message)
                .confidence(Confidence::Likely)
                .principal("anon")
                .fix(format!("# supabase/config.toml\n[functions.{name}]\nverify_jwt = true"))
                .origin(files.origin(file, setting.span.clone()));
            if let Some(sign) = sign {
                draft = draft.evidence("source", format!("{} mentions `{}`", sign.file, sign.word));
            }
            out.report(draft);
        }
    }
}
