//! The rules of row security that pgwitness stands on, each shown by a real server of every major and then asked of
//! the effective-access analysis. The numbers are those of the project's list of semantics.

mod commands;
mod doors;
mod principals;

use pgwitness::analyzer::effective::{Effective, Extent};
use pgwitness::connector::introspect::introspect;
use pgwitness::model::{Command, QualifiedName, Relation, Schema};
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::{self, MAJORS, block_on};

/// A server of the test's own, with a session as its superuser.
struct Lab {
    _server: Server,
    client: Client,
    major: u32,
}

impl Lab {
    fn new(major: u32, platform: Platform, sql: &str) -> Self {
        let server = support::server(major, platform);
        let client = support::connect(&server, server.superuser(), "postgres");
        let lab = Self { _server: server, client, major };
        lab.execute(sql);
        lab
    }

    fn execute(&self, sql: &str) {
        block_on(self.client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
    }

    /// The rows returned or affected by the last of `sql`'s statements, run as `role` and rolled back; or the SQLSTATE.
    fn rows(&self, role: &str, sql: &str) -> Result<u64, String> {
        let result = block_on(self.client.simple_query(&format!("begin; set local role {role}; {sql}")));
        block_on(self.client.batch_execute("rollback")).unwrap();
        let messages = result.map_err(|e| e.code().map_or_else(|| e.to_string(), |c| c.code().to_owned()))?;
        Ok(messages
            .iter()
            .rev()
            .find_map(|m| match m {
                SimpleQueryMessage::CommandComplete(n) => Some(*n),
                _ => None,
            })
            .unwrap())
    }

    /// The first value of the last row.
    fn value(&self, sql: &str) -> Option<String> {
        let messages = block_on(self.client.simple_query(sql)).unwrap_or_else(|e| panic!("{}", support::explain(&e)));
        messages.iter().rev().find_map(|m| match m {
            SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
            _ => None,
        })?
    }

    fn schema(&self) -> Schema {
        block_on(async {
            self.client
                .batch_execute("begin isolation level repeatable read read only; set local search_path = ''")
                .await
                .unwrap();
            let schema = introspect(&self.client).await.unwrap();
            self.client.batch_execute("rollback").await.unwrap();
            schema
        })
    }
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a Relation {
    schema.relation(&QualifiedName::new("public", name)).unwrap()
}

fn extent(effective: &Effective<'_>, role: &str, name: &str, command: Command) -> Extent {
    effective.access(role, table(effective.schema(), name), command).extent
}

/// Runs a test on every major at once.
fn on_all(platform: Platform, sql: &str, test: fn(&Lab)) {
    std::thread::scope(|scope| {
        for major in MAJORS {
            scope.spawn(move || test(&Lab::new(major, platform, sql)));
        }
    });
}

const REFUSED: Result<u64, &str> = Err("42501");

fn check(lab: &Lab, role: &str, sql: &str, expected: Result<u64, &str>) {
    let got = lab.rows(role, sql);
    assert_eq!(got.as_ref().map(|n| *n).map_err(String::as_str), expected, "postgres {}: {role}: {sql}", lab.major);
}
