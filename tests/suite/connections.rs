//! Reaching real servers: how it succeeds, and that each way to fail ends in a clear error that says what to do.

mod certificates;
mod failures;
mod login;
mod pooler;
mod program;
mod tls;

use std::path::Path;
use std::sync::LazyLock;

use pgwitness::connector::{ConnInfo, ConnectError, Database, Environment, SessionOptions};
use pgwitness::shadow::{DataFile, Platform, Server, ServerOptions};

use crate::support;
use certificates::Authority;

/// The authority that signed the certificates of [`GUARDED`] and of its client.
static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

/// A server on a loopback port with TLS, where the role decides what is asked for.
static GUARDED: LazyLock<Server> = LazyLock::new(|| {
    let server = start(
        18,
        &[
            "hostssl all certified 127.0.0.1/32 cert",
            "hostssl all encrypted 127.0.0.1/32 trust",
            "hostnossl all unencrypted 127.0.0.1/32 trust",
            "host all encrypted,unencrypted,rejected 127.0.0.1/32 reject",
            "host all all 127.0.0.1/32 scram-sha-256",
        ],
        Some(&AUTHORITY.server(false)),
    );
    execute(
        &server,
        "create role certified login; create role encrypted login; create role unencrypted login;
         create role rejected login; create role crowded login connection limit 0 password 'right';
         create role scram login password 'right'; create role reader login password 'right';
         alter role reader set default_transaction_read_only = on",
    );
    server
});

/// A server on a loopback port without TLS that trusts everybody.
static OPEN: LazyLock<Server> = LazyLock::new(|| start(17, &["host all all 127.0.0.1/32 trust"], None));

/// Starts a server with these lines in `pg_hba.conf`, and TLS if there is a certificate and key for it.
fn start(major: u32, hba: &[&str], certificate: Option<&(String, String)>) -> Server {
    let mut options = ServerOptions {
        hba: hba.iter().map(|line| (*line).to_owned()).collect(),
        loopback_port: Some(0),
        ..support::options(Platform::Postgres)
    };
    if let Some((certificate, key)) = certificate {
        let file = |name: &str, text: &str| DataFile { name: name.to_owned(), contents: text.into(), mode: 0o600 };
        options.files =
            vec![file("server.crt", certificate), file("server.key", key), file("clients.crt", &AUTHORITY.certificate)];
        options.settings =
            vec![("ssl".to_owned(), "on".to_owned()), ("ssl_ca_file".to_owned(), "clients.crt".to_owned())];
    }
    support::server_with(major, options)
}

fn execute(server: &Server, sql: &str) {
    let client = support::connect(server, server.superuser(), "postgres");
    support::block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
}

/// A connection string to the database `postgres` of a server's loopback port.
fn at(server: &Server, more: &str) -> String {
    format!("host=localhost hostaddr=127.0.0.1 port={} dbname=postgres {more}", server.port())
}

/// An environment with nothing in it but perhaps a home directory.
fn environment(home: Option<&Path>) -> Environment {
    Environment::new::<&str, &str>([], home, Some("nobody"))
}

fn open(text: &str) -> Result<Database, ConnectError> {
    open_in(text, &environment(None), &SessionOptions::default())
}

fn open_in(text: &str, env: &Environment, options: &SessionOptions) -> Result<Database, ConnectError> {
    let info = ConnInfo::resolve(Some(text), None, env)?;
    support::block_on(Database::open(&info, options))
}

/// The error of a connection that must not succeed, with its help line.
fn refused(text: &str) -> ConnectError {
    let error = open(text).err().unwrap_or_else(|| panic!("connected with `{text}`"));
    assert!(error.help().is_some(), "no help for: {error}");
    error
}

/// One value, as text, from a read-only snapshot.
fn value(database: &Database, sql: &str) -> String {
    support::block_on(database.read_only(async |client| text(client, sql).await)).unwrap()
}

async fn text(client: &tokio_postgres::Client, sql: &str) -> Result<String, ConnectError> {
    let row = client.query_typed(&format!("select ({sql})::text"), &[]).await;
    Ok(row.map_err(|source| ConnectError::query("asking", source))?[0].get(0))
}
