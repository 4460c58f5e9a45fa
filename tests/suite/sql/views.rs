//! The columns of views over many expressions: what we say and what the server makes of the same text.

use crate::support::{MAJORS, TestDatabase, block_on, database, explain};
use pgwitness::connector::introspect::introspect;
use pgwitness::model::{QualifiedName, Schema};
use pgwitness::shadow::Platform;
use pgwitness::sql::bind::{Binder, Scope};
use pgwitness::sql::print::{self, Names, Outside};
use pgwitness::sql::tree::{Body, Query};
use pgwitness::sql::{Key, SchemaCatalog};

pub(super) const SCHEMA: &str = include_str!("schema.sql");
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

/// What the server makes of a query: the names that it gives to columns, and a view over it.
struct Theirs {
    names: Vec<String>,
    types: Vec<String>,
    definition: String,
}

fn theirs(database: &TestDatabase, query: &str) -> Result<Theirs, String> {
    let client = &database.client;
    let prepared = block_on(client.prepare(query)).map_err(|e| explain(&e))?;
    let names: Vec<String> = prepared.columns().iter().map(|c| c.name().to_owned()).collect();
    // The columns of a view need names unlike each other.
    let list: Vec<_> = (1..=names.len()).map(|n| format!("c{n}")).collect();
    block_on(client.batch_execute(&format!("create view probe ({}) as {query}", list.join(", "))))
        .map_err(|e| explain(&e))?;
    database.execute("set search_path = pg_catalog, pg_temp");
    let columns = "select format_type(atttypid, atttypmod) from pg_attribute \
                   where attrelid = 'public.probe'::regclass and attnum > 0 order by attnum";
    let types = block_on(client.query(columns, &[])).unwrap().iter().map(|r| r.get(0)).collect();
    let definition = block_on(client.query_one("select pg_get_viewdef('public.probe'::regclass)", &[])).unwrap().get(0);
    database.execute("reset search_path; drop view probe");
    Ok(Theirs { names, types, definition })
}

/// The tree with its columns named as those of the view.
pub(super) fn numbered(mut query: Query) -> Query {
    match &mut query.body {
        Body::Select(select) => {
            for (target, number) in select.targets.iter_mut().zip(1..) {
                target.name = format!("c{number}");
            }
        }
        Body::Set { .. } => {
            for (column, number) in query.columns.iter_mut().zip(1..) {
                column.name = format!("c{number}");
            }
        }
        Body::Values(_) => {}
    }
    query
}

/// The names at binding, printed as a major prints them.
struct Of(u32);

impl Names for Of {
    fn relation(&self, _key: Key) -> Option<QualifiedName> {
        None
    }

    fn column(&self, _relation: Key, _column: Key) -> Option<String> {
        None
    }

    fn function(&self, _key: Key) -> Option<QualifiedName> {
        None
    }

    fn data_type(&self, _name: &QualifiedName) -> Option<QualifiedName> {
        None
    }

    fn major(&self) -> u32 {
        self.0
    }
}

/// Compares all queries on one major; returns how many, how many definitions were the same text, and what differs.
fn compare(major: u32) -> (u32, u32, Vec<String>, Vec<String>) {
    let database = database(major, Platform::Postgres, SCHEMA);
    let schema = read(&database);
    let (catalog, path) = (SchemaCatalog::new(&schema), ["public".to_owned()]);
    let binder = Binder::new(&catalog, &path);
    let (mut compared, mut same, mut wrong, mut other) = (0, 0, Vec::new(), Vec::new());
    for query in queries() {
        compared += 1;
        match (theirs(&database, query), binder.query(query, &Scope::default())) {
            (Ok(theirs), Ok(ours)) => {
                let names: Vec<_> = ours.tree.columns.iter().map(|c| c.name.clone()).collect();
                let types: Vec<_> = ours.tree.columns.iter().map(|c| c.data_type.to_string()).collect();
                if (&theirs.names, &theirs.types) != (&names, &types) {
                    let pairs = |n: &[String], t: &[String]| {
                        n.iter().zip(t).map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>()
                    };
                    let (t, o) = (pairs(&theirs.names, &theirs.types), pairs(&names, &types));
                    let differ: Vec<_> = t.iter().zip(&o).filter(|(t, o)| t != o).collect();
                    wrong.push(format!("{major}: {query}\n  {differ:?}"));
                }
                let printed = print::query(&numbered(ours.tree), &Outside::default(), &Of(major));
                if printed == theirs.definition {
                    same += 1;
                } else {
                    let differ = printed.lines().zip(theirs.definition.lines()).find(|(o, t)| o != t);
                    other.push(format!("{major}: {query}\n  ours, server {differ:#?}"));
                }
            }
            (Err(_), Err(_)) => same += 1,
            (theirs, ours) => wrong.push(format!(
                "{major}: {query}\n  server {:?}\n  ours   {:?}",
                theirs.map(|t| t.types),
                ours.map(|o| o.tree.columns)
            )),
        }
    }
    (compared, same, wrong, other)
}

#[test]
fn columns_and_definitions_equal_those_of_the_server() {
    let mut all = Vec::new();
    for major in MAJORS {
        let (compared, same, wrong, other) = compare(major);
        eprintln!("{major}: {compared} queries, {same} definitions are the same text");
        assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
        all.extend(other);
    }
    // Constants whose canonical form we don't know, merged columns, and such; their number must not grow.
    assert!(all.len() <= 5 * 13, "{} are printed otherwise:\n{}", all.len(), all.join("\n"));
}
