//! Every kind of object, last touched in every way that its kind knows.

use pgwitness::migrations::replay::Replayed;
use pgwitness::model::{Origin, Privilege, QualifiedName, Relation, Schema};
use pgwitness::shadow::Platform;

use super::{marked, of, replayed};

type Fact = fn(&Schema) -> Option<Origin>;

fn name(name: &str) -> QualifiedName {
    QualifiedName { schema: "public".to_owned(), name: name.to_owned() }
}

fn relation<'a>(schema: &'a Schema, wanted: &str) -> Option<&'a Relation> {
    schema.relation(&name(wanted))
}

fn table(schema: &Schema) -> Option<&Relation> {
    relation(schema, "t")
}

/// The fact, and scripts after the prelude in which the mark stands before the statement that last touched it.
fn cases() -> Vec<(&'static str, Fact, Vec<&'static str>)> {
    vec![
        (
            "table",
            |s| table(s).map(|t| t.origin),
            vec![
                "/*here*/create table t (a int); select 1;",
                "create table t (a int); create index on t (a); /*here*/alter table t enable row level security;",
                "create table t (a int); /*here*/alter table t disable row level security; analyze t;",
                "create table o (a int); /*here*/alter table o rename to t;",
                "create schema s; create table s.t (a int); /*here*/alter table s.t set schema public;",
                "create table t (a int); /*here*/alter table t owner to r;",
                "create table t (a int); drop table t; /*here*/create table t (b int);",
                "/*here*/create table t (a int); create table if not exists t (b int);",
                "do $$ begin /*here*/create table t (a int); end $$;",
                "create table t (a int); do $$ begin if true then /*here*/alter table t force row level security; end if; end $$;",
                "do $$ begin /*here*/execute 'create table t (a int)'; end $$;",
                "create function f() returns void language plpgsql as $$ begin create table t (a int); end $$; /*here*/select f();",
                "create table t (a int); create function f() returns void language plpgsql as $$ begin alter table t enable row level security; end $$;\
             do $$ begin /*here*/perform f(); end $$;",
                "begin; /*here*/create table t (a int); savepoint x; alter table t owner to r; rollback to x; commit;",
            ],
        ),
        (
            "column",
            |s| table(s)?.column("a").map(|c| c.origin),
            vec![
                "/*here*/create table t (a int); alter table t add b int;",
                "create table t (b int); /*here*/alter table t add a int; alter table t drop b;",
                "create table t (a int); /*here*/alter table t alter a type bigint;",
                "create table t (a int); /*here*/alter table t alter a set not null;",
                "create table t (a int); /*here*/alter table t alter a set default 1; alter table t enable row level security;",
                "create table t (b int); /*here*/alter table t rename b to a;",
                "create table t (a int); alter table t drop a; /*here*/alter table t add a text;",
            ],
        ),
        (
            "column grant",
            |s| s.relation(&name("t"))?.column("a")?.acl.granting(Privilege::Select).map(|g| g.origin).max(),
            vec!["create table t (a int, b int); /*here*/grant select (a) on t to r; grant select (b) on t to r;"],
        ),
        (
            "grant",
            |s| table(s)?.acl.granting(Privilege::Insert).filter(|g| g.grantee.is_role("r")).map(|g| g.origin).max(),
            vec![
                "create table t (a int); /*here*/grant insert on t to r; grant select on t to q;",
                "create table t (a int); grant insert on t to r; revoke all on t from r; /*here*/grant all on t to r;",
                "create table t (a int); /*here*/grant insert on all tables in schema public to r;",
                "/*here*/alter default privileges in schema public grant insert on tables to r; create table t (a int);",
                "create table t (a int); do $$ declare n text; begin foreach n in array array['t'] loop \
             /*here*/execute format('grant insert on %I to r', n); end loop; end $$;",
            ],
        ),
        (
            "view",
            |s| relation(s, "v").map(|v| v.origin),
            vec![
                "/*here*/create view v as select 1 as a;",
                "create view v as select 1 as a; /*here*/create or replace view v as select 1 as a, 2 as b;",
                "create view v as select 1 as a; /*here*/alter view v set (security_invoker = true);",
                "create view w as select 1 as a; /*here*/alter view w rename to v;",
                "create view v as select 1 as a; drop view v; /*here*/create view v as select 2 as b;",
            ],
        ),
        (
            "materialized view",
            |s| relation(s, "m").map(|v| v.origin),
            vec![
                "/*here*/create materialized view m as select 1 as a; refresh materialized view m;",
                "create materialized view m as select 1 as a; /*here*/alter materialized view m owner to r;",
            ],
        ),
        (
            "sequence",
            |s| relation(s, "q").map(|v| v.origin),
            vec![
                "/*here*/create sequence q; select nextval('q');",
                "create sequence q; /*here*/alter sequence q owner to r;",
            ],
        ),
        (
            "foreign table",
            |s| relation(s, "ft").map(|v| v.origin),
            vec![
                "create extension postgres_fdw; create server fs foreign data wrapper postgres_fdw; \
             /*here*/create foreign table ft (a int) server fs;",
                "create extension postgres_fdw; create server fs foreign data wrapper postgres_fdw; \
             create foreign table ft (a int) server fs; /*here*/alter foreign table ft owner to r;",
            ],
        ),
        (
            "foreign server",
            |s| s.foreign_servers.first().map(|v| v.origin),
            vec!["create extension postgres_fdw; /*here*/create server fs foreign data wrapper postgres_fdw;"],
        ),
        (
            "policy",
            |s| table(s)?.policies.first().map(|p| p.origin),
            vec![
                "create table t (a int); /*here*/create policy p on t using (true); alter table t enable row level security;",
                "create table t (a int); create policy p on t using (true); /*here*/alter policy p on t using (false);",
                "create table t (a int); create policy o on t using (true); /*here*/alter policy o on t rename to p;",
                "create table t (a int); create policy p on t using (true); drop policy p on t; /*here*/create policy p on t using (false);",
                "create table t (a int); /*here*/create policy p on t using (a = 1); alter table t rename a to b;",
                "create table t (a int); do $$ begin if not exists (select 1 from pg_policies where policyname = 'p') then \
             /*here*/create policy p on t using (true); end if; end $$;",
            ],
        ),
        (
            "trigger",
            |s| table(s)?.triggers.first().map(|t| t.origin),
            vec![
                "create table t (a int); create function f() returns trigger language plpgsql as $$ begin return new; end $$; \
             /*here*/create trigger g before insert on t for each row execute function f();",
                "create table t (a int); create function f() returns trigger language plpgsql as $$ begin return new; end $$; \
             create trigger g before insert on t for each row execute function f(); /*here*/alter table t disable trigger g;",
                "create table t (a int); create function f() returns trigger language plpgsql as $$ begin return new; end $$; \
             create trigger g before insert on t for each row execute function f(); /*here*/alter trigger g on t rename to h;",
            ],
        ),
        (
            "event trigger",
            |s| s.event_triggers.first().map(|t| t.origin),
            vec![
                "create function f() returns event_trigger language plpgsql as $$ begin end $$; \
             /*here*/create event trigger e on sql_drop execute function f();",
                "create function f() returns event_trigger language plpgsql as $$ begin end $$; \
             create event trigger e on sql_drop execute function f(); /*here*/alter event trigger e disable;",
            ],
        ),
        (
            "rule",
            |s| table(s)?.rules.first().map(|t| t.origin),
            vec![
                "create table t (a int); /*here*/create rule u as on delete to t do instead nothing;",
                "create table t (a int); create rule u as on delete to t do instead nothing; /*here*/alter rule u on t rename to v;",
                "create table t (a int); create rule u as on delete to t do instead nothing; /*here*/alter table t disable rule u;",
            ],
        ),
        (
            "constraint",
            |s| table(s)?.constraints.iter().find(|c| c.name == "k").map(|c| c.origin),
            vec![
                "/*here*/create table t (a int constraint k check (a > 0));",
                "create table t (a int); /*here*/alter table t add constraint k unique (a);",
                "create table t (a int); alter table t add constraint k check (a > 0) not valid; /*here*/alter table t validate constraint k;",
                "create table t (a int constraint j check (a > 0)); /*here*/alter table t rename constraint j to k;",
            ],
        ),
        (
            "index",
            |s| table(s)?.indexes.iter().find(|i| i.name == "i").map(|i| i.origin),
            vec![
                "create table t (a int); /*here*/create index i on t (a);",
                "create table t (a int); create index j on t (a); /*here*/alter index j rename to i;",
            ],
        ),
        (
            "function",
            |s| s.functions.iter().find(|f| f.id.name == "f").map(|f| f.origin),
            vec![
                "/*here*/create function f() returns int language sql as 'select 1'; select f();",
                "create function f() returns int language sql as 'select 1'; /*here*/create or replace function f() returns int language sql as 'select 2';",
                "create function f() returns int language sql as 'select 1'; /*here*/alter function f() security definer;",
                "create function f() returns int language sql as 'select 1'; /*here*/alter function f() set search_path = '';",
                "create function g() returns int language sql as 'select 1'; /*here*/alter function g() rename to f;",
                "create function f() returns int language sql as 'select 1'; /*here*/alter function f() owner to r;",
            ],
        ),
        (
            "execute",
            |s| {
                let function = s.functions.iter().find(|f| f.id.name == "f")?;
                function.acl.granting(Privilege::Execute).filter(|g| g.grantee.is_role("r")).map(|g| g.origin).max()
            },
            vec![
                "create function f() returns int language sql as 'select 1'; /*here*/grant execute on function f() to r;",
                "create function f() returns int language sql as 'select 1'; /*here*/grant execute on all functions in schema public to r;",
            ],
        ),
        (
            "role",
            |s| s.roles.iter().find(|r| r.name == "x").map(|r| r.origin),
            vec![
                "/*here*/create role x;",
                "create role x; /*here*/alter role x bypassrls;",
                "create role y; /*here*/alter role y rename to x;",
            ],
        ),
        (
            "membership",
            |s| s.memberships.iter().find(|m| m.member == "r").map(|m| m.origin),
            vec!["/*here*/grant q to r;", "grant q to r; revoke q from r; /*here*/grant q to r with admin option;"],
        ),
        (
            "schema",
            |s| s.namespaces.iter().find(|n| n.name == "s").map(|n| n.origin),
            vec![
                "/*here*/create schema s; create table s.t (a int);",
                "create schema o; /*here*/alter schema o rename to s;",
                "create schema s; /*here*/alter schema s owner to r;",
            ],
        ),
        (
            "usage",
            |s| {
                let namespace = s.namespaces.iter().find(|n| n.name == "s")?;
                namespace.acl.granting(Privilege::Usage).filter(|g| g.grantee.is_role("r")).map(|g| g.origin).max()
            },
            vec!["create schema s; /*here*/grant usage on schema s to r;"],
        ),
        (
            "type",
            |s| s.types.iter().find(|t| t.name.name == "e").map(|t| t.origin),
            vec![
                "/*here*/create type e as enum ('a');",
                "create type e as enum ('a'); /*here*/alter type e add value 'b';",
                "create type o as enum ('a'); /*here*/alter type o rename to e;",
                "create type e as (a int); /*here*/alter type e owner to r;",
            ],
        ),
        (
            "domain",
            |s| s.types.iter().find(|t| t.name.name == "d").map(|t| t.origin),
            vec![
                "/*here*/create domain d as int check (value > 0);",
                "create domain d as int; /*here*/alter domain d set not null;",
                "create domain d as int; /*here*/alter domain d add check (value > 0);",
            ],
        ),
        (
            "default privileges",
            |s| s.default_privileges.first().map(|d| d.origin),
            vec![
                "create schema s; /*here*/alter default privileges in schema s grant select on tables to r;",
                "create schema s; alter default privileges in schema s grant select on tables to r; \
             /*here*/alter default privileges in schema s grant insert on tables to q;",
            ],
        ),
        (
            "setting",
            |s| s.settings.first().map(|d| d.origin),
            vec![
                "/*here*/alter role r set statement_timeout = '1s';",
                "alter role r set statement_timeout = '1s'; /*here*/alter role r set statement_timeout = '2s';",
            ],
        ),
        (
            "publication",
            |s| s.publications.first().map(|d| d.origin),
            vec![
                "/*here*/create publication p;",
                "create table t (a int); create publication p; /*here*/alter publication p add table t;",
                "create publication o; /*here*/alter publication o rename to p;",
            ],
        ),
        (
            "extension",
            |s| s.extensions.iter().find(|e| e.name == "citext").map(|d| d.origin),
            vec![
                "/*here*/create extension citext;",
                "create schema s; create extension citext; /*here*/alter extension citext set schema s;",
            ],
        ),
        (
            "partition",
            |s| relation(s, "t1").map(|d| d.origin),
            vec![
                "create table t (a int) partition by list (a); /*here*/create table t1 partition of t for values in (1);",
                "create table t (a int) partition by list (a); create table t1 (a int); \
             /*here*/alter table t attach partition t1 for values in (1);",
            ],
        ),
    ]
}

