-- case: schemas
create role a;
create schema s;
create schema authorization a;
create schema t authorization a create table t (id int) create view v as select id from t;
alter schema s owner to a;
alter schema s rename to u;
create schema pg_mine;
drop schema u;
drop schema public;
create schema public;
drop schema t cascade;

-- case: statements inside of CREATE SCHEMA
create role a;
create role b;
create schema authorization a
  create view v as select id, n from t
  grant select on t, v to b with grant option
  create index on t (n)
  create table t (id int primary key, n int default nextval('q'), constraint c check (n > 0))
  create sequence q;
create schema if not exists w create table t (id int);
create schema w create table a.elsewhere (id int);
create schema w create function f() returns int language sql as 'select 1';
create schema w create table x (id int references missing);
create schema w create table one (id int primary key) create table two (id int references one);
create table after_all (id int);

-- case: sequences
create schema s;
create table t (id int, n int);
create sequence q owned by t.id;
create sequence r as smallint increment 2;
create unlogged sequence nope;
alter sequence r owned by t.n;
alter sequence r owned by none;
alter sequence q rename to qq;
alter sequence r set schema s;
create sequence x owned by s.nope;
alter table t alter column id set default nextval('qq');
drop sequence qq;
drop sequence qq cascade;
alter table t drop column n;
alter sequence if exists nope restart;
alter sequence s.r owner to postgres;
drop table t;

-- case: publications
create schema s;
create table t (id int primary key, n text);
create table u (id int);
create publication all_of_them for all tables;
create publication part for table t, only u;
create publication empty;
alter publication empty add table t;
alter publication part drop table u;
alter publication part drop table u;
alter publication part set table u;
alter publication part rename to few;
alter publication few set (publish = 'insert');
create publication few;
alter publication all_of_them add table t;
drop publication if exists nope;
drop publication empty;
alter table t rename to tt;
drop table u;

-- case: publications of schemas, columns and rows
-- since: 15
create schema s;
create table s.t (id int primary key, n text);
create publication a for tables in schema s;
create publication b for table s.t (id, n) where (id > 1 and n <> 'x');
alter publication a add table s.t;
alter publication b set table s.t (id);
alter publication a add tables in schema public;
alter publication a drop tables in schema s;
create publication c for tables in schema s, table s.t;
alter schema s rename to z;
alter table z.t rename column id to key;
drop schema z cascade;

-- case: foreign tables
create role a;
create foreign data wrapper w;
create server far foreign data wrapper w options (host 'h', port '1');
create user mapping for a server far options (password 'x');
create user mapping for public server far;
create user mapping if not exists for public server far;
create foreign table ft (id int not null, n text default 'x', check (id > 0)) server far options (table_name 'y');
grant usage on foreign server far to a;
grant usage on foreign data wrapper w to a;
grant select on ft to a;
alter server far options (set host 'other', drop port, add dbname 'd');
alter foreign table ft add column extra int;
alter foreign table ft rename to ft2;
alter server far owner to a;
alter server far rename to farther;
alter foreign data wrapper w rename to ww;
drop user mapping for a server farther;
drop user mapping if exists for a server farther;
drop server farther;
drop server farther cascade;
create server if not exists far foreign data wrapper ww;
drop foreign data wrapper ww cascade;

-- case: extensions
create schema ext;
create extension hstore schema ext;
create extension if not exists hstore;
create extension citext;
create extension if not exists pgcrypto with schema ext cascade;
create table t (a ext.hstore, b citext);
alter extension hstore set schema public;
drop extension citext;
drop extension citext cascade;
drop extension if exists nope;
drop schema ext;
drop schema ext cascade;

-- case: comments and labels change nothing
create table t (id int);
create function f(int) returns int language sql as 'select 1';
create policy p on t using (true);
comment on table t is 'x';
comment on column t.id is 'x';
comment on function f(int) is 'x';
comment on policy p on t is null;
comment on schema public is 'y';
comment on table nope is 'x';

-- case: data changes nothing
create table t (id int primary key, n text);
insert into t values (1, 'a') on conflict do nothing;
update t set n = 'b' where id = 1;
delete from t;
truncate t;
with x as (select 1) select * from x;
select set_config('app.x', 'y', false);
insert into t values (1, 'a'), (1, 'b');
analyze t;
lock table t;
explain select 1;
notify x;

