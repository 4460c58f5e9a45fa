//! What we read in statements, held against what the server makes of them.

use crate::support::{block_on, database, explain};
use pgwitness::migrations::parse::grant::{GrantTarget, PrivilegeGrant};
use pgwitness::migrations::parse::role::RoleSpec;
use pgwitness::migrations::parse::{Statement, parse_file};
use pgwitness::migrations::split::split;
use pgwitness::model::{Acl, Grantee, Privilege};
use pgwitness::shadow::Platform;
use tokio_postgres::SimpleQueryMessage;

/// The server's parser takes a text apart as we do: one completion a statement.
#[test]
fn the_server_counts_the_same_statements() {
    let database = database(15, Platform::Postgres, "create table t (a int)");
    for text in [
        "select 1; select ';' ; -- a;b\n /* ; /* ; */ ; */ select $$;$$; select $a$ $$;$$ $a$; select E'\\';';;",
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 1",
        "create rule r as on insert to t do also (select 1; select (2)); select 1;",
        "select U&'\\0061;' ; select \"a;\" from (select 1 as \"a;\") s; select 1 /* x */ ; -- end",
        "do $$ begin perform 1; end $$; begin; commit; select 1",
        "select 'a'\n';' ; select 1.5e3, 1 - -1; select B'1', X'f'",
    ] {
        let messages =
            block_on(database.client.simple_query(text)).unwrap_or_else(|e| panic!("{text}: {}", explain(&e)));
        let done = messages.iter().filter(|m| matches!(m, SimpleQueryMessage::CommandComplete(_))).count();
        assert_eq!(split(text).len(), done, "{text}");
    }
}

/// We refuse a statement if and only if the server calls it a syntax error; missing objects are none.
#[test]
fn the_server_refuses_the_same_syntax() {
    let database = database(15, Platform::Postgres, "");
    for text in include_str!("statements.txt").lines().filter(|l| !l.is_empty()) {
        let run = format!("begin; {text}; rollback");
        let error = block_on(database.client.batch_execute(&run)).err();
        let _ = block_on(database.client.batch_execute("rollback"));
        let syntax = error.as_ref().is_some_and(|e| e.code().is_some_and(|c| c.code() == "42601"));
        let ours = parse_file(text).iter().any(|p| matches!(p.statement, Statement::Unknown { .. }));
        assert_eq!(ours, syntax, "{text}: {:?} {:?}", error.map(|e| explain(&e)), parse_file(text));
    }
}

/// What a GRANT says is what the catalog holds after it.
#[test]
fn grants_do_what_they_say() {
    let setup = "create role st_a; create role \"st B\"; create table t (a int, b int); create sequence s; create schema n; \
                 create function f(a int) returns int language sql as 'select 1'; create type k as enum ('x'); \
                 revoke all on function f from public; revoke all on type k from public";
    let database = database(15, Platform::Postgres, setup);
    for text in [
        "grant select, insert on t to st_a",
        "GRANT ALL ON TABLE public.T TO \"st B\", public",
        "grant update, delete on t to st_a with grant option granted by postgres",
        "grant usage, select on sequence s to st_a",
        "grant all on sequence s to public, st_a",
        "grant usage on schema n to st_a, \"st B\"",
        "grant create, usage on schema n to public",
        "grant execute on function f(a int) to st_a",
        "grant all privileges on routine f to public",
        "grant execute on all functions in schema public to \"st B\"",
        "grant select, truncate on all tables in schema public to st_a",
        "grant usage on type k to st_a, public",
    ] {
        let statements = parse_file(text);
        let [Statement::Grant(grant)] = &*statements.iter().map(|p| p.statement.clone()).collect::<Vec<_>>() else {
            panic!("{text}: {statements:?}")
        };
        database.execute(&format!("begin; {text}"));
        let row = block_on(database.client.query_one(catalog(grant), &[])).unwrap();
        let items: Vec<String> = row.get(0);
        database.execute("rollback");
        let acl = Acl::parse(&items).unwrap();
        for grantee in &grant.grantees {
            let grantee = match grantee {
                RoleSpec::Name(name) => Grantee::Role(name.clone()),
                RoleSpec::Public => Grantee::Public,
                other => panic!("{other:?}"),
            };
            let held: Vec<_> = acl.privileges_of(&grantee).iter().collect();
            let mut said: Vec<Privilege> = grant.privileges.iter().filter_map(|p| p.privilege).collect();
            said.sort();
            match said.is_empty() {
                true => assert_eq!(
                    held,
                    acl.privileges_of(&Grantee::Role("postgres".into())).iter().collect::<Vec<_>>(),
                    "{text}"
                ),
                false => assert_eq!(held, said, "{text}"),
            }
            let options = acl.0.iter().any(|g| g.grantee == grantee && !g.grantable.is_empty());
            assert_eq!(options, grant.grant_option, "{text}");
        }
        assert_eq!(
            acl.0.iter().filter(|g| g.grantee != Grantee::Role("postgres".into())).count(),
            grant.grantees.len(),
            "{text}"
        );
    }
    database.execute("drop owned by st_a, \"st B\"; drop role st_a; drop role \"st B\"");
}

/// Reads the access list of the one object that a grant of these tests is about.
fn catalog(grant: &PrivilegeGrant) -> &'static str {
    match &grant.target {
        GrantTarget::Relations(_) => "select relacl::text[] from pg_class where relname = 't'",
        GrantTarget::Sequences(_) => "select relacl::text[] from pg_class where relname = 's'",
        GrantTarget::Schemas(_) => "select nspacl::text[] from pg_namespace where nspname = 'n'",
        GrantTarget::Types(_) => "select typacl::text[] from pg_type where typname = 'k'",
        GrantTarget::Routines(..) => "select proacl::text[] from pg_proc where proname = 'f'",
        GrantTarget::AllIn(kind, _) if format!("{kind:?}") == "Tables" => {
            "select relacl::text[] from pg_class where relname = 't'"
        }
        GrantTarget::AllIn(..) => "select proacl::text[] from pg_proc where proname = 'f'",
        other => panic!("{other:?}"),
    }
}
