//! Models from files that `pgwitness snapshot` wrote.

use std::path::Path;

use serde::Deserialize;

use super::Loaded;
use crate::Error;
use crate::model::{FORMAT, Schema};
use crate::report::SourceKind;

/// The part of a snapshot that every version has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

pub(in crate::commands) fn load(file: &Path) -> Result<Loaded, Error> {
    let text = std::fs::read_to_string(file).map_err(|e| Error::file("read", file, e))?;
    let broken = |e: &serde_json::Error| {
        let message = format!("{}:{}: not a snapshot: {e}", file.display(), e.line().max(1));
        Error::usage(message, "`pgwitness snapshot -o FILE` writes one")
    };
    let head: Head = serde_json::from_str(&text).map_err(|e| broken(&e))?;
    if head.format != FORMAT {
        return Err(Error::usage(
            format!("{}: snapshot of format {}, and this version reads format {FORMAT}", file.display(), head.format),
            "write it again with this version of pgwitness, or use the version that wrote it",
        ));
    }
    let mut schema: Schema = serde_json::from_str(&text).map_err(|e| broken(&e))?;
    // Look-ups are binary searches, and nobody promises that a file was left as it was written.
    schema.sort();
    let description = format!("database {} in {}", schema.database.name, file.display());
    Ok(Loaded::new(schema, SourceKind::Snapshot, description))
}
