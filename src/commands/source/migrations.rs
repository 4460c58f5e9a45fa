//! Models from migrations: applied to a throw-away server, then read like any database.

use std::path::Path;

use super::project::ProjectConfig;
use super::{Loaded, live};
use crate::Error;
use crate::cli::{self, NewTables};
use crate::commands::Run;
use crate::connector::ConnInfo;
use crate::migrations::layout::{self, MigrationFile, Project, Wanted, Warning};
use crate::model::{Gap, Origin, Platform, Schema, Setting};
use crate::project::{Files, Mask, Text};
use crate::report::SourceKind;
use crate::shadow::{self, Binaries, BinariesRequest, ServerOptions, Shadow, ShadowError, ShadowRequest};

/// Applies the migrations at `path` and reads the result; `description` is what reports call it.
pub(super) async fn load(path: &Path, description: String, args: &cli::Source, run: &Run) -> Result<Loaded, Error> {
    let config = ProjectConfig::of(path);
    let mut notes = Vec::new();
    let platform = match run.platform(&args.reading).unwrap_or_else(|| platform_of(path)) {
        Platform::Supabase => supabase(args.reading.new_tables, &config, &mut notes),
        Platform::Postgres => shadow::Platform::Postgres,
    };
    let is_supabase = platform != shadow::Platform::Postgres;
    let wanted = Wanted { layout: args.reading.layout, seed: !args.reading.no_seed, supabase: is_supabase };
    let project = layout::find(path, wanted)?;
    if project.files.is_empty() {
        return Err(Error::usage(
            format!("there is no SQL file in `{}`", path.display()),
            "PATH is one, or a folder of them, or a project with supabase/migrations",
        ));
    }
    let on = if is_supabase { " with the Supabase platform" } else { "" };
    run.talk.say(format!("applying {description} to a throw-away Postgres{on}"));
    let files = texts(&project, path);
    let mask = files.mask();
    let binaries = binaries(&args.reading, &config, &mut notes);
    let shadow = start(&project, platform, binaries, run).await.map_err(|e| hidden(e, &mask))?;
    let info = ConnInfo::for_socket(shadow.server.socket_dir(), shadow.server.port(), "postgres", Shadow::DATABASE);
    let (mut schema, database) = live::read(&info, args, run).await?;
    schema.server.throw_away = true;
    schema.gaps.extend(project.warnings.iter().filter(|w| w.kind.is_gap()).map(gap));
    if let Some(schemas) = config.exposed_schemas.filter(|_| is_supabase) {
        expose(&mut schema, &schemas);
    }
    let mut loaded = Loaded::new(schema, SourceKind::Shadow, description);
    notes.extend(
        project.files.iter().filter(|f| platform == shadow::Platform::SUPABASE && is_dump(&f.text)).map(dumped),
    );
    loaded.applied.extend(project.files.iter().map(|file| file.path.clone()));
    loaded.notes = shadow.notes.iter().cloned().chain(notes).collect();
    // Migrations run and the model is read as postgres; only a superuser may act as every role.
    let superuser = live::open(&info.with_user(shadow.server.superuser()), args, run).await?;
    drop(database);
    loaded.database = Some(superuser);
    loaded.shadow = Some(shadow);
    loaded.texts = files.all().map(|file| (file.path.clone(), mask.hide(&file.text))).collect();
    loaded.files = files;
    Ok(loaded)
}

/// The platform to imitate: what new tables are granted is said on the command line, by the project, or assumed.
fn supabase(asked: Option<NewTables>, config: &ProjectConfig, notes: &mut Vec<String>) -> shadow::Platform {
    let granted = |exposed| if exposed { "are granted" } else { "are not granted" };
    let expose_new_tables = match (asked, config.expose_new_tables) {
        (Some(asked), _) => asked == NewTables::Exposed,
        (None, Some(said)) => {
            let what = format!("new tables of public {} to anon and authenticated", granted(said));
            notes.push(format!("from supabase/config.toml: {what} (auto_expose_new_tables)"));
            said
        }
        (None, None) => {
            notes.push(DEFAULT_GRANTS.to_owned());
            true
        }
    };
    shadow::Platform::Supabase { expose_new_tables }
}

