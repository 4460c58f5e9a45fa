//! Connection settings: where a database is and how to be let in, found in libpq's order and with libpq's meaning.
//!
//! ```text
//! --db-url  >  [database] url  >  DATABASE_URL      the first of these is the connection string
//!     what it leaves out:  service file  >  PG* variables  >  defaults  >  password file for the password
//! ```

mod endpoint;
mod environment;
mod keyvalue;
mod keyword;
mod passfile;
mod secret;
mod service;
mod settings;
mod ssl;
#[cfg(test)]
mod tests;
mod url;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::{ConnectError, Log};
use settings::Settings;

pub use endpoint::{Endpoint, Host};
pub use environment::Environment;
pub use secret::Secret;
pub use ssl::{RootCertificates, Ssl, SslMode};

/// How long one host may take to let us in, where the user does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which of several servers is wanted: libpq's `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSession {
    /// The first that lets us in.
    Any,
    /// One whose transactions may write by default.
    ReadWrite,
    /// One whose transactions may not.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is.
    Standby,
    /// One that is in recovery, or any if none is.
    PreferStandby,
}

const TARGET_SESSIONS: &[(&str, TargetSession)] = &[
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];

impl TargetSession {
    /// The word for it in a connection string.
    pub(super) fn word(self) -> &'static str {
        TARGET_SESSIONS.iter().find(|(_, meaning)| *meaning == self).map_or("any", |(word, _)| word)
    }
}

const CHANNEL_BINDINGS: &[(&str, ChannelBinding)] =
    &[("disable", ChannelBinding::Disable), ("prefer", ChannelBinding::Prefer), ("require", ChannelBinding::Require)];

/// A database and how to reach it. Prints as `user@host:port/database`; never shows a password.
#[derive(Debug, Clone)]
pub struct ConnInfo {
    /// The servers to try, in order; at least one.
    pub endpoints: Vec<Endpoint>,
    /// The role to log in as.
    pub user: String,
    /// The database.
    pub database: String,
    /// Command-line options for the server, sent as they are (`-c setting=value`).
    pub options: Option<String>,
    /// The user's own `application_name`, instead of ours.
    pub application_name: Option<String>,
    /// How long each host may take to let us in; `None` is for ever (`connect_timeout=0`).
    pub connect_timeout: Option<Duration>,
    /// Which server is wanted.
    pub target_session: TargetSession,
    /// Whether the login must be bound to the TLS channel.
    pub channel_binding: ChannelBinding,
    /// TLS.
    pub ssl: Ssl,
    /// Why a transaction-mode pooler is expected here, if it is.
    pub pooler: Option<String>,
    /// What the user should know about these settings.
    pub notes: Vec<String>,
    /// Where what is said to the servers is kept.
    pub log: Log,
}

impl ConnInfo {
    /// Finds the settings: `flag` (`--db-url`), else `config` (`[database] url`), else `DATABASE_URL`, completed as
    /// libpq completes a connection string.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Setting`] for anything unknown, contradictory or unreadable.
    pub fn resolve(flag: Option<&str>, config: Option<&str>, env: &Environment) -> Result<Self, ConnectError> {
        let settings = Settings::gather(connection_string(flag, config, env), env)?;
        let user = settings.get("user").or(env.user()).ok_or_else(no_user)?.to_owned();
        let database = settings.get("dbname").unwrap_or(&user).to_owned();
        let mut notes = settings.notes();
        let mut endpoints = endpoint::endpoints(&settings)?;
        match settings.get("password") {
            Some(password) => endpoints.iter_mut().for_each(|e| e.password = Some(Secret::new(password))),
            None => {
                let (file, ignored) = passfile::Passfile::open(settings.get("passfile"), env);
                notes.extend(ignored);
                for endpoint in &mut endpoints {
                    endpoint.password = file.password(&endpoint.passfile_host(), endpoint.port, &database, &user);
                }
            }
        }
        Ok(Self {
            user,
            database,
            options: settings.get("options").map(str::to_owned),
            application_name: application_name(&settings),
            connect_timeout: connect_timeout(&settings)?,
            target_session: ssl::choice(&settings, "target_session_attrs", TARGET_SESSIONS)?
                .unwrap_or(TargetSession::Any),
            channel_binding: ssl::choice(&settings, "channel_binding", CHANNEL_BINDINGS)?
                .unwrap_or(ChannelBinding::Prefer),
            ssl: Ssl::resolve(&settings, env)?,
            pooler: pooler(&settings, &endpoints),
            endpoints,
            notes,
            log: Log::default(),
        })
    }

