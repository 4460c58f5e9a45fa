-- case: attributes
create role a;
create role b login createdb createrole noinherit bypassrls replication;
create user u;
create group g;
alter role a login superuser;
alter user b nologin nocreatedb;
alter role a nosuperuser inherit;
alter group g rename to h;
alter role u rename to v;
create role a;
drop role if exists nobody;
drop role nobody;

-- case: options at creation
create role g1;
create role g2;
create role m1;
create role r in role g1, g2 role m1 admin g2 password 'x' valid until '2030-01-01' connection limit 3;
create role s admin m1;
create user t in group g1;

-- case: membership with admin
-- until: 15
create role a;
create role b;
create role c noinherit;
grant a to b;
grant a to c with admin option;
grant b to c, a;
grant a to b with admin option;
revoke admin option for a from b;
revoke a from b;
revoke a from b;

-- case: membership options
-- since: 16
create role a;
create role b;
create role c noinherit;
grant a to b with inherit false;
grant a to c with admin option, set false;
grant a to b with admin true, inherit true, set true;
revoke admin option for a from b;
revoke inherit option for a from b;
revoke set option for a from b;
grant b to c;
revoke b from c;
grant c to c;

-- case: circles of membership are refused
create role a;
create role b;
create role c;
grant a to b;
grant b to c;
grant c to a;
grant a to a;

-- case: a role that owns or is granted something cannot be dropped
create role a;
create table t (id int);
grant select on t to a;
drop role a;
revoke select on t from a;
drop role a;
create role b;
alter table t owner to b;
drop role b;
create role c;
create policy p on t to c;
drop role c;
drop policy p on t;
drop role c;

-- case: dropping a role ends its memberships and settings
create role a;
create role b;
grant a to b;
grant b to postgres;
alter role b set search_path = x;
drop role b;
create role b;

-- case: settings
create role a;
alter role a set search_path = app, public;
alter role a set statement_timeout to '3s';
alter role a in database postgres set work_mem = '1MB';
alter role all set lock_timeout = '7s';
alter database postgres set "app.name" = 'x';
alter role a set search_path from current;
alter role a reset statement_timeout;
alter database postgres set search_path to "$user", public, 'Other Schema';
alter role a in database postgres reset all;
alter role nobody set work_mem = '1MB';
alter role a set timezone = 'UTC';

-- case: renaming follows everything
create role a;
create role b in role a;
create table t (id int);
alter table t owner to a;
grant select on t to b;
create policy p on t to b using (true);
alter default privileges for role a grant select on tables to b;
alter role a set work_mem = '1MB';
alter role a rename to owner_of_all;
alter role b rename to "B";

-- case: drop owned
create role a;
create role b;
create table t (id int);
create table mine (id int);
create view on_mine as select id from mine;
alter table mine owner to a;
grant select on t to a;
grant usage on schema public to a with grant option;
grant select on mine to b;
create policy p on t to a;
create policy q on t to a, b;
alter default privileges for role a grant select on tables to b;
alter default privileges grant select on tables to a;
drop owned by a;
drop owned by a cascade;
drop role a;

-- case: reassign owned
create role a;
create role b;
create schema s authorization a;
create table s.t (id serial primary key);
alter table s.t owner to a;
create function s.f() returns int language sql as 'select 1';
alter function s.f() owner to a;
create type s.e as enum ('x');
alter type s.e owner to a;
grant select on s.t to a;
reassign owned by a to b;
drop owned by a;
drop role a;

-- case: set role decides who owns
create role a;
grant create on schema public to a;
set role a;
create table t (id int);
create function f() returns int language sql as 'select 1';
reset role;
create table u (id int);
set role none;
create table v (id int);
set session authorization a;
create table w (id int);
reset session authorization;

-- case: without the right to
create role a;
create schema s;
create table s.secret (id int);
set role a;
create table s.t (id int);
create schema mine;
create role other;
drop table s.secret;
alter table s.secret add column x int;
select 1;
reset role;

-- case: set local role ends with the transaction
-- apart
create role a;
grant create, usage on schema public to a;
begin;
set local role a;
create table t (id int);
commit;
create table u (id int);
begin;
set role a;
rollback;
create table v (id int);

-- case: what a role may make where
create role a;
create role b;
grant a to b;
create schema open;
create schema seen;
create schema closed;
grant usage, create on schema open to a;
grant usage on schema seen to a;
create table closed.t (id int primary key);
create table seen.t (id int primary key, n int);
create table seen.u (id int primary key);
create type seen.mood as enum ('sad');
create type closed.mood as enum ('sad');
create function seen.f() returns trigger language plpgsql as 'begin return new; end';
create function closed.f() returns int language sql as 'select 1';
grant select on seen.t to a;
grant references (id) on seen.t to a;
grant trigger on seen.u to a;
set role a;
create table open.t (id int references seen.t, m seen.mood);
create table open.u (id int references seen.u);
create table open.v (id int references closed.t);
create table open.w (m closed.mood);
create table seen.x (id int);
create table open.y (like seen.t);
create table open.z (like seen.u);
create table open.child () inherits (seen.t);
create table open.copy as select * from seen.t;
create table open.copy2 as select * from seen.u;
create table open.copy3 as select closed.f() as n;
create view open.view as select * from seen.u;
create view open.view2 as select * from closed.t;
create materialized view open.m as select * from seen.u;
create materialized view open.m2 as select * from seen.u with no data;
create index on seen.t (n);
create index on open.t (id);
create trigger tr before insert on seen.t for each row execute function seen.f();
create trigger tr before insert on seen.u for each row execute function seen.f();
drop trigger tr on seen.u;
create rule r as on insert to seen.u do nothing;
create policy p on seen.u using (true);
create policy p on open.t using (closed.f() = 1);
create policy p on open.t using (id > 0);
create function open.g() returns int language sql as 'select 1';
create function seen.g() returns int language sql as 'select 1';
create function open.c() returns int language c as 'nothing', 'nothing';
create function open.l() returns int language sql leakproof as 'select 1';
create type open.kind as enum ('x');
create domain seen.d as int;
create sequence open.q;
create sequence closed.q;
create publication p for table open.t;
create event trigger e on ddl_command_end execute function seen.f();
create extension citext;
create foreign data wrapper w;
create schema mine;
select * from seen.t;
select * from seen.u;
select closed.f();
insert into seen.t values (1);
insert into open.t values (1);
truncate seen.t;
delete from seen.t;
update seen.t set n = 1;
reset role;
set role b;
alter table open.t add column x int;
create table open.bs (id int);
alter table open.bs owner to a;
alter table open.bs owner to b;

