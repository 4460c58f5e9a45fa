//! The example of `--demo`: the leaky application of the repository, carried in the program.

use std::path::Path;

use crate::Error;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../migrations-fixtures/leaky-saas/supabase/", $name)))),+]
    };
}

/// Names below `supabase/`, and texts.
const FILES: &[(&str, &str)] = files![
    "config.toml",
    "seed.sql",
    "migrations/20250114093012_initial_schema.sql",
    "migrations/20250121141530_projects_and_tasks.sql",
    "migrations/20250203101145_comments_and_attachments.sql",
    "migrations/20250218160722_invitations_and_notifications.sql",
    "migrations/20250311083350_billing.sql",
    "migrations/20250402120418_time_tracking_and_activity.sql",
    "migrations/20250424094507_dashboards.sql",
    "migrations/20250519151233_integrations_and_support.sql",
    "migrations/20250610110904_tighten_grants.sql",
    "migrations/20250707134816_background_jobs_and_reporting.sql",
];

/// Writes the example below `dir`.
pub(super) fn write(dir: &Path) -> Result<(), Error> {
    for (name, text) in FILES {
        let file = dir.join("supabase").join(name);
        let folder = file.parent().unwrap_or(dir);
        std::fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
        std::fs::write(&file, text).map_err(|e| Error::file("write", &file, e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_every_migration_of_the_fixture() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations-fixtures/leaky-saas/supabase/migrations");
        let mut there: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("migrations/{}", entry.unwrap().file_name().to_string_lossy()))
            .collect();
        there.sort();
        let carried: Vec<_> = FILES.iter().map(|(name, _)| *name).filter(|n| n.starts_with("migrations/")).collect();
        assert_eq!(carried, there);
    }
}