    /// Whether anything names a database; if not, there is only libpq's default, a server on this machine.
    #[must_use]
    pub fn is_given(flag: Option<&str>, config: Option<&str>, env: &Environment) -> bool {
        const NAMING: [&str; 5] = ["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE"];
        connection_string(flag, config, env).is_some() || NAMING.iter().any(|name| env.variable(name).is_some())
    }

    /// The settings of a server that listens on a unix socket in `dir` and trusts who gets there.
    #[must_use]
    pub fn for_socket(dir: &Path, port: u16, user: &str, database: &str) -> Self {
        Self {
            endpoints: vec![Endpoint { host: Host::Socket(dir.to_owned()), port, password: None }],
            user: user.to_owned(),
            database: database.to_owned(),
            options: None,
            application_name: None,
            connect_timeout: Some(CONNECT_TIMEOUT),
            target_session: TargetSession::Any,
            channel_binding: ChannelBinding::Prefer,
            ssl: Ssl::none(),
            pooler: None,
            notes: Vec::new(),
            log: Log::default(),
        }
    }

    /// The same, and what is said to the servers is kept in `log`.
    #[must_use]
    pub fn logging(self, log: &Log) -> Self {
        Self { log: log.clone(), ..self }
    }

    /// The same server and role, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: name.to_owned(), ..self.clone() }
    }

    /// The same server and database, another role. The password is forgotten: it was the other role's.
    #[must_use]
    pub fn with_user(&self, name: &str) -> Self {
        let mut other = Self { user: name.to_owned(), ..self.clone() };
        other.endpoints.iter_mut().for_each(|endpoint| endpoint.password = None);
        other
    }
}

impl fmt::Display for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.user)?;
        for (i, endpoint) in self.endpoints.iter().enumerate() {
            write!(f, "{}{endpoint}", if i == 0 { "" } else { "," })?;
        }
        write!(f, "/{}", self.database)
    }
}

/// The connection string that counts, and where it stands.
fn connection_string<'a>(
    flag: Option<&'a str>,
    config: Option<&'a str>,
    env: &'a Environment,
) -> Option<(&'static str, &'a str)> {
    [("--db-url", flag), ("[database] url", config), ("DATABASE_URL", env.variable("DATABASE_URL"))]
        .into_iter()
        .find_map(|(place, text)| Some((place, text?)))
}

fn application_name(settings: &Settings) -> Option<String> {
    settings.get("application_name").or(settings.get("fallback_application_name")).map(str::to_owned)
}

fn connect_timeout(settings: &Settings) -> Result<Option<Duration>, ConnectError> {
    let Some(text) = settings.get("connect_timeout") else { return Ok(Some(CONNECT_TIMEOUT)) };
    let seconds: i64 = text.parse().map_err(|_| {
        ConnectError::setting(
            format!("`connect_timeout` `{text}` is not a whole number of seconds"),
            "write `connect_timeout=10`, or 0 to wait for ever",
        )
    })?;
    Ok(u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs))
}

/// Transaction-mode poolers that tell by their address or by what Prisma users write.
fn pooler(settings: &Settings, endpoints: &[Endpoint]) -> Option<String> {
    if settings.foreign("pgbouncer") == Some("true") {
        return Some("`pgbouncer=true`".to_owned());
    }
    // Supabase: 6543 is the transaction mode of both its shared and its dedicated pooler; 5432 is the session mode.
    let pooled = |endpoint: &Endpoint| endpoint.port == 6543 && matches!(endpoint.host, Host::Tcp { .. });
    endpoints.iter().any(pooled).then(|| "port 6543".to_owned())
}

fn no_user() -> ConnectError {
    ConnectError::setting("no role to log in as", "name one in the connection URL or with PGUSER")
}
