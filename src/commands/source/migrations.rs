//! Models from migrations: applied to a throw-away server, then read like any database.

use std::path::{Path, PathBuf};

use super::{Loaded, live};
use crate::Error;
use crate::cli;
use crate::commands::Run;
use crate::connector::ConnInfo;
use crate::model::Platform;
use crate::report::SourceKind;
use crate::shadow::{self, Binaries, BinariesRequest, Server, ServerOptions};

/// Applies the migrations at `path` and reads the result; `description` is what reports call it.
pub(super) async fn load(path: &Path, description: String, args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let platform = run.platform(&args.reading).unwrap_or_else(|| platform_of(path));
    let server = start(platform, args, run).await?;
    let notes = {
        let _working = run.talk.working_on("applying the migrations");
        shadow::apply(&server, "postgres", path, !args.reading.no_seed).await?
    };
    let info = ConnInfo::for_socket(server.socket_dir(), server.port(), "postgres", "postgres");
    let (schema, database) = live::read(&info, args, run).await?;
    let mut loaded = Loaded::new(schema, SourceKind::Shadow, description);
    loaded.files = shadow::migration_files(path, server.platform())?;
    loaded.notes = notes;
    loaded.exposed = exposed_by_project(path);
    loaded.database = Some(database);
    loaded.server = Some(server);
    Ok(loaded)
}

async fn start(platform: Platform, args: &cli::Source, run: &Run) -> Result<Server, Error> {
    let request = BinariesRequest {
        pg_bin: args.reading.pg_bin.clone(),
        major: args.reading.pg_version,
        ..BinariesRequest::default()
    };
    let talk = run.talk;
    let find = move || Binaries::find(&request, &|text| talk.say(text));
    let found = tokio::task::spawn_blocking(find).await.map_err(|e| Error::Internal(e.to_string()))?;
    let binaries = found?;
    let platform = match platform {
        Platform::Supabase => shadow::Platform::SUPABASE,
        Platform::Postgres => shadow::Platform::Postgres,
    };
    let name = if platform == shadow::Platform::Postgres { "" } else { " with the Supabase platform" };
    talk.say(format!("starting a throw-away Postgres {}{name}", binaries.version()));
    let _working = talk.working_on("starting the server");
    Ok(Server::start(&binaries, ServerOptions { platform, ..ServerOptions::default() }).await?)
}

/// Supabase's when the folder is part of a Supabase project.
fn platform_of(path: &Path) -> Platform {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let named = full.components().any(|part| part.as_os_str() == "supabase");
    if named || full.join("supabase").is_dir() { Platform::Supabase } else { Platform::Postgres }
}

/// The schemas that `supabase/config.toml` says the Data API serves.
fn exposed_by_project(path: &Path) -> Option<Vec<String>> {
    let full = path.canonicalize().ok()?;
    let near = [full.join("supabase"), full.clone(), full.parent()?.to_owned(), full.parent()?.parent()?.to_owned()];
    let file: PathBuf = near.iter().map(|dir| dir.join("config.toml")).find(|file| file.is_file())?;
    let config: toml::Table = std::fs::read_to_string(file).ok()?.parse().ok()?;
    let schemas = config.get("api")?.get("schemas")?.as_array()?;
    Some(schemas.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supabase_project_is_known_by_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let migrations = dir.path().join("supabase/migrations");
        std::fs::create_dir_all(&migrations).unwrap();
        std::fs::write(dir.path().join("supabase/config.toml"), "[api]\nschemas = ['api']\n").unwrap();
        for path in [&migrations, dir.path()] {
            assert_eq!(platform_of(path), Platform::Supabase);
            assert_eq!(exposed_by_project(path), Some(vec!["api".to_owned()]));
        }
        let plain = dir.path().join("db");
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(platform_of(&plain), Platform::Postgres);
        assert_eq!(exposed_by_project(&plain), None);
    }
}
