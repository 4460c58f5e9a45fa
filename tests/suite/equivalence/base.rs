//! The model that everything starts from.

use crate::support::{MAJORS, block_on, connect, shared};
use pgwitness::connector::introspect::introspect;
use pgwitness::migrations::base;
use pgwitness::shadow::Platform;

#[test]
fn an_empty_database_is_known_without_a_server() {
    for major in MAJORS {
        let server = shared(major, Platform::Postgres);
        let client = connect(&server, "postgres", "template1");
        block_on(client.batch_execute("begin isolation level repeatable read read only")).unwrap();
        let mut schema = block_on(introspect(&client)).unwrap_or_else(|e| panic!("{e}"));
        // Other tests make roles of their own.
        let built_in = |name: &str| name.starts_with("pg_") || name == "postgres";
        schema.roles.retain(|role| built_in(&role.name));
        schema.memberships.retain(|m| built_in(&m.role) && built_in(&m.member));
        schema.settings.clear();
        let mut known = base::empty(major, "postgres", "template1");
        known.server = schema.server.clone();
        known.database.acl = schema.database.acl.clone();
        assert_eq!(known, schema, "{major}");
    }
}
