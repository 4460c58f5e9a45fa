//! The columns of views over many expressions: what we say and what the server makes of the same text.

use crate::support::{MAJORS, TestDatabase, block_on, database, explain};
use pgwitness::connector::introspect::introspect;
use pgwitness::model::Schema;
use pgwitness::shadow::Platform;
use pgwitness::sql::SchemaCatalog;
use pgwitness::sql::bind::{Binder, Scope};

const SCHEMA: &str = include_str!("schema.sql");
const QUERIES: &str = include_str!("queries.sql");

pub(super) fn read(database: &TestDatabase) -> Schema {
    database.execute("begin isolation level repeatable read read only");
    let schema = block_on(introspect(&database.client)).unwrap();
    database.execute("commit");
    schema
}

/// One query each, `--` comments and empty lines left out.
pub(super) fn queries() -> impl Iterator<Item = &'static str> {
    QUERIES
        .split(";\n")
        .map(|q| q.lines().filter(|l| !l.starts_with("--")).collect::<Vec<_>>().join("\n").leak() as &str)
        .map(str::trim)
        .filter(|q| !q.is_empty())
}

/// Names and types of a view's columns, or the server's refusal.
fn theirs(database: &TestDatabase, query: &str) -> Result<Vec<(String, String)>, String> {
    let create = format!("create view probe as {query}");
    if let Err(error) = block_on(database.client.batch_execute(&create)) {
        return Err(explain(&error));
    }
    let columns = "select attname::text, format_type(atttypid, atttypmod) from pg_attribute \
                   where attrelid = 'probe'::regclass and attnum > 0 order by attnum";
    database.execute("set search_path = pg_catalog, pg_temp");
    let columns = columns.replace("'probe'", "'public.probe'");
    let rows = block_on(database.client.query(&columns, &[])).unwrap();
    database.execute("reset search_path; drop view probe");
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}

#[test]
fn columns_equal_those_of_the_server() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for major in MAJORS {
        let database = database(major, Platform::Postgres, SCHEMA);
        let schema = read(&database);
        let (catalog, path) = (SchemaCatalog::new(&schema), ["public".to_owned()]);
        let binder = Binder::new(&catalog, &path);
        for query in queries() {
            let ours = binder
                .query(query, &Scope::default())
                .map(|b| b.tree.columns.into_iter().map(|c| (c.name, c.data_type.to_string())).collect::<Vec<_>>());
            compared += 1;
            match (theirs(&database, query), ours) {
                (Ok(theirs), Ok(ours)) if theirs == ours => {}
                (Err(_), Err(_)) => {}
                (theirs, ours) => wrong.push(format!("{major}: {query}\n  server {theirs:?}\n  ours   {ours:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
}
