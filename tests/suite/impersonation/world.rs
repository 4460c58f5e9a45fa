//! A server with a small Supabase-like application, and a run of the tester on it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::support::{self, block_on, explain};
use pgwitness::analyzer::effective::Effective;
use pgwitness::connector::ConnInfo;
use pgwitness::connector::introspect::introspect;
use pgwitness::impersonation::{self, Options, Tested};
use pgwitness::model::{QualifiedName, Schema};
use pgwitness::report::ProbeOutcome;
use pgwitness::shadow::{Platform, Server};
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Client;

/// The roles of the platform and the function that policies ask for the user.
const PLATFORM: &str = r#"
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
    create role authenticator login noinherit;
    grant anon, authenticated, service_role to authenticator;
    create schema auth;
    grant usage on schema auth to anon, authenticated;
    create function auth.uid() returns uuid language sql stable as
        $$ select (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid $$;
"#;

/// A server of the test's own.
pub(super) struct World {
    server: Server,
    pub(super) client: Client,
}

impl World {
    /// The platform, and `sql` run by the superuser `postgres`.
    pub(super) fn new(major: u32, sql: &str) -> Self {
        let server = support::server(major, Platform::Postgres);
        let client = support::connect(&server, "postgres", "postgres");
        let world = Self { server, client };
        world.execute(PLATFORM);
        world.execute(sql);
        world
    }

    pub(super) fn execute(&self, sql: &str) {
        block_on(self.client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", explain(&e)));
    }

    pub(super) fn connect_as(&self, role: &str) -> Client {
        support::connect(&self.server, role, "postgres")
    }

    /// The way in for the connector.
    pub(super) fn info(&self, role: &str) -> ConnInfo {
        ConnInfo::for_socket(self.server.socket_dir(), self.server.port(), role, "postgres")
    }

    pub(super) fn connect_to(&self, database: &str) -> Client {
        support::connect(&self.server, "postgres", database)
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.server.log_file()
    }

    /// One text value.
    pub(super) fn ask(&self, sql: &str) -> String {
        block_on(self.client.query_one(sql, &[])).unwrap_or_else(|e| panic!("{}", explain(&e))).get(0)
    }

    /// The same in a session of its own; the server may just be coming up again.
    pub(super) fn again(&self, sql: &str) -> String {
        for _ in 0..400 {
            if let Some(text) = block_on(self.try_ask(sql)) {
                return text;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the server does not answer: {sql}")
    }

    /// The same, once; `None` while the server is down.
    pub(super) async fn try_ask(&self, sql: &str) -> Option<String> {
        let config = self.server.config("postgres", "postgres");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.ok()?;
        let connection = tokio::spawn(connection);
        let row = client.query_one(sql, &[]).await.ok();
        drop(client);
        connection.abort();
        row?.try_get(0).ok()
    }

    pub(super) fn schema(&self) -> Schema {
        schema_of(&self.client)
    }

    /// Reads the model and runs the tester as `postgres`.
    pub(super) fn test(&self) -> Tested {
        test_with(&[&self.client], &self.schema(), &options())
    }
}

pub(super) fn options() -> Options {
    Options { statement_timeout: Duration::from_millis(300), ..Options::default() }
}

pub(super) fn schema_of(client: &Client) -> Schema {
    block_on(async {
        client.batch_execute("begin isolation level repeatable read, read only").await.unwrap();
        let schema = introspect(client).await.unwrap_or_else(|e| panic!("{e}"));
        client.batch_execute("rollback").await.unwrap();
        schema
    })
}

pub(super) fn test_with(clients: &[&Client], schema: &Schema, options: &Options) -> Tested {
    let effective = Effective::new(schema, None);
    block_on(impersonation::run_on(clients, &effective, options, &|_| ())).unwrap_or_else(|e| panic!("{e}"))
}

/// What came of reading `relation` (of `public` unless it says) as a persona.
pub(super) fn outcome(tested: &Tested, persona: &str, relation: &str) -> ProbeOutcome {
    let (schema, name) = relation.split_once('.').unwrap_or(("public", relation));
    let name = QualifiedName::new(schema, name);
    let probe = tested.probes.iter().find(|p| p.persona == persona && p.relation == name);
    probe.unwrap_or_else(|| panic!("{name} was not read as {persona}")).outcome.clone()
}

pub(super) fn seen(rows: u32) -> ProbeOutcome {
    ProbeOutcome::Seen { rows, at_least: false }
}

/// The SQLSTATE and message of an outcome that is an error.
pub(super) fn error(outcome: &ProbeOutcome) -> (&str, &str) {
    match outcome {
        ProbeOutcome::Error { sqlstate, message } => (sqlstate, message),
        other => panic!("not an error: {other:?}"),
    }
}
