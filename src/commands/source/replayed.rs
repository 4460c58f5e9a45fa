//! Models from migrations that are read and not run: no server, no network.

use std::path::{Path, PathBuf};

use super::files::{self, Found};
use super::{Loaded, migrations};
use crate::Error;
use crate::cli;
use crate::commands::Run;
use crate::migrations::layout::WarningKind;
use crate::migrations::replay::{self, Options, Replayed};
use crate::report::SourceKind;
use crate::shadow::SUPPORTED_MAJORS;

/// The version that is read for where nobody says one: that of new Supabase projects.
const MAJOR: u32 = 17;

/// Reads the files; `description` is what reports call them, and `major` the version to read for where they say none.
pub(in crate::commands) fn load(
    found: Found,
    description: String,
    reading: &cli::Reading,
    major: Option<u32>,
) -> Loaded {
    let said = reading.pg_version.or(major).or(found.config.major).filter(|major| SUPPORTED_MAJORS.contains(major));
    let mut replay = run(&found, said.unwrap_or(MAJOR), None);
    replay.schema.server.throw_away = true;
    if let Some(schemas) = found.config.exposed_schemas.as_ref().filter(|_| found.is_supabase()) {
        migrations::expose(&mut replay.schema, schemas);
    }
    replay.schema.sort();
    let mut loaded = Loaded::new(replay.schema.clone(), SourceKind::Migrations, description);
    // Seeds matter to a server that is read from: here they hold nothing but secrets.
    let mut files = found.project.clone();
    files.warnings.retain(|w| w.kind != WarningKind::Missing || !w.message.starts_with("there is no seed.sql"));
    loaded.notes = crate::shadow::remarks(&files).into_iter().chain(found.notes.clone()).collect();
    loaded.notes.extend(replay.notes.iter().cloned());
    loaded.replayed = Some(replay);
    loaded.show(found.texts);
    loaded
}

/// Reads the files for a server of that major version, on a given one as the role that logs in there.
pub(super) fn run(found: &Found, major: u32, login: Option<&str>) -> Replayed {
    let exposed_schemas = found.config.exposed_schemas.clone().filter(|_| found.is_supabase());
    let options = Options { platform: found.platform, major, exposed_schemas, closed: false };
    replay::replay_as(&found.project, &options, login)
}

/// The migrations that a running database was made by, read for their positions.
pub(super) fn behind(
    named: Option<&Path>,
    reading: &cli::Reading,
    run: &Run,
    major: u32,
) -> Result<Option<(Replayed, Found)>, Error> {
    let configured = run.config.migrations();
    let nearest = || crate::config::nearest(&run.here, &["supabase/migrations"]);
    let configured = configured.map(|path| super::from_here(path, &run.here));
    let path: Option<PathBuf> =
        named.map(Path::to_owned).or(configured).or_else(|| nearest().map(|path| super::from_here(path, &run.here)));
    let Some(path) = path else { return Ok(None) };
    let found = files::find(&[path], reading, run)?;
    Ok(Some((self::run(&found, major, None), found)))
}
