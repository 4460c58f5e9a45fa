//! The server, its settings that access control depends on, and the database.

use std::collections::BTreeSet;

use tokio_postgres::Row;

use super::batch::Batch;
use super::context::Context;
use super::query::Query;
use super::record::Record;
use crate::connector::ConnectError;
use crate::model::{Database, Platform, Server, ServerSetting};

/// Asked before all others, and always answered.
pub(super) const QUERY: Query = Query::new("facts about the server", include_str!("server.sql"));
pub(super) const DATABASE: Query = Query::new("databases", include_str!("database.sql"));
pub(super) const SETTINGS: Query = Query::new("settings of the server", include_str!("server_settings.sql"));

/// The major versions whose catalogs are known.
const OLDEST: u32 = 14;
const NEWEST: u32 = 18;

/// Settings that every server has and shows to superusers and `pg_read_all_settings` only.
const GUARDED: [&str; 2] = ["session_preload_libraries", "shared_preload_libraries"];

/// The major version, if it is not too old to read.
pub(super) fn supported_major(facts: &Row) -> Result<u32, ConnectError> {
    let context = Context::default();
    let record = Record::new(facts, QUERY.what, &context);
    let major = version_num(&record)? / 10_000;
    if major < OLDEST { Err(ConnectError::OldServer { version: record.text("version")? }) } else { Ok(major) }
}

/// The catalogs that we may not read, of those that we would.
pub(super) fn unreadable(facts: &Row) -> Result<BTreeSet<String>, ConnectError> {
    let context = Context::default();
    Ok(Record::new(facts, QUERY.what, &context).texts("unreadable")?.into_iter().collect())
}

fn version_num(record: &Record<'_>) -> Result<u32, ConnectError> {
    Ok(record.text("version_num")?.parse().unwrap_or_default())
}

/// The server, and the name of the database. The platform is recognised when everything else is read.
pub(super) fn read(batch: &Batch, context: &Context) -> Result<(Server, String), ConnectError> {
    let record = Record::new(&batch.facts, QUERY.what, context);
    let server = Server {
        version_num: version_num(&record)?,
        version: record.text("version")?,
        current_user: record.text("current_user")?,
        encoding: record.text("encoding")?,
        platform: Platform::Postgres,
        throw_away: false,
    };
    if server.major() > NEWEST {
        let what = format!(
            "PostgreSQL {} is newer than this pgwitness, which knows {NEWEST}: what is new in it was not read",
            server.version
        );
        context.gap(what, true);
    }
    Ok((server, record.text("database")?))
}

/// The database's owner and grants; without owner and grants when `pg_database` may not be read.
pub(super) fn database(batch: &Batch, context: &Context, name: String) -> Result<Database, ConnectError> {
    let databases = batch.read(&DATABASE, context, |record| {
        Ok(Database { name: record.text("name")?, owner: record.role("owner")?, acl: record.acl()? })
    })?;
    let unknown = || Database { name, owner: String::new(), acl: crate::model::Acl::default() };
    Ok(databases.into_iter().next().unwrap_or_else(unknown))
}

/// Settings of the server; those that we may not see are a gap.
pub(super) fn settings(batch: &Batch, context: &Context) -> Result<Vec<ServerSetting>, ConnectError> {
    let settings = batch.read(&SETTINGS, context, |record| {
        Ok(ServerSetting { name: record.text("name")?, value: record.maybe_text("value")?.unwrap_or_default() })
    })?;
    let hidden: Vec<&str> = GUARDED.into_iter().filter(|name| !settings.iter().any(|s| s.name == *name)).collect();
    if batch.has(&SETTINGS) && !hidden.is_empty() {
        let what = format!(
            "the server does not show {} to this role, so libraries that change access control are not known; grant \
             it pg_read_all_settings",
            hidden.join(" and ")
        );
        context.gap(what, false);
    }
    Ok(settings)
}