-- case: privileges of databases
create role a;
grant create on database postgres to a;
alter database postgres owner to a;
alter database nope owner to a;
revoke temp on database postgres from public;

-- case: reserved words as names
create table user (id int);
create table order (id int);
create table "order" (id int, "select" int);
create table t (user int);
create table t (id int, order int);
create table t (id int, "user" text, value int, type text, name text, left_ int);
create table t2 (left int);
create table t3 (id int, primary int);
create schema table;
create schema "table";
create role user;
create role public;
create role none;
create role current_user;
create role pg_own;
create function end() returns int language sql as 'select 1';
create view union as select 1 as a;
create view v as select 1 as union, 2 as "end";
create type case as enum ('a');
create policy all on t using (true);
create policy "all" on t using (true);
create index from on t (id);
create trigger when before insert on t for each row execute function suppress_redundant_updates_trigger();
alter table t add column grant int;
alter table t rename column name to limit;
alter table t rename column type to offset_;
alter table t rename to desc;
create sequence check;
create table between (id int);
create function coalesce(int) returns int language sql as 'select 1';
create function overlay_(int) returns int language sql as 'select 1';
create table values (id int);
create table row_ (values int, row int, left_ int, coalesce int);

-- case: keys of types without an order
create table t (a int unique, b int primary key, c text, j json, p point);
create index on t (c);
create index on t (j);
create index on t (p);
create index on t using gist (p);
alter table t alter column a type json using to_json(a);
alter table t alter column b type point using point(b, b);
alter table t alter column c type xml using c::xml;
alter table t alter column c type json using to_json(c);
alter table t alter column c type jsonb using to_jsonb(c);
alter table t add unique (p);
create table u (j json primary key);
create table w (p point unique, x xml);
create table y (b box, k int, unique (k, b));
create table part (j json) partition by range (j);
create table hashed (p point) partition by hash (p);

-- case: functions that other things stand on
create type pair as (a int, b int);
create function add(pair, pair) returns pair language sql immutable as 'select $1';
create function eq(pair, pair) returns boolean language sql immutable as 'select true';
create operator + (leftarg = pair, rightarg = pair, function = add);
create operator === (leftarg = pair, rightarg = pair, function = eq);
create function to_int(pair) returns int language sql immutable as 'select 1';
create cast (pair as int) with function to_int(pair) as assignment;
create function ev() returns event_trigger language plpgsql as 'begin end';
create event trigger w on ddl_command_end execute function ev();
create table t (a pair, b pair, check (a === b));
create view v as select a + b as c from t;
drop function add(pair, pair);
drop function eq(pair, pair);
drop function to_int(pair);
drop function ev();
drop function to_int(pair) cascade;
drop function add(pair, pair) cascade;
drop function eq(pair, pair) cascade;
drop function ev() cascade;
drop type pair;
drop type pair cascade;

-- case: subscriptions
create role a superuser;
create subscription one connection 'host=127.0.0.1 port=9 dbname=x password=p' publication b, a with (connect = false);
create subscription two connection 'dbname=x password=p' publication c with (connect = false, slot_name = none, synchronous_commit = off);
create subscription two connection 'dbname=x' publication c with (connect = false);
create subscription twice connection 'dbname=x' publication c, c with (connect = false);
create subscription more connection 'dbname=x' publication c with (connect = false, enabled = true);
create subscription running connection 'dbname=x' publication c with (slot_name = none, enabled = true);
alter subscription one enable;
alter subscription two enable;
alter subscription one disable;
alter subscription one add publication d with (refresh = false);
alter subscription one add publication d with (refresh = false);
alter subscription one drop publication e with (refresh = false);
alter subscription one drop publication a, b with (refresh = false);
alter subscription one drop publication d with (refresh = false);
alter subscription one set publication e, f with (refresh = false);
alter subscription one set publication g;
alter subscription one set (synchronous_commit = local);
alter subscription one connection 'dbname=y password=q';
alter subscription two rename to renamed;
alter subscription missing disable;
alter subscription renamed owner to a;
comment on subscription renamed is 'x';
comment on subscription missing is 'x';
drop role a;
drop owned by a;
drop subscription missing;
drop subscription if exists missing;
drop subscription renamed;
drop role a;

