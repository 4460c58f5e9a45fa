//! SQL files with no tool's marks: by name, as a shell would hand them to psql.
//!
//! Pairs `<name>.up.sql` and `<name>.down.sql` (golang-migrate, sqlx) and folders with an `up.sql` (Diesel, Hasura) are
//! known by their names, and only the way up counts.

use super::{Collected, FileRole, LayoutError, Place, Wanted, psql, read};

pub(super) fn collect(place: &Place, wanted: Wanted, out: &mut Collected) -> Result<(), LayoutError> {
    let files = place.sql_files()?;
    let nested = if files.is_empty() && !place.is_file() { up_files(place)? } else { Vec::new() };
    let is_down = |name: &str| {
        let up = name.strip_suffix(".down.sql").map(|stem| format!("{stem}.up.sql"));
        up.is_some_and(|up| files.iter().any(|f| f.name == up))
    };
    // A seed beside the migrations is no migration; it runs last.
    let is_seed = |entry: &read::Entry| entry.name == "seed.sql" && !place.is_file();
    for entry in files.iter().chain(&nested).filter(|entry| !is_down(&entry.name) && !is_seed(entry)) {
        let text = place.text(&entry.path)?;
        let runs = psql::runs(&text);
        out.add(&entry.path, FileRole::Migration, None, text, runs);
    }
    if wanted.seed && place.input.is_none() {
        super::supabase::default_seed(place, out)?;
    }
    Ok(())
}

fn up_files(place: &Place) -> Result<Vec<read::Entry>, LayoutError> {
    let folders = read::entries(&place.path)?;
    Ok(folders
        .iter()
        .map(|folder| folder.path.join("up.sql"))
        .filter(|f| f.is_file())
        .map(|f| read::Entry::of(&f))
        .collect())
}
