-- case: a grant on a table
create role a;
create table t (id int);
grant select, insert on t to a;
grant select on table public.t to public;

-- case: all privileges, and with grant option
create role a;
create role b;
create table t (id int);
grant all on t to a;
grant all privileges on t to b with grant option;

-- case: revoke takes a part
create role a;
create table t (id int);
grant all on t to a;
revoke delete, truncate on t from a;
revoke all on t from public;

-- case: revoke of the owner's own privileges
create table t (id int);
revoke all on t from current_user;
revoke insert on t from session_user;
grant insert on t to current_role;

-- case: revoke grant option for keeps the privilege
create role a;
create table t (id int);
grant select, update on t to a with grant option;
revoke grant option for select on t from a;

-- case: grants by others than the owner
create role a;
create role b;
create role c;
create table t (id int);
grant select on t to a with grant option;
set role a;
grant select on t to b with grant option;
reset role;
set role b;
grant select on t to c;
reset role;

-- case: revoke with dependent grants is refused, and cascades when told
create role a;
create role b;
create role c;
create table t (id int);
grant select on t to a with grant option;
set role a;
grant select on t to b with grant option;
set role b;
grant select on t to c;
reset role;
revoke select on t from a;
revoke select on t from a cascade;

-- case: revoke grant option for with cascade
create role a;
create role b;
create table t (id int);
grant select on t to a with grant option;
set role a;
grant select on t to b;
reset role;
revoke grant option for select on t from a restrict;
revoke grant option for select on t from a cascade;

-- case: one privilege from two grantors
create role a;
create role b;
create role c;
create table t (id int);
grant select on t to a with grant option;
grant select on t to c;
set role a;
grant select on t to c;
reset role;
revoke select on t from c;

-- case: a superuser grants as the owner
create role a;
create role b;
create table t (id int);
alter table t owner to a;
grant select on t to b;

-- case: a member of the owner grants as the owner
create role a;
create role m in role a;
create role b;
create table t (id int);
alter table t owner to a;
set role m;
grant select on t to b;
reset role;

-- case: granting without the right to is refused or warned of
create role a;
create role b;
create table t (id int);
grant select on t to a;
set role a;
grant select on t to b;
grant insert on t to b;
reset role;

-- case: columns
create role a;
create role b;
create table t (id int, name text, secret text);
grant select (id, name), update (name) on t to a;
grant select on t to b;
revoke select (secret) on t from b;
revoke update (name) on t from a;
grant all (id) on t to b;
grant insert (id) on t to public;

-- case: revoking on the table takes the columns too
create role a;
create table t (id int, name text);
grant select (id), insert (id, name) on t to a;
revoke select on t from a;
revoke all on t from a;

-- case: column grants with grant option
create role a;
create role b;
create table t (id int, name text);
grant select (id) on t to a with grant option;
set role a;
grant select (id) on t to b;
grant select (name) on t to b;
reset role;
revoke select (id) on t from a;
revoke select (id) on t from a cascade;

-- case: all tables in a schema
create role a;
create schema s;
create table s.t (id int);
create table s.u (id serial);
create view s.v as select 1 as x;
create materialized view s.m as select 1 as x;
grant select on all tables in schema s to a;
grant usage on all sequences in schema s to a;
create table s.later (id int);
revoke select on all tables in schema s from a;
grant insert on all tables in schema s, public to a;

-- case: all functions, procedures and routines in a schema
create role a;
create schema s;
create function s.f() returns int language sql as 'select 1';
create procedure s.p() language sql as 'select 1';
create aggregate s.agg (int) (sfunc = int4pl, stype = int);
revoke execute on all functions in schema s from public;
grant execute on all procedures in schema s to a;
grant execute on all routines in schema s to a with grant option;
revoke all on all routines in schema s from public;

-- case: schemas, databases, languages, types
create role a;
create schema s;
create type s.e as enum ('x');
create domain s.d as int;
grant usage on schema s to a;
grant all on schema public to a;
grant create on schema s to public;
revoke all on schema public from public;
grant connect, temporary on database postgres to a;
grant temp on database postgres to a with grant option;
revoke all on database postgres from public;
grant usage on language plpgsql to a;
revoke usage on language plpgsql from public;
grant usage on type s.e to a;
grant usage on domain s.d to a;
revoke all on type s.d from public;

-- case: functions by signature
create role a;
create function f(x int) returns int language sql as 'select x';
create function f(x text, y int default 1) returns int language sql as 'select y';
create procedure p(inout x int) language plpgsql as 'begin end';
create function g() returns int language sql as 'select 1';
revoke execute on function f(int) from public;
grant execute on function f(x text, y integer) to a;
grant execute on function g to a;
grant execute on function f to a;
grant execute on procedure p(int) to a;
grant execute on routine g() to a with grant option;
grant all on function f(varchar) to a;

-- case: sequences
create role a;
create sequence q;
create table t (id serial);
grant usage, select on sequence q to a;
grant update on sequence t_id_seq to a;
grant all on sequence q to a;
grant select on q to public;
revoke update on sequence q from a;

-- case: privileges that do not fit
create role a;
create table t (id int);
create schema s;
grant execute on t to a;
grant usage on t to a;
grant select on schema s to a;
grant select (nope) on t to a;
grant select on nope to a;
grant select on t to nobody_here;
grant insert (id), delete on t to a;

-- case: maintain
-- since: 17
create role a;
create table t (id int);
grant maintain on t to a;
grant all on t to public;
revoke maintain on t from public;

-- case: maintain is unknown before 17
-- until: 16
create role a;
create table t (id int);
grant maintain on t to a;

-- case: granted by
create role a;
create role b;
create table t (id int);
grant select on t to a granted by current_user;
grant select on t to a granted by b;

-- case: views and materialized views take table grants
create role a;
create view v as select 1 as x, 2 as y;
create materialized view m as select 1 as x;
grant select on v, m to a;
grant select (x) on v to public;
revoke all on v from a;

-- case: several objects and grantees at once
create role a;
create role b;
create table t (id int);
create table u (id int);
grant select, insert on t, u to a, b, public;
revoke insert on table t, public.u from public, b;

-- case: quoted and odd names
create role "A b";
create role "x=y/""z";
create table "My Table" ("A" int, "select" text);
grant select ("A"), update ("select") on "My Table" to "A b";
grant all on "My Table" to "x=y/""z" with grant option;

-- case: role public and none are reserved
create role public;
create role none;
create role pg_mine;
create table t (id int);
grant select on t to public;
