-- case: enums
create type e as enum ('a', 'c');
alter type e add value 'd';
alter type e add value 'b' before 'c';
alter type e add value if not exists 'b';
alter type e add value 'b';
alter type e add value 'a2' after 'a';
alter type e rename value 'd' to 'z';
alter type e rename to f;
create type f as enum ();
create schema s;
alter type f set schema s;
create table t (x s.f default 'a', y s.f[] not null);
alter type s.f rename to g;
drop type s.g;
drop type if exists nope;

-- case: domains
create domain d as text not null default 'x' check (value <> '') constraint short check (length(value) < 10);
alter domain d add constraint third check (value ~ '^[a-z]') not valid;
alter domain d validate constraint third;
alter domain d drop constraint short;
alter domain d drop not null;
alter domain d set default 'y';
alter domain d rename constraint third to fourth;
create table t (a d, b d[] default '{}');
create domain dd as d check (value <> 'q');
alter domain d rename to email;
drop domain email;
drop domain email cascade;
drop type if exists dd;

-- case: composite and range types
-- gaps
create type pair as (a int, b varchar(3));
create table t (p pair, q pair[]);
alter type pair add attribute c text;
alter type pair rename attribute a to aa;
alter type pair rename to couple;
create type span as range (subtype = int4);
create table u (s span, m span_multirange);
alter type span rename to stretch;
drop type stretch;
drop type couple;
drop type couple cascade;

-- case: types of functions follow a rename
create type e as enum ('a');
create function f(x e, y e[]) returns e language sql as 'select x';
grant execute on function f(e, e[]) to public;
create table tab (id int);
create function g(x tab) returns setof tab language sql as 'select * from tab';
alter type e rename to kind;
alter table tab rename to renamed;
create schema s;
alter type kind set schema s;
alter table renamed set schema s;
drop function f(s.kind, s.kind[]);

-- case: names shared by types and tables
create table t (id int);
create type t as enum ('a');
create type e as enum ('a');
create table e (id int);
create domain e as int;
create view e as select 1 as x;
create type c as (a int);
create table c (a int);
create sequence c;

-- case: privileges and owners
create role a;
create type e as enum ('x');
create type c as (a int);
create domain d as int;
alter type e owner to a;
alter type c owner to a;
alter domain d owner to a;
revoke usage on type e from public;
grant usage on type c to a;

-- case: casts and operators of users
create type pair as (a int, b int);
create type other as (a int, b int);
create function same(pair, pair) returns boolean language sql immutable as 'select $1.a = $2.a';
create function as_text(pair) returns text language sql immutable as 'select $1.a::text';
create function as_pair(int) returns pair language sql immutable as 'select row($1, $1)::pair';
create table t (id int, p pair, q pair, o other);
create policy early on t using (p === q);
create operator === (leftarg = pair, rightarg = pair, procedure = same);
create policy early on t using (p === q);
create policy named on t using (p operator(public.===) q or not p === q);
create policy none on t using (p === o);
create cast (pair as text) with function as_text(pair);
create cast (pair as text) with function as_text(pair);
create cast (int as pair) with function as_pair(int) as implicit;
create policy cast_it on t using (p::text = 'x' and id::pair === q);
create policy implicit on t using (p === id);
create table stored (p pair default 1, n text default null::pair::text);
