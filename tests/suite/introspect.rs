//! Reading the catalogs of real servers of every major version into the model.

mod fields;
mod hostile;
mod objects;
mod privileges;
mod snapshot;

use std::sync::OnceLock;

use pgwitness::connector::introspect::introspect;
use pgwitness::model::{Acl, Grantee, Relation, Schema};
use pgwitness::shadow::{Platform, Server};
use tokio_postgres::Client;

use crate::support::{MAJORS, block_on, connect, explain, server};

const RICH: &str = include_str!("introspect/rich.sql");
const SINCE_15: &str = include_str!("introspect/since_15.sql");
const SINCE_16: &str = include_str!("introspect/since_16.sql");
const SINCE_18: &str = include_str!("introspect/since_18.sql");

/// Runs statements and fails the test on an error.
fn execute(client: &Client, sql: &str) {
    block_on(client.batch_execute(sql)).unwrap_or_else(|e| panic!("{}", explain(&e)));
}

/// A session in a new database, as the superuser.
fn fresh(server: &Server, name: &str, options: &str) -> Client {
    let admin = connect(server, server.superuser(), "template1");
    execute(&admin, &format!("create database {name} template template0 {options}"));
    connect(server, server.superuser(), name)
}

/// What the program sees in a snapshot of its own.
fn read(client: &Client) -> Schema {
    execute(client, "begin isolation level repeatable read read only");
    let schema = block_on(introspect(client)).unwrap_or_else(|e| panic!("{e}"));
    // Not aborted, whatever was refused.
    execute(client, "select 1; commit");
    schema
}

/// A server of `major` with the database `rich`, and what was read of it. All tests here share it.
fn rich(major: u32) -> &'static (Server, Schema) {
    static RICHES: [OnceLock<(Server, Schema)>; MAJORS.len()] = [const { OnceLock::new() }; MAJORS.len()];
    let place = MAJORS.iter().zip(&RICHES).find(|(supported, _)| **supported == major);
    let (_, rich) = place.unwrap_or_else(|| panic!("{major} is not supported"));
    rich.get_or_init(|| {
        let server = server(major, Platform::Postgres);
        let client = fresh(&server, "rich", "");
        for (since, sql) in [(14, RICH), (15, SINCE_15), (16, SINCE_16), (18, SINCE_18)] {
            if major >= since {
                execute(&client, sql);
            }
        }
        let schema = read(&client);
        (server, schema)
    })
}

/// Runs `test` on what was read of `rich` on every major version.
fn on_every_major(test: impl Fn(u32, &Schema)) {
    for major in MAJORS {
        test(major, &rich(major).1);
    }
}

fn relation<'a>(schema: &'a Schema, name: &str) -> &'a Relation {
    let found = schema.relations.iter().find(|r| r.name.schema == "app" && r.name.name == name);
    found.unwrap_or_else(|| panic!("no relation {name}"))
}

/// An ACL as one line: `grantee=PRIVILEGES` with `*` where they may be passed on.
fn acl(acl: &Acl) -> String {
    let item = |grant: &pgwitness::model::Grant| {
        let grantee = match &grant.grantee {
            Grantee::Public => "PUBLIC",
            Grantee::Role(name) => name,
        };
        let star = |p| if grant.grantable.contains(p) { "*" } else { "" };
        let privileges: Vec<String> = grant.privileges.iter().map(|p| format!("{p}{}", star(p))).collect();
        format!("{grantee}={} by {}", privileges.join(","), grant.grantor)
    };
    acl.0.iter().map(item).collect::<Vec<_>>().join("; ")
}
