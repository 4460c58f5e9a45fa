-- case: a body in SQL is bound when its function is made
create schema app;
create table app.t (a int primary key, b text, c uuid);
create function missing_relation() returns int language sql as 'select a from app.gone';
create function missing_column() returns int language sql as 'select z from app.t';
create function missing_function() returns int language sql as 'select app.nothing(a) from app.t';
create function missing_type() returns int language sql as 'select a::app.nothing from app.t';
create function parameter(p int, q text) returns int language sql as 'select a from app.t where a = p and b = parameter.q and b = $2';
create function hidden() returns int language sql as 'select a from t';
create function seen() returns int language sql set search_path = app as 'select a from t';
create function itself(n int) returns int language sql as 'select case when n > 0 then itself(n - 1) else 0 end';
create function later() returns int language plpgsql as 'begin return (select z from app.gone); end';
create function two() returns int language sql as 'select z from app.gone; select 1';
create function polymorphic(anyelement) returns anyelement language sql as 'select $1';
create procedure fine() language sql as 'insert into app.t (a) values (1)';
create procedure broken() language sql as 'insert into app.gone (a) values (1)';
set check_function_bodies = off;
create function unchecked() returns int language sql as 'select z from app.gone';
reset check_function_bodies;
grant execute on function missing_relation() to public;
comment on function seen() is 'x';
comment on function broken() is 'x';

-- case: what a body writes
create table t (a int primary key, b text, g int generated always as (a + 1) stored);
create table u (a int, n int);
create function i1() returns void language sql as 'insert into t (a, b) values (1, ''x'') on conflict (a) do nothing';
create function i2() returns void language sql as 'insert into t (a, z) values (1, 2)';
create function i3() returns void language sql as 'insert into t (a, g) values (1, 2)';
create function i4() returns void language sql as 'insert into t (a, g) values (1, default)';
create function i5() returns void language sql as 'insert into t (a) select n from u where z = 1';
create function i6() returns int language sql as 'insert into t (a) values (1) returning a';
create function i7() returns int language sql as 'insert into t (a) values (1)';
create function u1(x int) returns void language sql as 'update t as o set b = u.n::text from u where u.a = o.a and o.a = x';
create function u2() returns void language sql as 'update t set z = 1';
create function u3() returns void language sql as 'update t set b = z';
create function u4() returns void language sql as 'update t set b = default, a = (select max(n) from u) where a = 1';
create function u5() returns void language sql as 'update only t set (a, b) = (select a, n::text from u)';
create function d1() returns void language sql as 'delete from t using u where t.a = u.a';
create function d2() returns void language sql as 'delete from t where z = 1';
create function d3() returns setof int language sql as 'with gone as (delete from t returning a) select a from gone';

-- case: what a body gives and what its function returns
create table t (a int, b text);
create type pair as (a int, b text);
create domain email as text;
create function r1() returns int language sql as 'select ''x''::text';
create function r2() returns int language sql as 'select 1::bigint';
create function r3() returns uuid language sql as 'select ''10000000-0000-4000-8000-000000000001''';
create function r4() returns int language sql as 'select 1, 2';
create function r5() returns int language sql as '';
create function r6() returns void language sql as 'select 1, 2';
create function r7() returns setof t language sql as 'select * from t';
create function r8() returns table (x int, y text) language sql as 'select a, b, 1 from t';
create function r9() returns table (x int, y text) language sql as 'select b, a from t';
create function ra(out x int, out y text) language sql as 'select a, b from t';
create function rb() returns pair language sql as 'select row(1, ''x'')::pair';
create function rc() returns email language sql as 'select b from t';
create function rd() returns text[] language sql as 'select array_agg(b) from t';
create function re() returns text language sql as 'select a from t';
create function rf() returns bigint language sql as 'select count(*) from t';
create function rg() returns int language sql as 'select count(*) from t';
create function rh() returns int language sql as 'create table made (a int)';

-- case: types of variables
create table t (a int);
create type mood as enum ('x');
create function v1() returns void language plpgsql as 'declare a t%rowtype; b t.a%type; c public.t.a%TYPE; d mood[]; e numeric(4, 2) := 1; f record; begin end';
create function v2() returns void language plpgsql as 'declare a gone%rowtype; begin end';
create function v3() returns void language plpgsql as 'declare a public.gone%rowtype; begin end';
create function v4() returns void language plpgsql as 'declare a gone := 1; begin end';
create function v5() returns void language plpgsql as 'begin declare a constant gone[] not null default null; begin null; end; end';
create function v6() returns void language plpgsql as 'declare a int; b a%type; c cursor for select * from gone; d alias for a; begin end';

-- case: parameters after defaults
create function p1(a int default 1, b int) returns void language sql as '';
create function p2(a int default 1, out b int) language sql as 'select 1';
create function p3(a int default 1, inout b int) language sql as 'select 1';
create function p4(a int, b int default 1, c int default 2) returns void language sql as '';

-- case: overloads that nothing tells apart
create table t (a int);
alter table t enable row level security;
create function f() returns boolean language sql as 'select true';
create function f(a int default 1) returns boolean language sql as 'select true';
create function g(a int) returns boolean language sql as 'select true';
create function g(a int, b int default 1) returns boolean language sql as 'select true';
create policy p1 on t using (f());
create policy p2 on t using (f(1));
create policy p3 on t using (g(1));
create policy p4 on t using (g(1, 2));

-- case: rows of what is not there
create table t (a int primary key, b jsonb);
insert into gone values (1);
insert into t (z) values (1);
update t set a = z;
delete from gone;
truncate gone;
select * from gone;
select z from t;
analyze gone;
analyze t;
lock table gone;
comment on column t.a is 'x';
comment on column t.z is 'x';
comment on column gone.a is 'x';
comment on constraint t_pkey on t is 'x';
comment on constraint none on t is 'x';
comment on constraint none on gone is 'x';
do $$ begin create table d1 (a int); if exists (select from gone) then null; end if; end $$;
do $$ declare r record; begin create table d2 (a int); for r in select * from gone loop null; end loop; end $$;
do $$ declare n int; begin create table d3 (a int); select count(*) into n from gone; end $$;
do $$ declare n int; begin create table d4 (a int); n := (select count(*) from gone); end $$;
do $$ begin create table d5 (a int); update gone set a = 1; exception when undefined_table then create table d6 (a int); end $$;
do $$ declare n int := 1; begin create table d7 (a int); update t set a = n where a = n; end $$;
insert into t (a) values (1) on conflict (b) do nothing;
insert into t (a) values (1) on conflict (a) do update set b = excluded.b where excluded.a > t.a;
insert into t (a, b) values (1, 'x'::text);
insert into t (a, b) values (1, '[]'), (2, default);
insert into t (b) select '[]';
insert into t values (1, '[]', 2);
with w as (select 1 as n) update t set a = w.n from w where z = 1;
with w as (delete from t returning a) insert into gone select a from w;
create view v as select a, b from t;
insert into v (a) values (1) on conflict (a) do nothing;
