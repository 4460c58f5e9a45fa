-- case: default privileges of tables
create role a;
create table before (id int);
alter default privileges grant select on tables to a;
create table t (id serial);
create view v as select 1 as x;
create materialized view m as select 1 as x;
alter default privileges revoke select on tables from a;
create table u (id int);

-- case: in a schema they add to the global ones
create role a;
create role b;
create schema s;
alter default privileges in schema s grant insert on tables to a;
alter default privileges grant select on tables to b;
create table s.t (id int);
create table u (id int);
alter default privileges in schema s revoke select on tables from b;
create table s.w (id int);

-- case: functions lose public
create role a;
create schema s;
alter default privileges revoke execute on functions from public;
create function f() returns int language sql as 'select 1';
alter default privileges in schema s grant execute on functions to a;
create function s.g() returns int language sql as 'select 1';
create procedure s.p() language sql as 'select 1';
alter default privileges grant execute on routines to public;
create function s.h() returns int language sql as 'select 1';

-- case: revoking public's in one schema changes nothing
create schema s;
alter default privileges in schema s revoke execute on functions from public;
create function s.f() returns int language sql as 'select 1';

-- case: for the role that creates
create role a;
create role b;
grant create on schema public to a;
alter default privileges for role a grant all on tables to b;
create table mine (id int);
set role a;
create table its (id int);
reset role;
alter default privileges for user a, b grant usage, select on sequences to public;
set role a;
create sequence q;
reset role;

-- case: types and schemas
create role a;
alter default privileges revoke usage on types from public;
alter default privileges grant usage on schemas to a;
create type e as enum ('x');
create domain d as int;
create type c as (x int);
create schema s;
alter default privileges grant create on schemas to a with grant option;
create schema s2;

-- case: with grant option, and revoking that
create role a;
alter default privileges grant select, insert on tables to a with grant option;
create table t (id int);
alter default privileges revoke grant option for select on tables from a;
create table u (id int);

-- case: back to the built-in default leaves no trace
create role a;
alter default privileges grant select on tables to a;
alter default privileges revoke select on tables from a;
alter default privileges revoke execute on functions from public;
alter default privileges grant execute on functions to public;

-- case: the owner's own
alter default privileges revoke all on tables from postgres;
create table t (id int);
alter default privileges grant all on tables to postgres;
create table u (id int);

-- case: sequences of serial and identity columns
create role a;
alter default privileges grant usage on sequences to a;
create table t (id serial, n int generated always as identity);
alter table t add column m bigserial;
create sequence q;

-- case: dropping the schema or the role
create role a;
create role b;
create schema s;
alter default privileges in schema s grant select on tables to a;
alter default privileges for role b grant select on tables to a;
drop schema s;
drop role b;
drop role a;

-- case: large objects
-- since: 18
create role a;
alter default privileges grant select on large objects to a;

-- case: create or replace keeps grants, drop and create does not
create role a;
alter default privileges grant select on tables to a;
create view v as select 1 as x;
revoke select on v from a;
create or replace view v as select 1 as x, 2 as y;
create function f() returns int language sql as 'select 1';
revoke execute on function f() from public;
create or replace function f() returns int language sql as 'select 2';
drop function f();
create function f() returns int language sql as 'select 3';
drop view v;
create view v as select 1 as x;
