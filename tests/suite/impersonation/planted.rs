//! The fixtures of an application that leaks and of the same done right, on every major: what is planted is confirmed, and
//! nothing else is.

use std::path::{Path, PathBuf};

use crate::support::MAJORS;

use super::trials::{audit, fixture, notes, surprises};

/// What the catalogue of checks confirms by looking or doing, of all that is planted in `leaky-saas`; a foreign server that
/// is not there and a search_path that nobody has abused yet are not among it.
const CONFIRMED: [(&str, &str); 25] = [
    ("bypass-via-set-role", "app_worker"),
    ("column-grant-defeated", "profiles"),
    ("default-privileges", "public"),
    ("mass-assignable-authority", "profiles"),
    ("policy-name-audience", "subscriptions"),
    ("rls-no-permissive", "webhook_endpoints"),
    ("secdef-exposed", "get_workspace_members(uuid)"),
    ("truncate-reachable", "time_entries"),
    ("auth-users-view", "user_directory"),
    ("definer-view", "project_overview"),
    ("definer-view-chain", "project_progress"),
    ("matview-exposed", "workspace_usage"),
    ("partition-child-direct", "activity_log_2025_q3"),
    ("partition-child-direct", "activity_log_2025_q4"),
    ("partition-child-direct", "activity_log_default"),
    ("policy-tautology", "attachments"),
    ("policy-tautology", "intake_submissions"),
    ("policy-tautology", "labels"),
    ("policy-tautology", "sprints"),
    ("policy-tautology", "subscriptions"),
    ("policy-tautology", "support_tickets"),
    ("rls-off-exposed", "invoices"),
    ("rls-off-with-policies", "invitations"),
    ("to-public", "comments"),
    ("bypassrls-login", "reporting"),
];

/// The fixture as it can be on a major: 14 has no views that read as their caller, so that a sound application grants none,
/// and lets everybody make tables in `public` unless told otherwise.
fn on(major: u32, name: &str, folder: &Path) -> PathBuf {
    let from = fixture(name);
    if major > 14 {
        return from;
    }
    copy(&from, folder);
    let migrations = folder.join("supabase/migrations");
    for entry in std::fs::read_dir(&migrations).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        std::fs::write(entry.path(), text.replace(" with (security_invoker = on)", "")).unwrap();
    }
    if name == "sound-saas" {
        let views = ["project_overview", "project_progress", "my_tasks", "my_workspaces", "user_directory"];
        let revoke = views.map(|view| format!("revoke all on public.{view} from public, anon, authenticated;"));
        let create = "revoke create on schema public from public;";
        std::fs::write(migrations.join("99999999999999_views.sql"), format!("{create}\n{}", revoke.join("\n")))
            .unwrap();
    }
    folder.to_owned()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn planted_leaks_are_confirmed() {
    for major in MAJORS {
        let dir = tempfile::tempdir().unwrap();
        let (leaky, code) = audit(&on(major, "leaky-saas", dir.path()), major, &[]);
        assert_eq!(code, 1, "{major}");
        assert_eq!(surprises(&leaky, "contradiction"), [""; 0], "{major}");
        assert!(notes(&leaky).contains("rows were made in 20 of 20 tables"), "{major}: {}", notes(&leaky));
        for (check, object) in CONFIRMED {
            let is = |f: &&serde_json::Value| f["check"] == check && f["object"]["name"] == object;
            let found = leaky["findings"].as_array().unwrap().iter().find(|f| is(f) && f["confidence"] == "confirmed");
            assert!(found.is_some(), "{major}: {check} on {object} was not confirmed");
        }
    }
}

#[test]
fn the_sound_application_shows_nothing() {
    for major in MAJORS {
        let dir = tempfile::tempdir().unwrap();
        let (sound, code) = audit(&on(major, "sound-saas", dir.path()), major, &["--allow-partial"]);
        assert_eq!(code, 0, "{major}: {}", notes(&sound));
        for kind in ["beyond", "missing", "contradiction"] {
            assert_eq!(surprises(&sound, kind), [""; 0], "{major}");
        }
        let confirmed = |f: &&serde_json::Value| f["confidence"] == "confirmed";
        assert!(!sound["findings"].as_array().unwrap().iter().any(|f| confirmed(&f)), "{major}");
        assert!(notes(&sound).contains("rows were made in 20 of 20 tables"), "{major}: {}", notes(&sound));
    }
}