/// The programs to run: the version that the command line names, or the project's if it need not be fetched.
fn binaries(reading: &cli::Reading, config: &ProjectConfig, notes: &mut Vec<String>) -> BinariesRequest {
    let request =
        BinariesRequest { pg_bin: reading.pg_bin.clone(), major: reading.pg_version, ..BinariesRequest::default() };
    let Some(major) = config.major.filter(|_| request.major.is_none() && request.pg_bin.is_none()) else {
        return request;
    };
    let wanted = BinariesRequest { major: Some(major), offline: true, ..request.clone() };
    if Binaries::find(&wanted, &|_| {}).is_ok() {
        return wanted;
    }
    let how = if shadow::SUPPORTED_MAJORS.contains(&major) {
        format!(": `--pg-version {major}` gets one")
    } else {
        ", which pgwitness does not run".to_owned()
    };
    notes.push(format!("supabase/config.toml names Postgres {major}, and another stood in for it{how}"));
    request
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
                              are granted to anon and authenticated (`--new-tables private` assumes the opposite)";

/// Whether `pg_dump` wrote it: it begins by emptying the search path, as nobody else does in these words.
fn is_dump(text: &str) -> bool {
    text.contains("SELECT pg_catalog.set_config('search_path', '', false);")
}

/// A dump names the privileges that an object has beyond Postgres' own defaults, and does not revoke what a platform's
/// default privileges add when it is run.
fn dumped(file: &MigrationFile) -> String {
    format!(
        "{} is a dump: where the platform grants new objects to clients, running it grants more than the database that \
         it was taken from did, so audit that one with `--db-url` or say `--new-tables private`",
        file.path
    )
}

async fn start(
    project: &Project,
    platform: shadow::Platform,
    binaries: BinariesRequest,
    run: &Run,
) -> Result<Shadow, Error> {
    let request = ShadowRequest {
        binaries,
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
        for path in [&migrations, dir.path()] {
            assert_eq!(platform_of(path), Platform::Supabase);
        }
        let plain = dir.path().join("db");
        std::fs::create_dir(&plain).unwrap();
        assert_eq!(platform_of(&plain), Platform::Postgres);
    }

    #[test]
    fn what_new_tables_are_granted_is_asked_then_read_then_assumed() {
        let says = |said| ProjectConfig { expose_new_tables: said, ..ProjectConfig::default() };
        let of = |asked, said| {
            let mut notes = Vec::new();
            (supabase(asked, &says(said), &mut notes), notes)
        };
        let is = |expose_new_tables| shadow::Platform::Supabase { expose_new_tables };
        assert_eq!(of(Some(NewTables::Private), Some(true)), (is(false), Vec::new()));
        assert_eq!(of(None, None), (is(true), vec![DEFAULT_GRANTS.to_owned()]));
        let (platform, notes) = of(None, Some(false));
        assert_eq!(platform, is(false));
        assert!(notes[0].contains("are not granted"), "{notes:?}");
    }

    #[test]
    fn a_version_that_is_not_at_hand_is_told_and_not_fetched() {
        let config = ProjectConfig { major: Some(13), ..ProjectConfig::default() };
        let mut notes = Vec::new();
        assert_eq!(binaries(&cli::Reading::default(), &config, &mut notes).major, None);
        assert!(notes[0].starts_with("supabase/config.toml names Postgres 13,"), "{notes:?}");
        let asked = cli::Reading { pg_version: Some(16), ..cli::Reading::default() };
        assert_eq!(binaries(&asked, &config, &mut Vec::new()).major, Some(16));
    }
}
