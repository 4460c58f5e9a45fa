//! Models from migrations: applied to a throw-away server, then read like any database.

use std::path::Path;

use super::{Loaded, live};
use crate::Error;
use crate::cli;
use crate::commands::Run;
use crate::connector::ConnInfo;
use crate::migrations::layout::{self, Project, Wanted, Warning};
use crate::model::{Gap, Origin, Platform, Schema, Setting};
use crate::project::{Files, Mask, Text};
use crate::report::SourceKind;
use crate::shadow::{self, BinariesRequest, ServerOptions, Shadow, ShadowError, ShadowRequest};

/// Applies the migrations at `path` and reads the result; `description` is what reports call it.
pub(super) async fn load(path: &Path, description: String, args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let platform = match run.platform(&args.reading).unwrap_or_else(|| platform_of(path)) {
        Platform::Supabase => shadow::Platform::SUPABASE,
        Platform::Postgres => shadow::Platform::Postgres,
    };
    let is_supabase = platform == shadow::Platform::SUPABASE;
    let wanted = Wanted { layout: args.reading.layout, seed: !args.reading.no_seed, supabase: is_supabase };
    let project = layout::find(path, wanted)?;
    let on = if is_supabase { " with the Supabase platform" } else { "" };
    run.talk.say(format!("applying {description} to a throw-away Postgres{on}"));
    let files = texts(&project, path);
    let mask = files.mask();
    let shadow = start(&project, platform, args, run).await.map_err(|e| hidden(e, &mask))?;
    let info = ConnInfo::for_socket(shadow.server.socket_dir(), shadow.server.port(), "postgres", Shadow::DATABASE);
    let (mut schema, database) = live::read(&info, args, run).await?;
    schema.server.throw_away = true;
    schema.gaps.extend(project.warnings.iter().filter(|w| w.kind.is_gap()).map(gap));
    if let Some(schemas) = exposed_by_project(path).filter(|_| is_supabase) {
        expose(&mut schema, &schemas);
    }
    let mut loaded = Loaded::new(schema, SourceKind::Shadow, description);
    for file in &project.files {
        loaded.applied.push(file.path.clone());
    }
    loaded.notes.clone_from(&shadow.notes);
    if is_supabase {
        loaded.notes.push(DEFAULT_GRANTS.to_owned());
    }
    // Migrations run and the model is read as postgres; only a superuser may act as every role.
    let superuser = live::open(&info.with_user(shadow.server.superuser()), args, run).await?;
    drop(database);
    loaded.database = Some(superuser);
    loaded.shadow = Some(shadow);
    loaded.texts = files.all().map(|file| (file.path.clone(), mask.hide(&file.text))).collect();
    loaded.files = files;
    Ok(loaded)
}

/// The texts that are looked at for more than their statements.
fn texts(project: &Project, path: &Path) -> Files {
    let sql = project.files.iter().map(|file| Text { path: file.path.clone(), text: file.text.clone() }).collect();
    let config = layout::config_file(path).and_then(|file| {
        let text = std::fs::read_to_string(&file).ok()?;
        Some(Text { path: file.display().to_string(), text })
    });
    Files { sql, config, source: Vec::new() }
}

/// An error without the secrets of the files: the server repeats what it cannot take.
fn hidden(error: Error, mask: &Mask) -> Error {
    match error {
        Error::Shadow(ShadowError::Sql { place, code, message, help }) => {
            let (message, help) = (mask.hide(&message), help.map(|h| mask.hide(&h)));
            Error::Shadow(ShadowError::Sql { place, code, message, help })
        }
        other => other,
    }
}

/// What the tool runs and we did not read.
fn gap(warning: &Warning) -> Gap {
    let line = warning.line.map(|line| format!(":{line}")).unwrap_or_default();
    let what = format!("{}{line}: {}", warning.file, warning.message);
    Gap { what, access_control: true, origin: Origin::Catalog }
}

/// What a migration run has to assume, because no file says it.
const DEFAULT_GRANTS: &str = "assumed: a Supabase project created before 2026-05-30, in which new tables of public \
                              are granted to anon and authenticated";

async fn start(project: &Project, platform: shadow::Platform, args: &cli::Source, run: &Run) -> Result<Shadow, Error> {
    let request = ShadowRequest {
        binaries: BinariesRequest {
            pg_bin: args.reading.pg_bin.clone(),
            major: args.reading.pg_version,
            ..BinariesRequest::default()
        },
        server: ServerOptions { platform, ..ServerOptions::default() },
        migrations: None,
        seed: false,
    };
    let _working = run.talk.working_on("starting a server and applying the migrations");
    let mut shadow = Shadow::start(request, &|text| run.talk.say(text)).await?;
    shadow.notes.extend(shadow::apply_project(&shadow.server, Shadow::DATABASE, project).await?);
    Ok(shadow)
}

/// Supabase's when the folder is part of a Supabase project.
fn platform_of(path: &Path) -> Platform {
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let named = full.components().any(|part| part.as_os_str() == "supabase");
    if named || full.join("supabase").is_dir() { Platform::Supabase } else { Platform::Postgres }
}

/// The schemas that `supabase/config.toml` says the Data API serves.
fn exposed_by_project(path: &Path) -> Option<Vec<String>> {
    let file = layout::config_file(path)?;
    let config: toml::Table = std::fs::read_to_string(file).ok()?.parse().ok()?;
    let schemas = config.get("api")?.get("schemas")?.as_array()?;
    Some(schemas.iter().filter_map(|s| s.as_str().map(str::to_owned)).collect())
}

/// Says in the model what the platform would say in the database of such a project.
fn expose(schema: &mut Schema, schemas: &[String]) {
    const NAME: &str = "pgrst.db_schemas";
    let authenticator = || Some("authenticator".to_owned());
    schema.settings.retain(|s| s.role != authenticator() || s.name != NAME);
    schema.settings.push(Setting {
        role: authenticator(),
        this_database: false,
        name: NAME.to_owned(),
        value: schemas.join(", "),
        origin: Origin::Catalog,
    });
    schema.sort();
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
