//! SQL files in folders within the folder of migrations, which most tools never look into.
//!
//! A tool that is known leaves them out, which is said; where nobody knows the tool they may be half of the schema, so
//! that the result is not complete without them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Collected, Layout, LayoutError, Place, Wanted, WarningKind, config_file, read};

/// Folders of packages and builds, whose files are nobody's migrations.
const OTHERS: [&str; 3] = ["node_modules", "target", "vendor"];

/// Says of such files that they were not read.
pub(super) fn unread(place: &Place, wanted: Wanted, out: &mut Collected) -> Result<(), LayoutError> {
    if place.is_file() || !place.path.is_dir() || matches!(place.layout, Layout::Flyway | Layout::Sqitch) {
        return Ok(());
    }
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for folder in read::entries(&place.path)?.into_iter().filter(|e| !OTHERS.contains(&e.name.as_str())) {
        let link = std::fs::symlink_metadata(&folder.path).map_or(true, |meta| meta.is_symlink());
        if folder.path.is_dir() && !link {
            let left = read::below(&folder.path)?.into_iter().filter(|entry| is_left_out(&entry.path, out)).count();
            folders.insert(folder.path, left);
        }
    }
    let tool = is_known(place, wanted).then(|| place.layout.tool());
    for (folder, files) in folders.into_iter().filter(|(_, files)| *files > 0) {
        warn(&folder, files, tool, out);
    }
    Ok(())
}

fn is_left_out(file: &Path, out: &Collected) -> bool {
    let name = read::Entry::of(file).name;
    let is_down = name == "down.sql" || name.ends_with(".down.sql");
    let shown = file.display().to_string();
    !is_down && out.files.iter().all(|f| f.path != shown)
}

/// Whether it is known which tool runs the files, and that it is one that looks into no folder.
fn is_known(place: &Place, wanted: Wanted) -> bool {
    match place.layout {
        Layout::Plain | Layout::Dump => false,
        // Files that no tool claims are read as Supabase's where the platform is.
        Layout::Supabase => wanted.layout.is_some() || config_file(&place.path).is_some() || of_supabase(&place.path),
        _ => true,
    }
}

fn of_supabase(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|full| full.ends_with("supabase/migrations"))
}

fn warn(folder: &Path, files: usize, tool: Option<&str>, out: &mut Collected) {
    let name = read::Entry::of(folder).name;
    let count = if files == 1 { "one SQL file".to_owned() } else { format!("{files} SQL files") };
    let (kind, message) = match tool {
        Some(tool) => {
            (WarningKind::NeverApplied, format!("the folder `{name}` holds {count} that {tool} never applies"))
        }
        None => (
            WarningKind::NotRead,
            format!("the folder `{name}` holds {count}, not read: name what runs, folders and files in their order"),
        ),
    };
    out.warn(folder, None, kind, message);
}
