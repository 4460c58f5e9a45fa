//! A scratch database on a server that the user names: made, filled, and dropped on every way out.
//!
//! The server is somebody's, so nothing else in it changes. Databases keep apart all but roles, which belong to the whole
//! server: those that were there stay as they are, those made here carry a mark and go with the last scratch database.

mod bootstrap;
mod cluster;
pub(crate) mod guard;
mod stale;

pub(super) use cluster::{Cluster, created};

use super::ShadowError;
use super::platform::Platform;
use crate::connector::{self, ConnInfo, Environment, Host, Log};
use crate::model::Gap;
use std::collections::BTreeSet;
use tokio_postgres::Client;

/// What the names of scratch databases begin with.
const PREFIX: &str = "pgwitness_scratch_";

/// What their comments begin with, and those of the roles that were made for them.
const MARK: &str = "made by pgwitness for a run, safe to drop";

/// A server that the user names.
#[derive(Debug, Clone)]
pub struct GivenServer {
    /// Its URL, or keyword=value pairs; the database in it is only where we log in.
    pub url: String,
    /// The database that is audited or configured besides, if there is one; roles are not made on its server.
    pub audited: Option<ConnInfo>,
    /// Where what is said to it is kept.
    pub log: Log,
}

/// A database on a given server. Dropping this drops the database; so does the end of this process, however it ends.
#[derive(Debug)]
pub struct Scratch {
    info: ConnInfo,
    platform: Platform,
    major: u32,
    cluster: Cluster,
    gaps: Vec<Gap>,
    notes: Vec<String>,
    /// An open session tells other runs that the database is in use. Closed before the guard drops the database.
    _keeper: Client,
    _guard: guard::Guard,
}

impl Scratch {
    /// Makes a scratch database, and the platform in it. What a crashed run left is removed first.
    ///
    /// # Errors
    /// When the server is no place for it, cannot be reached, or does not let us make databases.
    pub async fn create(
        given: &GivenServer,
        platform: Platform,
        guard: Option<&std::path::Path>,
    ) -> Result<Self, ShadowError> {
        let env = Environment::from_process();
        let info = ConnInfo::resolve(Some(&given.url), None, &env).map_err(|e| named(&e))?.logging(&given.log);
        suits(&info)?;
        let login = connector::session(&info).await.map_err(|e| refused(&e.to_string(), e.help()))?;
        let major = version(&login).await?;
        stale::clean(&login).await;
        let cluster = Cluster::read(&login, &info.user).await?;
        may_make(platform, &cluster)?;
        shares_with_audited(&info, given, platform, &cluster)?;
        let name = format!("{PREFIX}{}", unique());
        takes_writes(&login).await?;
        let guard = guard::Guard::start(guard, &given.url, &name)?;
        given.log.remark(&format!(
            "in the end another process drops the database {name}, and the roles that were made for it"
        ));
        make(&login, &name).await?;
        let info = info.with_database(&name);
        let keeper = connector::session(&info).await.map_err(|e| refused(&e.to_string(), e.help()))?;
        // Only now, because one with the mark and without a session is taken for a crashed run's.
        mark(&login, &name).await?;
        drop(login);
        let made = bootstrap::run(&keeper, platform, major, &cluster).await?;
        Ok(Self { info, platform, major, cluster, gaps: made.gaps, notes: made.notes, _keeper: keeper, _guard: guard })
    }

    /// Where the database is; the role is the one that the URL names.
    #[must_use]
    pub fn info(&self) -> &ConnInfo {
        &self.info
    }

    /// What stands in it.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The server's major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// What of the platform could not be made.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What a user should know about how it came to be.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether a role may differ from that of a project: the server had it before, or it is the platform's superuser, as
    /// whom nobody shall log in here.
    #[must_use]
    pub fn has_otherwise(&self, role: &str) -> bool {
        self.cluster.was_there(role) || role == self.platform.superuser()
    }

    /// Whether the server had this role before.
    #[must_use]
    pub fn was_there(&self, role: &str) -> bool {
        self.cluster.was_there(role)
    }

    pub(super) async fn session(&self) -> Result<Client, ShadowError> {
        connector::session(&self.info).await.map_err(|e| refused(&e.to_string(), e.help()))
    }

    /// A session that may do everything, and whose objects belong to the platform.
    pub(super) async fn admin(&self) -> Result<Client, ShadowError> {
        let client = self.session().await?;
        if self.platform != Platform::Postgres && self.cluster.lends(self.platform.superuser()) {
            self.cluster.act_as(&client, self.platform.superuser()).await?;
        }
        Ok(client)
    }

    /// Has a session act as `postgres`, who owns what users of the platform make: what it makes is granted as there.
    pub(super) async fn enter(&self, client: &Client) -> Result<(), ShadowError> {
        if self.platform == Platform::Postgres {
            return Ok(());
        }
        self.cluster.act_as(client, "postgres").await?;
        let path = client.batch_execute("set search_path = \"$user\", public, extensions").await;
        path.map_err(|e| ShadowError::connection("cannot set the search path of the platform", &e))
    }
}

