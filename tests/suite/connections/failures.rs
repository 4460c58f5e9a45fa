//! Servers that are not there, stay silent, refuse, or die; and transactions that are left open.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use pgwitness::connector::{Cause, ConnectError, Database, SessionOptions};
use pgwitness::shadow::Platform;

use super::{GUARDED, OPEN, at, environment, open, open_in, refused, text, value};
use crate::support;

/// A port of this machine where nothing listens.
pub(super) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A database with a single connection and these time limits.
fn one_session(statement_timeout: Duration) -> Database {
    let options = SessionOptions { pool_size: 1, statement_timeout, ..SessionOptions::default() };
    open_in(&at(&OPEN, "user=postgres"), &environment(None), &options).unwrap()
}

#[test]
fn nobody_listens() {
    let port = closed_port();
    let error = refused(&format!("postgresql://me@127.0.0.1:{port}/app"));
    assert_eq!(error.cause(), Some(Cause::Refused));
    let start = format!("cannot connect to `me@127.0.0.1:{port}/app`: Connection refused");
    assert!(error.to_string().starts_with(&start), "{error}");
    assert_eq!(refused("host=/nonexistent user=me").cause(), Some(Cause::Refused));
    let both = refused(&format!("postgresql://me@127.0.0.1:{port},127.0.0.1:{port}/app"));
    assert!(matches!(&both, ConnectError::Several { failures } if failures.len() == 2), "{both}");
}

#[test]
fn the_host_is_unknown() {
    let error = refused("postgresql://me@no-such-host.invalid/app");
    assert!(error.to_string().starts_with("cannot find the host `no-such-host.invalid`: "), "{error}");
}

#[test]
fn a_silent_server_runs_into_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let started = Instant::now();
    let error = refused(&format!("postgresql://me@127.0.0.1:{port}/app?connect_timeout=1"));
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(error.to_string(), format!("cannot connect to `me@127.0.0.1:{port}/app`: no answer within 1 s"));
}

#[test]
fn the_server_says_no() {
    let missing = refused(&at(&OPEN, "user=postgres").replace("dbname=postgres", "dbname=absent"));
    assert_eq!((missing.cause(), missing.sqlstate()), (Some(Cause::NoDatabase), Some("3D000")));
    let crowded = refused(&at(&GUARDED, "user=crowded password=right"));
    assert_eq!((crowded.cause(), crowded.sqlstate()), (Some(Cause::TooManyConnections), Some("53300")));
}

#[test]
fn a_statement_that_takes_too_long() {
    let database = one_session(Duration::from_millis(100));
    let sleep = support::block_on(database.read_only(async |client| text(client, "select pg_sleep(20)").await));
    let error = sleep.unwrap_err();
    assert_eq!((error.cause(), error.sqlstate()), (Some(Cause::StatementTimeout), Some("57014")));
    assert!(error.help().unwrap().contains("timeout"));
    assert_eq!(value(&database, "select 1"), "1");
}

#[test]
fn a_server_that_dies_in_the_middle() {
    let server = support::server(15, Platform::Postgres);
    let database = open(&server.conn_string("postgres")).unwrap();
    let error = support::block_on(async {
        let work = database.read_only(async |client| text(client, "select pg_sleep(20)").await);
        let killer = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            server.kill();
        };
        tokio::join!(work, killer).0
    });
    let error = error.unwrap_err();
    assert_eq!(error.cause(), Some(Cause::Lost), "{error}");
    assert!(error.to_string().starts_with("asking: the connection was lost: "), "{error}");
    assert!(error.help().is_some());
}

#[test]
fn a_session_that_is_terminated() {
    let database = one_session(Duration::from_secs(30));
    let error = support::block_on(
        database.read_only(async |client| text(client, "select pg_terminate_backend(pg_backend_pid())").await),
    );
    let error = error.unwrap_err();
    assert_eq!((error.cause(), error.sqlstate()), (Some(Cause::Lost), Some("57P01")));
    // The pool notices and connects anew.
    assert_eq!(value(&database, "select 1"), "1");
}

#[test]
fn an_abandoned_snapshot_is_rolled_back() {
    let database = one_session(Duration::from_secs(30));
    support::block_on(async {
        let work = database.read_only(async |client| text(client, "select pg_sleep(0.5)").await);
        assert!(tokio::time::timeout(Duration::from_millis(200), work).await.is_err());
        let client = database.client().await.unwrap();
        assert_eq!(text(&client, "select current_setting('transaction_read_only')").await.unwrap(), "off");
    });
}

#[test]
fn a_transaction_left_open_does_not_reach_the_next_user() {
    let database = one_session(Duration::from_secs(30));
    support::block_on(async {
        let client = database.client().await.unwrap();
        assert!(client.simple_query("BEGIN; SET LOCAL geqo = off; SELECT 1 / 0; ROLLBACK").await.is_err());
        drop(client);
        let client = database.client().await.unwrap();
        assert_eq!(text(&client, "select current_setting('geqo')").await.unwrap(), "on");
    });
}
