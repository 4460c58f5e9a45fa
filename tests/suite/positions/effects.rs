//! What statements that open or close access do to the model, told without a server: the equivalence suite holds the same
//! against real ones, and takes longer.

use pgwitness::model::{Privilege, Relation, Schema};
use pgwitness::shadow::Platform;

use super::replayed;

fn table(schema: &Schema) -> &Relation {
    schema.relations.iter().find(|r| r.name.name == "t").unwrap()
}

fn holds(schema: &Schema, privilege: Privilege) -> bool {
    table(schema).acl.granting(privilege).any(|grant| grant.grantee.is_role("r"))
}

type Fact = fn(&Schema) -> bool;

const CASES: &[(&str, Fact)] = &[
    ("create table t (a int); alter table t force row level security;", |s| table(s).force_row_security),
    (
        "create table t (a int); alter table t force row level security; alter table t no force row level security;",
        |s| !table(s).force_row_security,
    ),
    ("create table t (a int); grant select, insert on t to r; revoke select on t from r;", |s| {
        !holds(s, Privilege::Select) && holds(s, Privilege::Insert)
    }),
    ("create table t (a int); grant select on t to r; revoke all on all tables in schema public from r;", |s| {
        !holds(s, Privilege::Select)
    }),
    ("grant create on schema public to r; set role r; create table t (a int);", |s| table(s).owner == "r"),
    ("grant create on schema public to r; select set_config('role', 'r', false); create table t (a int);", |s| {
        table(s).owner == "r"
    }),
    ("grant create on schema public to r; set role = 'r'; create table t (a int);", |s| table(s).owner == "r"),
    ("grant create on schema public to r; set role r; reset role; create table t (a int);", |s| {
        table(s).owner == "postgres"
    }),
    ("create table t (a int); create policy p on t using (a = 1); alter table t rename a to b;", |s| {
        let text = table(s).policies[0].using.clone().unwrap();
        text.contains('b') && !text.contains('a')
    }),
    ("create table t (a int); create policy p on t using (true); alter policy p on t to r;", |s| {
        format!("{:?}", table(s).policies[0].roles).contains("\"r\"")
    }),
    ("create table t (a int); create policy p on t using (true); drop policy p on t;", |s| {
        table(s).policies.is_empty()
    }),
    ("create table t (a int); create policy p on t using (true); drop table t; create table t (a int);", |s| {
        table(s).policies.is_empty()
    }),
    ("create view t with (security_invoker) as select 1 as a; create or replace view t as select 1 as a;", |s| {
        !table(s).view.as_ref().unwrap().security_invoker
    }),
    (
        "create schema s; alter default privileges in schema public grant select on tables to r; create table t (a int);",
        |s| holds(s, Privilege::Select),
    ),
    ("create table t (a int); begin; grant select on t to r; rollback;", |s| !holds(s, Privilege::Select)),
    (
        "create table t (a int); begin; savepoint x; grant select on t to r; rollback to x; grant insert on t to r; commit;",
        |s| !holds(s, Privilege::Select) && holds(s, Privilege::Insert),
    ),
    ("create table t (a int); begin; grant select on t to r; commit;", |s| holds(s, Privilege::Select)),
    (
        "create table t (a int); alter table t enable row level security; alter table t disable row level security;",
        |s| !table(s).row_security,
    ),
    ("create table t (a int); alter table t owner to r; create role x; reassign owned by r to x;", |s| {
        table(s).owner == "x"
    }),
    ("create table t (a int); grant select on t to r; drop owned by r;", |s| !holds(s, Privilege::Select)),
];

#[test]
fn statements_open_and_close_what_they_say() {
    for (script, fact) in CASES {
        let done = replayed(&["create role r;", script], Platform::Postgres);
        assert!(done.schema.gaps.is_empty(), "{script}: {:?}", done.schema.gaps);
        assert!(fact(&done.schema), "{script}: {:#?}", done.schema.relations);
    }
}
