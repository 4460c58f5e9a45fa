//! Secrets in migrations, seeds and config.toml.

use super::scan::Weight;
use super::{FileCheck, Files, object};
use crate::checks::{Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, Severity};

declare_check! {
    /// A key, token or password is written into a migration, a seed or `supabase/config.toml`.
    ///
    /// Whoever can read the repository, its history, a backup or a function's source has it: service_role and secret
    /// keys of Supabase, which pass row-level security, passwords in connection URLs and strings, of roles and user
    /// mappings, private keys, keys of payment and mail services, credentials behind `Bearer` and `Basic`, and random
    /// strings behind words such as `api_key`. Bodies of functions, cron jobs,
    /// headers of webhooks and comments are part of the text. The secret itself is never printed. It must be changed:
    /// taking it out of the file leaves it in the history.
    ///
    /// Not reported: the public anon and publishable keys, placeholders, default passwords of local databases, hashes.
    /// Keys that every local Supabase stack has are reported low, test keys medium.
    pub(super) struct SecretInSql {
        id: "secret-in-sql",
        title: "secret written into a migration, a seed or the configuration",
        severity: Critical,
        bad: "
            select cron.schedule('nightly', '0 0 * * *', $$
              select net.http_post(
                url := 'https://abcd.supabase.co/functions/v1/nightly',
                headers := '{\"apikey\": \"sb_secret_h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1\"}'::jsonb
              );
            $$);
        ",
        good: "
            select cron.schedule('nightly', '0 0 * * *', $$
              select net.http_post(
                url := 'https://abcd.supabase.co/functions/v1/nightly',
                headers := jsonb_build_object('apikey',
                  (select decrypted_secret from vault.decrypted_secrets where name = 'nightly'))
              );
            $$);
        ",
    }
}

impl FileCheck for SecretInSql {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, files: &Files, out: &mut Findings<'_>) {
        for file in files.sql.iter().chain(&files.config) {
            out.examine(object(file));
            let mut met: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
            let mut seen = std::collections::BTreeSet::new();
            for secret in files.secrets_of(file) {
                // One that a file repeats is one secret.
                if !seen.insert(secret.text(&file.text).to_owned()) {
                    continue;
                }
                let nth = met.entry(secret.what).or_default();
                *nth += 1;
                let severity = match secret.weight {
                    Weight::Database => Severity::Critical,
                    Weight::Service => Severity::High,
                    Weight::Test => Severity::Medium,
                    Weight::Local => Severity::Low,
                };
                let confidence = if secret.certain { Confidence::Proved } else { Confidence::Likely };
                let title = format!("{} in {}", secret.what, object(file).name);
                let opens = match secret.weight {
                    Weight::Database => "it opens the database past row-level security",
                    Weight::Service => "it opens an account of the project",
                    Weight::Test => "it opens little by itself",
                    Weight::Local => "every local stack has it: harmless there, an open door if a deployment uses it",
                };
                let message = format!(
                    "anyone who can read this file or its history has the {}: {opens}. Change it where it was issued, \
                     then keep the new one in Vault or the environment.",
                    secret.what
                );
                let draft = Draft::new(object(file), severity, title, message)
                    .confidence(confidence)
                    .evidence("secret", secret.shown.clone())
                    .origin(files.origin(file, secret.span.clone()))
                    .detail(format!("{} {nth}", secret.what));
                out.report(draft);
            }
        }
    }
}