-- case: a dump of pg_dump 16 with --clean, over the subscription that it tells of
-- apart
commit;
create subscription feed connection 'host=127.0.0.1 port=9 dbname=nowhere password=p' publication later, early with (connect = false);
drop subscription if exists feed;
create subscription feed connection 'host=127.0.0.1 port=9 dbname=nowhere password=p' publication later, early with (connect = false, slot_name = 'feed', run_as_owner = true);
begin;
drop subscription feed;
rollback;
create subscription slotless connection 'host=127.0.0.1 port=9 dbname=nowhere password=p' publication p with (connect = false, slot_name = none);
drop subscription slotless;
alter subscription feed set (slot_name = none);
create subscription feed connection 'host=127.0.0.1 port=9 dbname=nowhere password=p' publication p with (connect = false);

-- case: who subscribes, and as whom
-- since: 16
create role a;
create role b;
grant pg_create_subscription to a;
grant create on database postgres to a;
grant b to a;
set role b;
create subscription no connection 'dbname=x password=p' publication c with (connect = false);
set role a;
create subscription own connection 'dbname=x password=p' publication c with (connect = false, slot_name = none, run_as_owner = true);
create subscription lax connection 'dbname=x' publication c with (connect = false, slot_name = none);
create subscription free connection 'dbname=x' publication c with (connect = false, slot_name = none, password_required = false);
alter subscription own set (run_as_owner = false);
alter subscription own set (password_required = false);
alter subscription own owner to b;
reset role;
alter subscription own set (password_required = false);
grant create on database postgres to b;
set role a;
alter subscription own owner to b;
reset role;
reassign owned by a, b to postgres;

-- case: large objects
create role a;
create role b;
grant b to a;
select lo_create(1001);
select pg_catalog.lo_create('1002');
select lo_create(1001);
select lo_from_bytea(1003, 'x');
select lo_create(0);
do $$ begin perform lo_create(1004); perform lo_creat(-1); end $$;
grant select on large object 1001 to a with grant option;
grant select, update on large object 1001, 1002 to public;
grant all on large object 1003 to a;
grant select on large object 1003 to b;
grant select on large object 4711 to a;
revoke update on large object 1003 from a;
revoke all on large object 1002 from postgres;
grant insert on large object 1001 to a;
alter large object 1004 owner to a;
alter large object 4711 owner to a;
comment on large object 1004 is 'x';
comment on large object 4711 is 'x';
set role a;
select lo_create(1005);
grant select on large object 1001 to b;
grant update on large object 1004 to b;
alter large object 1005 owner to b;
select lo_unlink(1001);
reset role;
select lo_unlink(1002);
select lo_unlink(1002);
drop role b;
reassign owned by b to postgres;
drop owned by a;
drop role a;

-- case: large objects of roles with default privileges
-- since: 18
create role a;
alter default privileges grant select on large objects to a;
select lo_create(1001);
alter default privileges in schema public grant select on large objects to a;
alter default privileges revoke select on large objects from a;
select lo_create(1002);

-- case: default privileges of large objects are new
-- until: 17
alter default privileges grant select on large objects to public;

-- case: parameters
-- since: 15
create role a;
create role b;
grant set on parameter session_replication_role, app.tenant to a;
grant alter system on parameter Work_Mem to a with grant option;
grant all on parameter work_mem to b;
grant select on parameter work_mem to b;
set role a;
grant alter system on parameter work_mem to b;
grant set on parameter app.tenant to b;
reset role;
revoke set on parameter app.tenant from a;
revoke all on parameter work_mem from b;
drop role a;
drop owned by a;
drop role a;

-- case: grants on parameters are new
-- until: 14
create role a;
grant set on parameter work_mem to a;

-- case: what keeps a role
create role a;
create role b;
create role c;
create role d;
create foreign data wrapper w;
create server s foreign data wrapper w;
create user mapping for a server s;
grant usage on foreign server s to b;
grant usage on foreign data wrapper w to b;
grant usage on language plpgsql to c;
grant connect on database postgres to d;
drop role a;
drop role b;
drop role c;
drop role d;
drop user mapping for a server s;
drop role a;
revoke usage on foreign server s from b;
drop role b;
