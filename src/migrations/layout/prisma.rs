//! Prisma Migrate: a folder a migration.
//!
//! By its documentation: `migrations/<time>_<name>/migration.sql` run in the order of the folders' names;
//! `migration_lock.toml` beside them names the provider. A folder without the file is an error there (P3015).

use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    if place.is_file() {
        let text = place.text(&place.path)?;
        let runs = Runs::whole(&text);
        out.add(&place.path, FileRole::Migration, None, text, runs);
        return Ok(());
    }
    for entry in read::entries(&place.path)? {
        if entry.is_sql() {
            let message = format!("`{}` is never applied: Prisma wants a folder with a migration.sql", entry.name);
            out.warn(&entry.path, None, WarningKind::NeverApplied, message);
        } else if entry.path.is_dir() {
            let file = entry.path.join("migration.sql");
            if !file.is_file() {
                let message = format!("`{}` holds no migration.sql", entry.name);
                out.warn(&entry.path, None, WarningKind::NotRead, message);
                continue;
            }
            let text = read::text(&file)?;
            let runs = Runs::whole(&text);
            out.add(&file, FileRole::Migration, Some(entry.name), text, runs);
        }
    }
    let lock = place.path.join("migration_lock.toml");
    if lock.is_file() && !read::text(&lock)?.contains("postgres") {
        let message = "migration_lock.toml names another database than PostgreSQL".to_owned();
        out.warn(&lock, None, WarningKind::NeverApplied, message);
    }
    Ok(())
}