/// The roles of the scripts.
const PRELUDE: &str = "create role r; create role q;\n";

#[test]
fn facts_point_at_the_statement_that_last_touched_their_object() {
    let mut wrong = Vec::new();
    for (kind, fact, scripts) in cases() {
        for script in scripts {
            let texts = [PRELUDE, script];
            let done = replayed(&texts, Platform::Postgres);
            assert!(done.schema.gaps.is_empty(), "{script}: {:?}", done.schema.gaps);
            let found = fact(&done.schema).and_then(of);
            if found != Some(marked(&texts)) {
                wrong.push(format!("{kind}: {script}\n  found {found:?}, wanted {:?}", marked(&texts)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn buckets_of_storage_point_at_the_row_that_made_them() {
    let platform = Platform::SUPABASE;
    let scripts = [
        "/*here*/insert into storage.buckets (id, name, public) values ('avatars', 'avatars', false);",
        "insert into storage.buckets (id, name, public) values ('avatars', 'avatars', false);\n\
         /*here*/update storage.buckets set public = true where id = 'avatars';",
    ];
    for script in scripts {
        let done: Replayed = replayed(&[script], platform);
        let object = pgwitness::migrations::replay::Object::Bucket("avatars".to_owned());
        assert_eq!(done.last_touched.get(&object).map(super::place), Some(marked(&[script])), "{script}");
    }
}
