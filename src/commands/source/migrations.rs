//! Models from migrations: applied to a throw-away server, then read like any database.

use super::files::Found;
use super::settings::ProjectConfig;
use super::{Loaded, live, replayed};
use crate::Error;
use crate::cli;
use crate::commands::Run;
use crate::connector::{ConnInfo, Environment};
use crate::model::{Gap, Origin, Schema, Setting};
use crate::project::Mask;
use crate::report::SourceKind;
use crate::shadow::{
    self, Applied, Binaries, BinariesRequest, Failure, GivenServer, Mode, Scratch, ServerOptions, Shadow, ShadowError,
    ShadowRequest, Target,
};

/// Applies the files and reads the result; `description` is what reports call them.
pub(in crate::commands) async fn load(
    found: Found,
    description: String,
    reading: &cli::Reading,
    run: &Run,
) -> Result<Loaded, Error> {
    let on = if found.is_supabase() { " with the Supabase platform" } else { "" };
    let to = if reading.shadow_url.is_some() { "a scratch database" } else { "a throw-away Postgres" };
    run.talk.say(format!("applying {description} to {to}{on}"));
    let mask = found.texts.mask();
    run.record.hide(mask.clone());
    let mut notes = found.notes.clone();
    let binaries = binaries(reading, &found.config, &mut notes);
    let place = start(&found, binaries, reading, run).await.map_err(|e| hidden(e, &mask))?;
    let mode = if reading.strict { Mode::Strict } else { Mode::Resilient };
    let applied = {
        let _working = run.talk.working_on("applying the migrations");
        let applied = shadow::run(place.target(), &found.project, mode).await;
        applied.map_err(|e| hidden(e.into(), &mask))?
    };
    let info = place.info();
    let (mut schema, database) = live::read(&info, reading, run).await?;
    schema.server.throw_away = true;
    schema.gaps.extend(found.project.gaps());
    if let Some(schemas) = found.config.exposed_schemas.as_ref().filter(|_| found.is_supabase()) {
        expose(&mut schema, schemas);
    }
    let login = matches!(place, Place::Given(_)).then_some(info.user.as_str());
    let replay = replayed::run(&found, schema.server.major(), login);
    crate::migrations::origins::copy(&replay.schema, &mut schema);
    let failed: Vec<_> = applied.failures.iter().map(|failure| gap(failure, &schema)).collect();
    schema.gaps.extend(failed);
    schema.gaps.extend(applied.gaps.iter().cloned());
    let mut loaded = Loaded::new(schema, SourceKind::Shadow, description);
    loaded.schema.gaps.extend(place.gaps());
    notes.extend(place.notes());
    let (ran, stood_in) = (coverage(&applied, loaded.schema.server.major()), applied.stood_in());
    loaded.notes = ran.into_iter().chain(notes).chain(applied.notes.iter().cloned()).chain(stood_in).collect();
    loaded.statements = Some((applied.total, applied.applied()));
    // Migrations run and the model is read as postgres; only a superuser may act as every role.
    loaded.database = match &place {
        Place::Own(shadow) => Some(live::open(&info.with_user(shadow.server.superuser()), reading, run).await?),
        Place::Given(_) => Some(database),
    };
    loaded.shadow = Some(place);
    loaded.replayed = Some(replay);
    loaded.show(found.texts);
    Ok(loaded)
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

/// A statement that did not run, where the model's files have it.
fn gap(failure: &Failure, schema: &Schema) -> Gap {
    let file = schema.files.iter().position(|file| file.path == failure.path).and_then(|at| u32::try_from(at).ok());
    match file {
        Some(file) => failure.clone().in_file(file).gap(),
        None => Gap { what: failure.to_string(), access_control: failure.access_control, origin: Origin::Catalog },
    }
}

/// The SQLSTATE of a statement that the server cannot read.
const SYNTAX_ERROR: &str = "42601";

/// How much of the project ran, where not all of it did.
fn coverage(applied: &Applied, major: u32) -> Option<String> {
    let first = applied.failures.first()?;
    // `MAINTAIN` of a newer pg_dump is such a thing.
    let too_new = applied.failures.iter().any(|failure| failure.code == SYNTAX_ERROR);
    let hint = (too_new && major < *shadow::SUPPORTED_MAJORS.end())
        .then(|| format!("; a server newer than {major} may take what this one calls a syntax error (`--pg-version`)"));
    let (ran, total, failed) = (applied.applied(), applied.total, applied.failures.len());
    let left_out = if failed == 1 { "was left out; it" } else { "were left out; the first" };
    Some(format!(
        "{ran} of {total} statements ({}%) ran on the throw-away server, {failed} failed and {left_out} is {}:{}{}",
        applied.percent(),
        first.path,
        first.place.line,
        hint.unwrap_or_default()
    ))
}

/// Where the migrations run.
pub(super) enum Place {
    /// A server of our own.
    Own(Shadow),
    /// A scratch database on a given server.
    Given(Box<Scratch>),
}

impl Place {
    fn target(&self) -> Target<'_> {
        match self {
            Self::Own(shadow) => shadow.server.at(Shadow::DATABASE),
            Self::Given(scratch) => Target::Given(scratch),
        }
    }

    fn info(&self) -> ConnInfo {
        match self {
            Self::Own(Shadow { server, .. }) => {
                ConnInfo::for_socket(server.socket_dir(), server.port(), "postgres", Shadow::DATABASE)
            }
            Self::Given(scratch) => scratch.info().clone(),
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        match self {
            Self::Own(_) => Vec::new(),
            Self::Given(scratch) => scratch.gaps().to_vec(),
        }
    }

    fn notes(&self) -> Vec<String> {
        match self {
            Self::Own(_) => Vec::new(),
            Self::Given(scratch) => scratch.notes().to_vec(),
        }
    }
}

async fn start(found: &Found, binaries: BinariesRequest, reading: &cli::Reading, run: &Run) -> Result<Place, Error> {
    let _working = run.talk.working_on("starting a server");
    if let Some(url) = &reading.shadow_url {
        let env = Environment::from_process();
        let config = run.config.config.database.url.as_deref();
        let audited = ConnInfo::is_given(None, config, &env).then(|| ConnInfo::resolve(None, config, &env).ok());
        let given = GivenServer { url: url.clone(), audited: audited.flatten(), log: run.record.log.clone() };
        return Ok(Place::Given(Box::new(Scratch::create(&given, found.platform, None).await?)));
    }
    let request = ShadowRequest {
        binaries,
        server: ServerOptions { platform: found.platform, ..ServerOptions::default() },
        migrations: None,
        seed: false,
    };
    Ok(Place::Own(Shadow::start(request, &|text| run.talk.say(text)).await?))
}

/// Says in the model what the platform would say in the database of such a project.
pub(super) fn expose(schema: &mut Schema, schemas: &[String]) {
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
    fn a_version_that_is_not_at_hand_is_told_and_not_fetched() {
        let config = ProjectConfig { major: Some(13), ..ProjectConfig::default() };
        let mut notes = Vec::new();
        assert_eq!(binaries(&cli::Reading::default(), &config, &mut notes).major, None);
        assert!(notes[0].starts_with("supabase/config.toml names Postgres 13,"), "{notes:?}");
        let asked = cli::Reading { pg_version: Some(16), ..cli::Reading::default() };
        assert_eq!(binaries(&asked, &config, &mut Vec::new()).major, Some(16));
    }
}