-- case: what a role may change and drop
create role a;
create role b;
create role group_of_a;
grant group_of_a to a;
create schema s authorization a;
create schema other;
grant usage on schema other to a;
create table s.mine (id int);
create table s.theirs (id int, n int);
alter table s.mine owner to a;
create table other.t (id int, n int);
create index i on other.t (n);
create view other.v as select 1 as one;
create sequence other.q;
create function other.f() returns int language sql as 'select 1';
create type other.kind as enum ('x');
create policy p on other.t using (true);
create function trf() returns trigger language plpgsql as 'begin return new; end';
create trigger tr before insert on other.t for each row execute function trf();
set role a;
alter table s.mine add column x int;
alter table s.theirs add column x int;
alter table s.theirs rename to x;
alter table other.t enable row level security;
alter table other.t rename column n to m;
alter table other.t set schema s;
alter table s.mine set schema other;
alter table s.mine owner to group_of_a;
alter table s.mine owner to b;
alter view other.v set (security_barrier);
alter view other.v rename to w;
alter sequence other.q owned by none;
alter index other.i rename to j;
alter function other.f() owner to a;
alter function other.f() security definer;
alter type other.kind add value 'y';
alter type other.kind rename to k;
alter policy p on other.t using (false);
alter policy p on other.t rename to q;
alter trigger tr on other.t rename to ts;
alter schema other rename to o;
alter schema s rename to s2;
alter schema s owner to b;
comment on table other.t is 'x';
comment on table s.mine is 'x';
create or replace function other.f() returns int language sql as 'select 2';
create or replace view other.v as select 2 as one;
grant select on other.t to b;
revoke all on s.mine from public;
drop index other.i;
drop policy p on other.t;
drop policy if exists p on other.t;
drop policy if exists nope on other.t;
drop trigger tr on other.t;
drop table other.t;
drop table if exists other.t;
drop function other.f();
drop type other.kind;
drop sequence other.q;
drop schema other cascade;
drop table s.theirs;
drop table s.mine;
drop owned by b;
reassign owned by b to a;
reset role;
drop schema s;

-- case: what a role may do to roles
create role a;
create role maker createrole createdb;
create role plain;
create role big superuser;
create role boss;
grant plain to a;
grant boss to maker with admin option;
set role a;
create role x;
drop role plain;
alter role plain login;
alter role a connection limit 3;
alter role a set search_path = x;
alter role plain set search_path = x;
alter role all set search_path = x;
alter role plain rename to plainer;
grant plain to maker;
grant big to a;
alter default privileges grant select on tables to plain;
alter default privileges for role plain grant select on tables to a;
alter default privileges for role maker grant select on tables to a;
set role plain;
reset role;
set role maker;
create role made;
create role strong superuser;
create role free bypassrls;
create role db createdb;
alter role made login;
alter role plain login;
alter role big login;
grant boss to a;
grant made to a;
grant big to a;
drop role made;
drop role plain;
drop role big;
reset role;
set session authorization a;
set role plain;
set role maker;
select 1;
reset session authorization;
select 2;

-- case: the search path of a role
create role a;
create schema hidden;
create schema shown;
create table hidden.t (id int);
create table shown.t (id int, n int);
grant usage on schema shown to a;
grant create on schema shown to a;
set search_path = hidden, shown;
set role a;
create view v as select n from t;
create table u (id int);
reset role;
create table w (id int);
grant create on schema hidden to a;
set role a;
create table x (id int);
drop table t;
reset role;
set search_path = public;
set role a;
create table y (id int);

-- case: the owner of the database and its schema public
-- since: 15
create role a;
create role b;
alter database postgres owner to a;
set role a;
create table t (id int);
create schema mine;
alter schema public owner to a;
reset role;
set role b;
create table u (id int);
create temporary table tmp (id int);
create schema theirs;

-- case: drop owned takes what was passed on
create role a;
create role b;
create role c;
create table t (id int, n int);
create schema s;
grant select, insert on t to a with grant option;
grant update (n) on t to a with grant option;
grant usage on schema s to a with grant option;
set role a;
grant select on t to b with grant option;
grant update (n) on t to b;
grant usage on schema s to b;
set role b;
grant select on t to c;
reset role;
grant insert on t to b;
drop owned by a;
drop role a;
drop role c;
