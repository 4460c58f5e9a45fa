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
-- differs: whether a role other than a superuser may make, change or drop what a statement names is not asked
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
