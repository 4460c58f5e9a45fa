//! Keys past row-level security in what browsers and apps load.

use std::ops::Range;

use super::scan::{Secret, Weight};
use super::{FileCheck, Files, Text, object};
use crate::checks::{Meta, declare_check};
use crate::finding::{Confidence, Draft, Findings, Severity};

declare_check! {
    /// A service_role or secret key stands in code that clients load, or in a variable that the bundler gives them.
    ///
    /// Such a key passes row-level security: whoever opens the page has every row. Looked at with `--source DIR`: `.env`
    /// files with `NEXT_PUBLIC_`, `VITE_`, `EXPO_PUBLIC_`, `PUBLIC_`, `NUXT_PUBLIC_`, `GATSBY_` or `REACT_APP_`
    /// variables whose value is such a key (the role claim of a token is read), code that names a public variable after
    /// one, and keys written into code; critical where clients load it, high in code of the server, because whoever has
    /// the repository has the key.
    ///
    /// Not reported: the anon and publishable keys, placeholders of `.env.example`, variables that stay on the server.
    /// Keys that every local stack has are low. Dependencies, binary files and files above 4 MB are not read.
    pub(super) struct ServiceKeyInClient {
        id: "service-key-in-client",
        title: "key past row-level security in what clients load",
        severity: Critical,
        bad: "
            # .env.production
            VITE_SUPABASE_KEY=sb_secret_h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1
        ",
        good: "
            # .env.production
            VITE_SUPABASE_KEY=sb_publishable_h7Kq2ZxW9vRt4LmN8pYc3B_Jf6TgUd1
        ",
    }
}

/// Prefixes of variables that bundlers put into what clients load.
const PUBLIC: [&str; 7] = ["NEXT_PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "REACT_APP_", "GATSBY_", "VITE_", "PUBLIC_"];
/// Parts of names of variables that hold such a key.
const NAMED: [&str; 5] = ["SERVICE_ROLE", "SERVICE_KEY", "SECRET_KEY", "SUPABASE_SECRET", "JWT_SECRET"];

/// Something to report.
struct Hit {
    span: Range<usize>,
    severity: Severity,
    confidence: Confidence,
    title: String,
    what: String,
    shown: Option<String>,
}

impl FileCheck for ServiceKeyInClient {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn run(&self, files: &Files, out: &mut Findings<'_>) {
        for file in &files.source {
            out.examine(object(file));
            let mut hits: Vec<_> =
                files.secrets_of(file).iter().filter(|s| is_key(s)).filter_map(|secret| held(file, secret)).collect();
            hits.extend(named(file, &hits));
            for (nth, hit) in hits.into_iter().enumerate() {
                let message = format!(
                    "{}. It passes row-level security. Change it where it was issued, and use it only on the server.",
                    hit.what
                );
                let mut draft = Draft::new(object(file), hit.severity, hit.title, message)
                    .confidence(hit.confidence)
                    .principal("anon")
                    .origin(files.origin(file, hit.span))
                    .detail(nth.to_string());
                if let Some(shown) = hit.shown {
                    draft = draft.evidence("secret", shown);
                }
                out.report(draft);
            }
        }
    }
}

/// Whether the secret opens the database or a payment account: what a client must never have.
fn is_key(secret: &Secret) -> bool {
    // Words before a literal mean something in SQL only.
    secret.certain
        && !secret.what.starts_with("password of")
        && (secret.weight == Weight::Database
            || secret.what.contains("service_role")
            || secret.what.starts_with("Stripe secret"))
}

/// A key that is written into a file.
fn held(file: &Text, secret: &Secret) -> Option<Hit> {
    let before = file.text.get(..secret.span.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let variable = PUBLIC.iter().find_map(|prefix| variable(line, prefix));
    let is_env = base(file).starts_with(".env");
    let severity = match (&variable, is_env) {
        _ if secret.weight == Weight::Local => Severity::Low,
        (Some(_), _) => Severity::Critical,
        // Such a file stays on the server, and out of the repository.
        (None, true) => return None,
        (None, false) if is_client(file) => Severity::Critical,
        (None, false) => Severity::High,
    };
    let what = match &variable {
        Some(name) => format!("anyone who opens the application has the {}, which {name} puts into it", secret.what),
        None if severity == Severity::High => format!("anyone who can read this file has the {}", secret.what),
        None => format!("anyone who opens the application has the {}, which this file holds", secret.what),
    };
    let title = format!("{} in {}", secret.what, object(file).name);
    let shown = Some(secret.shown.clone());
    Some(Hit { span: secret.span.clone(), severity, confidence: Confidence::Likely, title, what, shown })
}

/// Public variables that are named after such a key, where no key of theirs was found.
fn named(file: &Text, held: &[Hit]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    let is_env = base(file).starts_with(".env");
    for prefix in PUBLIC {
        for (at, _) in file.text.match_indices(prefix) {
            let begins = !file
                .text
                .get(..at)
                .and_then(|t| t.chars().next_back())
                .is_some_and(|c| c.is_alphanumeric() || c == '_');
            let rest = file.text.get(at..).unwrap_or_default();
            let name = word(rest);
            let told = NAMED.iter().any(|part| name.contains(part)) && !name.contains("RECAPTCHA");
            let line = rest.lines().next().unwrap_or_default();
            let has_value = !is_env || line.split_once('=').is_some_and(|(_, value)| !is_placeholder(value));
            let known = held.iter().any(|hit| hit.span.start >= at && hit.span.start <= at + line.len());
            if begins && told && has_value && !known && names.insert(name.to_owned()) {
                hits.push(Hit {
                    span: at..at + name.len(),
                    severity: Severity::High,
                    confidence: Confidence::Possible,
                    title: format!("public variable {name} is named after a key past row-level security"),
                    what: format!("the bundler writes the value of {name} into what clients load, and its name is one of such a key"),
                    shown: None,
                });
            }
        }
    }
    hits.sort_by_key(|hit| hit.span.start);
    hits
}

fn is_placeholder(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    value.is_empty() || super::dummy::is_dummy(value) || value.contains(' ')
}

/// The variable of a line that begins with a prefix.
fn variable(line: &str, prefix: &str) -> Option<String> {
    let at = line.find(prefix)?;
    let begins = !line.get(..at)?.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
    begins.then(|| word(line.get(at..).unwrap_or_default()).to_owned())
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn base(file: &Text) -> &str {
    file.path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Whether clients load the file, by its name, its place and its first words.
fn is_client(file: &Text) -> bool {
    const ENDINGS: [&str; 10] = ["tsx", "jsx", "vue", "svelte", "html", "htm", "dart", "swift", "kt", "plist"];
    const FOLDERS: [&str; 9] =
        ["/components/", "/public/", "/static/", "/client/", "/hooks/", "/dist/", "/www/", "/assets/", "/pages/"];
    let path = file.path.replace('\\', "/");
    let server = ["/api/", "/server/", ".server.", "/functions/", "/scripts/", "/test", ".test.", ".spec.", "/seed"];
    if server.iter().any(|part| path.contains(part)) {
        return false;
    }
    let ending = path.rsplit('.').next().unwrap_or_default();
    let told = file.text.trim_start().starts_with(['"', '\''])
        && file.text.get(..40).is_some_and(|t| t.contains("use client"));
    told || ENDINGS.contains(&ending) || FOLDERS.iter().any(|folder| path.contains(folder))
}
