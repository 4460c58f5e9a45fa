//! A schema in one file: `db/structure.sql` of Rails, or what pg_dump wrote.
//!
//! By their documentation: Rails loads `structure.sql` with psql when `config.active_record.schema_format` is `:sql`,
//! and ends it with the versions that it holds, inserted into `schema_migrations`; a plain dump is for psql too. Both
//! carry psql's own commands (`\connect`, and `\restrict` since August 2025), and dumps the rows of tables.

use super::{Collected, FileRole, LayoutError, Place, psql};

/// How far into a file its heading may be.
const HEADING: usize = 4096;

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    for entry in place.sql_files()? {
        let text = place.text(&entry.path)?;
        let mut runs = psql::runs(&text);
        runs.no_transaction = true;
        out.add(&entry.path, FileRole::Migration, None, text, runs);
    }
    Ok(())
}

/// Whether pg_dump wrote this.
pub(super) fn is_dump(text: &str) -> bool {
    let heading = text.char_indices().map(|(at, _)| at).find(|at| *at >= HEADING).unwrap_or(text.len());
    text.get(..heading).is_some_and(|head| head.contains("-- PostgreSQL database dump"))
}
