//! Prisma Migrate: a folder a migration.
//!
//! Held against version 6.19 run on a server, whose listing version 7.10 shares: every folder of `migrations`, one whose
//! name begins with a dot too and a link to one not, runs its `migration.sql`, in the order in which people sort names
//! (older versions went by bytes, which is the same for names that all begin with a time). A folder without the file
//! stops the run (P3015), other files are ignored, and `migration_lock.toml` beside them names the provider.

use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    if place.is_file() {
        let text = place.text(&place.path)?;
        let runs = Runs::whole(&text);
        out.add(&place.path, FileRole::Migration, None, text, runs);
        return Ok(());
    }
    for entry in read::entries(&place.path)?.iter().filter(|entry| entry.is_sql()) {
        let message = format!("`{}` is never applied: Prisma wants a folder with a migration.sql", entry.name);
        out.warn(&entry.path, None, WarningKind::NeverApplied, message);
    }
    let mut folders: Vec<_> = read::all_entries(&place.path)?.into_iter().filter(|e| e.path.is_dir()).collect();
    folders.sort_by_cached_key(|entry| collation(&entry.name));
    for entry in folders {
        let file = entry.path.join("migration.sql");
        if entry.path.is_symlink() {
            let message = format!("`{}` is never applied: Prisma follows no links to folders", entry.name);
            out.warn(&entry.path, None, WarningKind::NeverApplied, message);
        } else if file.is_file() {
            let text = read::text(&file)?;
            let runs = Runs::whole(&text);
            out.add(&file, FileRole::Migration, Some(entry.name), text, runs);
        } else {
            let message = format!("`{}` holds no migration.sql: Prisma stops at such a folder", entry.name);
            out.warn(&entry.path, None, WarningKind::NotRead, message);
        }
    }
    let lock = place.path.join("migration_lock.toml");
    if lock.is_file() && !read::text(&lock)?.contains("postgres") {
        let message = "migration_lock.toml names another database than PostgreSQL".to_owned();
        out.warn(&lock, None, WarningKind::NeverApplied, message);
    }
    Ok(())
}

/// What stands for a name when names are sorted as people do: marks before digits before letters, and small letters
/// before large ones where nothing else differs.
fn collation(name: &str) -> (Vec<(u8, String)>, Vec<bool>) {
    let rank = |c: char| match c {
        ' ' => 0,
        '_' => 1,
        '-' => 2,
        c if !c.is_alphanumeric() => 3,
        c if c.is_numeric() => 4,
        _ => 5,
    };
    let letters = name.chars().map(|c| (rank(c), c.to_lowercase().collect())).collect();
    (letters, name.chars().map(char::is_uppercase).collect())
}

#[cfg(test)]
mod tests {
    use super::collation;

    #[test]
    fn names_sort_as_the_tool_sorts_them() {
        // The order in which version 6.19 ran these.
        let expected = ["10_a", "2_b", "20240101_z", "3_empty", "9_crlf", "lower", "UPPER"];
        let mut names = expected;
        names.sort_unstable();
        assert_ne!(names, expected);
        names.sort_by_cached_key(|name| collation(name));
        assert_eq!(names, expected);
    }
}
