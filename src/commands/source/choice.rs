//! Which of the possible sources is meant: the command line, then the configuration, the environment, the folder.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::cli;
use crate::commands::secrets;
use crate::config::{Loaded, nearest};
use crate::connector::Environment;

/// Which source is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// A file that `pgwitness snapshot` wrote.
    Snapshot(PathBuf),
    /// A running database; what it is called is in the settings.
    Database {
        /// The setting that led to it.
        named_by: String,
    },
    /// Migrations, for a throw-away server.
    Migrations(PathBuf),
    /// The example that comes with the program.
    Demo,
}

/// Variables of which any says that a database is meant, in the order in which they are named to the user.
const VARIABLES: [&str; 6] = ["DATABASE_URL", "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE"];

impl Choice {
    pub(super) fn of(args: &cli::Source, config: &Loaded, env: &Environment, here: &Path) -> Result<Self, Error> {
        let database = |named_by: &str| Ok(Self::Database { named_by: named_by.to_owned() });
        if let Some(file) = &args.snapshot {
            return Ok(Self::Snapshot(file.clone()));
        }
        if args.demo {
            return Ok(Self::Demo);
        }
        if args.db_url.is_some() {
            return database("--db-url");
        }
        if let Some(path) = &args.path {
            return by_path(path);
        }
        if let (Some(_), Some(file)) = (&config.config.database.url, &config.file) {
            return database(&format!("[database] url in {}", file.display()));
        }
        if let Some(name) = VARIABLES.into_iter().find(|name| env.variable(name).is_some()) {
            return database(name);
        }
        nearest(here, &["supabase/migrations"]).map(Self::Migrations).ok_or_else(nothing_named)
    }
}

fn by_path(path: &Path) -> Result<Choice, Error> {
    must_be_path(path)?;
    Ok(Choice::Migrations(path.to_owned()))
}

/// Refuses what is no path to anything.
pub(in crate::commands) fn must_be_path(path: &Path) -> Result<(), Error> {
    if secrets::is_connection(&path.to_string_lossy()) {
        return Err(Error::usage(
            "a database URL is not a path",
            "say `--db-url URL`, or set DATABASE_URL, which does not show in the process list",
        ));
    }
    if path != Path::new("-") && std::fs::symlink_metadata(path).is_err() {
        return Err(Error::usage(
            format!("there is no file or folder `{}`", path.display()),
            "PATH is a folder of migrations, one SQL file, or `-` for standard input",
        ));
    }
    Ok(())
}

fn nothing_named() -> Error {
    Error::usage(
        "nothing to audit was named",
        "say `--db-url URL` or set DATABASE_URL (or PGHOST, PGSERVICE, ...) for a running database, name a folder of \
         migrations (supabase/migrations is found by itself), `--snapshot FILE` for a snapshot, or `--demo` for an \
         example",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DatabaseConfig};

    fn choice(args: &cli::Source, url: Option<&str>, variable: Option<&str>) -> Result<Choice, Error> {
        let database = DatabaseConfig { url: url.map(str::to_owned), ..DatabaseConfig::default() };
        let config = Config { database, ..Config::default() };
        let config = Loaded { file: Some("x.toml".into()), config, ..Loaded::default() };
        let env = Environment::new(variable.map(|name| (name, "x")), None, None);
        Choice::of(args, &config, &env, Path::new("/nonexistent"))
    }

    #[test]
    fn the_nearer_setting_wins() {
        let none = cli::Source::default();
        let demo = cli::Source { demo: true, ..none.clone() };
        let by = |name: &str| Choice::Database { named_by: name.to_owned() };
        assert_eq!(choice(&demo, Some("x"), Some("PGHOST")).unwrap(), Choice::Demo);
        assert_eq!(choice(&none, Some("x"), Some("PGHOST")).unwrap(), by("[database] url in x.toml"));
        assert_eq!(choice(&none, None, Some("PGSERVICE")).unwrap(), by("PGSERVICE"));
        assert!(choice(&none, None, None).unwrap_err().help().unwrap().contains("--demo"));
    }

    #[test]
    fn a_url_in_place_of_a_path_is_not_repeated() {
        let args = cli::Source { path: Some("postgres://u:hunter2@h/d".into()), ..cli::Source::default() };
        let error = choice(&args, None, None).unwrap_err();
        assert!(!error.to_string().contains("hunter2") && error.help().unwrap().contains("--db-url"));
    }
}
