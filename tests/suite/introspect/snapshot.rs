//! One state of the database, a fixed number of queries, and what happens when objects go under our eyes.

use pgwitness::connector::introspect::{self, introspect};
use pgwitness::connector::{ConnInfo, Database, Environment, SessionOptions};
use pgwitness::model::{QualifiedName, Schema};
use pgwitness::shadow::{Platform, Server};

use super::{RICH, execute, fresh, read, rich};
use crate::support::{MAJORS, block_on, connect, server};

#[test]
fn an_empty_database_is_an_empty_model() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let schema = read(&fresh(server, "empty", ""));
        assert!(schema.relations.is_empty() && schema.functions.is_empty() && schema.types.is_empty(), "{major}");
        assert!(schema.policies_count() == 0 && schema.publications.is_empty() && schema.large_objects.is_empty());
        let names: Vec<&str> = schema.namespaces.iter().map(|n| n.name.as_str()).collect();
        assert_eq!(names, ["information_schema", "pg_catalog", "public"]);
        assert_eq!(schema.gaps, []);
    }
}

trait Counts {
    fn policies_count(&self) -> usize;
}

impl Counts for Schema {
    fn policies_count(&self) -> usize {
        self.relations.iter().map(|r| r.policies.len()).sum()
    }
}

/// The session's own settings do not change what is read, and the transaction's go with it.
#[test]
fn settings_of_the_session_do_not_matter() {
    for major in MAJORS {
        let (server, expected) = rich(major);
        let client = connect(server, server.superuser(), "rich");
        execute(
            &client,
            "set quote_all_identifiers = on; set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601';
             set search_path = app, ext, public; set standard_conforming_strings = off; set bytea_output = 'escape';
             create temporary table text (a int)",
        );
        let mut schema = read(&client);
        // Other tests make roles meanwhile.
        schema.roles = expected.roles.clone();
        assert!(schema == *expected, "{major}");
        let style = block_on(client.query_one("show datestyle", &[])).unwrap();
        assert_eq!(style.get::<_, String>(0), "SQL, DMY");
    }
}

/// The way the program goes: through its own session.
#[test]
fn a_session_of_the_program_reads_the_same() {
    for major in MAJORS {
        let (server, expected) = rich(major);
        let url = server.conn_string_as(server.superuser(), "rich");
        let schema = block_on(async {
            let info = ConnInfo::resolve(Some(&url), None, &Environment::default()).unwrap();
            let database = Database::open(&info, &SessionOptions::default()).await.unwrap();
            introspect::read(&database).await.unwrap_or_else(|e| panic!("{e}"))
        });
        assert!(schema.relations == expected.relations && schema.gaps == expected.gaps, "{major}");
    }
}

/// Counted by the server, which logs each.
#[test]
fn the_number_of_queries_is_fixed() {
    let server = server(MAJORS[MAJORS.len() - 1], Platform::Postgres);
    let statements = |client: &tokio_postgres::Client| {
        execute(client, "set log_statement = 'all'");
        let log = || std::fs::read_to_string(server.log_file()).unwrap().matches("execute <unnamed>: ").count();
        let before = log();
        read(client);
        log() - before
    };
    let empty = statements(&fresh(&server, "empty", ""));
    let client = fresh(&server, "rich", "");
    execute(&client, RICH);
    execute(
        &client,
        "do $$ begin for i in 1..300 loop execute format('create table app.t%s (id int primary key)', i); end loop; end $$",
    );
    assert_eq!((empty, statements(&client)), (38, 38));
}

/// Another session drops everything after the snapshot was taken: catalogs still list it, but the server cannot print
/// it any more.
#[test]
fn objects_dropped_after_the_snapshot_are_gaps() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let client = fresh(server, "vanishing", "");
        execute(
            &client,
            "create table public.kept (id int);
             create table public.t (id int default 7 primary key check (id > 0), other int);
             create unique index part on public.t (id) where other is null;
             alter table public.t enable row level security;
             create policy p on public.t using (id > 0) with check (id > 1);
             create view public.v as select id from public.t;
             create function public.f() returns trigger language plpgsql as 'begin end';
             create function public.g(a int default 1) returns int begin atomic select a; end;
             create trigger tr before insert on public.t for each row execute function public.f();
             create rule ru as on delete to public.t do instead nothing;
             create domain public.d as int check (value > 0);",
        );
        let other = connect(server, server.superuser(), "vanishing");
        execute(&client, "begin isolation level repeatable read read only; select 1 from pg_catalog.pg_class limit 1");
        drop_all(&other);
        let schema = block_on(introspect(&client)).unwrap_or_else(|e| panic!("{major}: {e}"));
        execute(&client, "commit");
        let t = schema.relation(&QualifiedName::new("public", "t")).unwrap();
        // Empty, not absent: a policy without a USING clause would be another policy.
        assert_eq!((t.policies[0].using.as_deref(), t.policies[0].check.as_deref()), (Some(""), Some("")), "{major}");
        assert!(t.indexes.iter().all(|i| i.name != "part" || i.predicate.as_deref() == Some("")));
        for part in [
            "`p` (policies)",
            "`public.v` (views)",
            "`part` (indexes)",
            "`t_id_check` (constraints)",
            "`g` (functions)",
        ] {
            let told =
                schema.gaps.iter().any(|g| g.access_control && g.what.contains(part) && g.what.contains("run again"));
            assert!(told, "{major} {part}: {:?}", schema.gaps);
        }
        let again = read(&client);
        assert_eq!((again.relations.len(), again.gaps.len()), (1, 0));
    }
}

fn drop_all(other: &tokio_postgres::Client) {
    execute(other, "drop table public.t cascade; drop function public.f(), public.g(int); drop domain public.d");
}

/// A view that was changed and whose old table is gone cannot be printed, and the server ends the transaction: an error
/// with a code by which [`introspect::read`] knows to try once more.
#[test]
fn what_cannot_be_printed_is_an_error_with_its_code() {
    for major in MAJORS {
        let (server, _) = rich(major);
        let client = fresh(server, "changing", "");
        execute(
            &client,
            "create table public.old (id int); create table public.new (id int); create view public.v as select id from public.old",
        );
        execute(&client, "begin isolation level repeatable read read only; select 1 from pg_catalog.pg_class limit 1");
        let other = connect(server, server.superuser(), "changing");
        execute(&other, "create or replace view public.v as select id from public.new; drop table public.old");
        let error = block_on(introspect(&client)).unwrap_err();
        assert_eq!(error.sqlstate(), Some("XX000"), "{major}: {error}");
        assert!(error.to_string().starts_with("reading the views: "), "{error}");
        execute(&client, "rollback");
        assert_eq!(read(&client).gaps, []);
    }
}

/// Nothing is left behind on the server.
#[test]
fn reading_writes_nothing() {
    let (server, _): &(Server, Schema) = rich(MAJORS[0]);
    let client = connect(server, server.superuser(), "rich");
    execute(&client, "begin isolation level repeatable read read only");
    block_on(introspect(&client)).unwrap();
    let row = block_on(client.query_one("select pg_current_xact_id_if_assigned()::text", &[])).unwrap();
    assert_eq!(row.get::<_, Option<String>>(0), None);
}