fn refused(message: &str, help: Option<String>) -> ShadowError {
    ShadowError::Start { message: format!("no scratch database on the given server: {message}"), help }
}

/// An error of the URL itself, under the option's own name.
fn named(error: &connector::ConnectError) -> ShadowError {
    refused(&error.to_string().replace("--db-url", "--shadow-url"), error.help())
}

/// A server of its own for tests is wanted; a hosted project is somebody's production, and a pooler is no server.
fn suits(info: &ConnInfo) -> Result<(), ShadowError> {
    let help = || Some("name a server for tests, such as one in a container, or leave out --shadow-url".to_owned());
    if let Some(pooler) = &info.pooler {
        return Err(refused(&format!("a transaction-mode pooler is no place for it ({pooler})"), help()));
    }
    let hosted = |host: &Host| match host {
        Host::Tcp { name, .. } => [".supabase.co", ".supabase.com"].iter().any(|end| name.ends_with(end)),
        Host::Socket(_) => false,
    };
    match info.endpoints.iter().any(|endpoint| hosted(&endpoint.host)) {
        true => Err(refused("it is a hosted Supabase project", help())),
        false => Ok(()),
    }
}

/// Only a superuser can make the platform: roles that bypass row security, and what belongs to others. Without it new
/// tables would be granted to nobody, and look safe.
fn may_make(platform: Platform, cluster: &Cluster) -> Result<(), ShadowError> {
    if platform == Platform::Postgres || cluster.is_superuser() {
        return Ok(());
    }
    Err(refused(
        &format!("the role `{}` is no superuser, and only one can make the Supabase platform there", cluster.login()),
        Some(
            "log in as a superuser (`supabase_admin` on a Supabase stack of your own), or leave out --shadow-url; with \
             --platform postgres, for files that need no platform, any role with CREATEDB will do"
                .to_owned(),
        ),
    ))
}

/// Roles are part of what is audited, so none are made on a server that is audited as well.
fn shares_with_audited(
    info: &ConnInfo,
    given: &GivenServer,
    platform: Platform,
    cluster: &Cluster,
) -> Result<(), ShadowError> {
    let place = |info: &ConnInfo| info.endpoints.iter().map(|e| (e.host.clone(), e.port)).collect::<Vec<_>>();
    let shared = given.audited.as_ref().is_some_and(|audited| place(audited).iter().any(|p| place(info).contains(p)));
    let missing = cluster.missing(platform);
    if !shared || missing.is_empty() {
        return Ok(());
    }
    Err(refused(
        &format!(
            "it is also the server that is audited, and these roles would have to be made there: {}",
            missing.join(", ")
        ),
        Some("name another server, or leave out --shadow-url".to_owned()),
    ))
}

async fn version(login: &Client) -> Result<u32, ShadowError> {
    let row = login.query_one("select current_setting('server_version_num')::int, pg_is_in_recovery()", &[]).await;
    let row = row.map_err(|e| ShadowError::connection("cannot ask the given server for its version", &e))?;
    let major = u32::try_from(row.get::<_, i32>(0) / 10_000).unwrap_or_default();
    match (super::SUPPORTED_MAJORS.contains(&major), row.get(1)) {
        (true, false) => Ok(major),
        (true, true) => Err(refused("it is a standby, which takes no writes", None)),
        (false, _) => {
            Err(refused(&format!("it is PostgreSQL {major}"), Some("use one of version 14 to 18".to_owned())))
        }
    }
}

/// What cannot be made need not be dropped either, so this is asked before anything is.
async fn takes_writes(login: &Client) -> Result<(), ShadowError> {
    let row = login.query_one("select current_setting('transaction_read_only')::bool", &[]).await;
    let row = row.map_err(|e| ShadowError::connection("cannot ask the given server whether it takes writes", &e))?;
    match row.get(0) {
        false => Ok(()),
        true => Err(refused(
            "its sessions are read-only",
            Some(
                "the setting default_transaction_read_only of the role, the database or the URL must be off".to_owned(),
            ),
        )),
    }
}

/// The database; from an empty template, so that nothing of the server's own comes with it.
async fn make(login: &Client, name: &str) -> Result<(), ShadowError> {
    let create = format!("create database {name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'");
    login.batch_execute(&create).await.map_err(|e| {
        let message = ShadowError::connection("the database could not be made", &e).to_string();
        refused(&message, Some("the role of --shadow-url needs the right CREATEDB".to_owned()))
    })
}

async fn mark(login: &Client, name: &str) -> Result<(), ShadowError> {
    let done = login.batch_execute(&format!("comment on database {name} is '{MARK}'")).await;
    done.map_err(|e| ShadowError::connection("cannot mark the scratch database", &e))
}

/// Letters and digits that no other run has.
fn unique() -> String {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}

/// The roles that a platform's first statements make.
fn platform_roles(platform: Platform, major: u32) -> BTreeSet<String> {
    let files = platform.bootstrap(major).unwrap_or_default();
    files
        .iter()
        .flat_map(|(_, sql)| crate::migrations::parse::parse_file(sql))
        .flat_map(|p| created(&p.statement))
        .collect()
}
