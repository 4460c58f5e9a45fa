-- case: signatures
create type pair as (a int, b text);
create domain email as text;
create table tab (id int);
create function f1() returns void language sql as '';
create function f2(int, text) returns int language sql immutable strict as 'select $1';
create function f3(a int, b varchar(10) default 'x', c numeric(5, 2) = 1.5) returns text language sql stable as 'select b';
create function f4(out a int, out b text) language sql as 'select 1, ''x''::text';
create function f5(in a int, inout b text, out c boolean) returns record language sql as 'select b, true';
create function f6(variadic a int[]) returns int language sql as 'select 1';
create function f7(a pair, b email, c tab) returns setof tab language sql as 'select * from tab';
create function f8() returns table (x int, y text) language sql as 'select 1, ''x''::text';
create function f9(a int[]) returns text[] language sql as 'select array[''x'']';
create function fa() returns trigger language plpgsql as 'begin return new; end';
create function fb() returns event_trigger language plpgsql as 'begin end';
create function fc(tab.id%type) returns pair language sql as 'select null::pair';
create function fd(anyelement) returns anyarray language sql as 'select array[$1]';
create procedure pa(a int, inout b text default 'q') language plpgsql as 'begin end';
create function fe("A b" timestamptz, c timestamp without time zone) returns double precision language sql as 'select 1.0::float8';
create function ff() returns record language sql as 'select 1';
create function fg(int4, int8, float8, bool, "char", bpchar) returns setof int language sql as 'select 1';

-- case: attributes
create schema app;
create function f() returns int language plpgsql security definer set search_path = app, public set work_mem = '1MB' leakproof parallel safe cost 5 as 'begin return 1; end';
create function g() returns int language sql set search_path to '' external security invoker as 'select 1';
create function h() returns int language sql called on null input set search_path from current as 'select 1';
alter function f() security invoker;
alter function f() set search_path = pg_catalog, pg_temp;
alter function g() reset search_path immutable strict;
alter function g() security definer set timezone = 'UTC' stable not leakproof;
alter function h() reset all returns null on null input;
alter function f owner to postgres;
alter routine h() volatile called on null input;
alter function nope() stable;
create function i() returns int language sql set search_path = "$user", 'Odd Name', public as 'select 1';

-- case: or replace
create role a;
create function f(x int) returns int language sql as 'select 1';
grant execute on function f(int) to a;
revoke execute on function f(int) from public;
alter function f(int) owner to a;
create or replace function f(x int) returns int language plpgsql stable security definer as 'begin return 2; end';
create or replace function f(x int) returns text language sql as 'select 1';
create or replace function f(y int) returns int language sql as 'select 1';
create or replace function f(x text) returns int language sql as 'select 1';
create function f(x int) returns int language sql as 'select 3';
create or replace function f(x int default 5) returns int language sql as 'select 4';
create or replace function f(x int) returns int language sql as 'select 4';
create or replace procedure f(x int) language sql as 'select 4';

-- case: overloads, drop and rename
create function f(int) returns int language sql as 'select 1';
create function f(text) returns int language sql as 'select 1';
create function f(int, int) returns int language sql as 'select 1';
drop function f;
drop function f(int);
alter function f(text) rename to g;
drop function f;
drop function f;
drop function if exists f(int), f;
drop function if exists f(nope);
create schema s;
alter function g(text) set schema s;
alter function s.g(text) rename to h;
create procedure p() language sql as 'select 1';
drop function p();
drop procedure p();
drop routine s.h(text);

-- case: functions that others use
create function base(int) returns int language sql immutable as 'select $1';
create table t (id int default base(1), check (base(id) > 0));
create index on t (base(id));
create view v as select base(1) as x;
create function other() returns int language sql as 'select base(1)';
create function bound() returns int language sql begin atomic select base(1); end;
drop function base(int);
drop function base(int) cascade;

-- case: aggregates
create aggregate total (int) (sfunc = int4pl, stype = int, initcond = '0');
create role a;
grant execute on function total(int) to a;
alter aggregate total(int) rename to sum_of;
drop aggregate sum_of(int);
drop function if exists sum_of(int);

-- case: bodies
create table t (id int);
create function f() returns int language sql return 1;
create function g(n int) returns int language sql begin atomic insert into t values (n); select count(*)::int from t; end;
create function h() returns text language sql as $$ select 'it''s' || $q$ x $q$ $$;
create function i() returns text language sql as E'select ''a\\nb''';
create function j() returns int language plpgsql as $body$
begin
    -- a comment; with a semicolon
    return 1;
end $body$;

-- case: triggers
create role a;
create table t (id int, n int);
create view v as select id from t;
create function trg() returns trigger language plpgsql as 'begin return new; end';
create trigger t1 before insert or update of id, n or delete on t for each row when (pg_trigger_depth() = 0) execute function trg();
create trigger t2 after truncate on t execute procedure trg();
create trigger t3 instead of insert on v for each row execute function trg('a', 1, 'it''s');
create trigger t4 after update on t referencing old table as o new table as n for each statement execute function trg();
create constraint trigger t5 after insert on t deferrable initially deferred for each row execute function trg();
create trigger t6 before update on t for each row when (old.n is distinct from new.n and new.id > 0) execute function trg();
create trigger t1 before insert on t execute function trg();
create or replace trigger t2 after insert on t execute function trg();
alter table t disable trigger t1, enable always trigger t2;
alter table t enable replica trigger t6;
alter trigger t1 on t rename to t7;
alter table t rename column n to m;
alter table t rename to u;
drop trigger t5 on u;
drop trigger if exists t5 on u;
drop trigger t5 on u;
drop trigger if exists x on nope;
alter table u disable trigger all;
alter table u enable trigger user;
create trigger bad before insert on u for each row execute function nope();
drop function trg();
drop function trg() cascade;

-- case: rules
create table t (id int);
create table log (id int);
create rule r1 as on insert to t do also insert into log values (new.id);
create rule r2 as on delete to t where old.id > 1 do instead nothing;
create or replace rule r2 as on delete to t do instead nothing;
create rule r1 as on insert to t do nothing;
alter rule r1 on t rename to r3;
alter table t disable rule r3;
drop rule r2 on t;
drop rule if exists r2 on t;

-- case: event triggers
create function e() returns event_trigger language plpgsql as 'begin end';
create event trigger w1 on ddl_command_end execute function e();
create event trigger w2 on sql_drop when tag in ('DROP TABLE', 'drop view') execute procedure e();
alter event trigger w1 disable;
alter event trigger w2 rename to w3;
drop event trigger w1;
drop event trigger if exists w1;
drop function e();
drop function e() cascade;

-- case: functions and the search path
create schema s;
create table s.t (id int);
set search_path = s, public;
create function f() returns setof t language sql as 'select * from t';
create table u (id int);
create function pg_catalog_like(t) returns int language sql as 'select 1';
reset search_path;
create function s.f(x int) returns int language sql as 'select 1';
drop function f();
drop function s.f();
set search_path = '';
create table nowhere (id int);
create table public.somewhere (id int);
set search_path to nope, s;
create table there (id int);

-- case: commands of rules
create schema s;
create table t (id int primary key, name varchar(10), n numeric(6, 2), at timestamptz default now());
create table s.log (what text, id bigint, name text default 'x', n int, "When" timestamptz);
create table other (id int, tag text);
create view v as select id, name from t;
create rule r1 as on insert to t do also insert into s.log (what, id, name) values ('new', new.id, upper(new.name));
create rule r2 as on update to t do also insert into s.log select 'old', old.id, old.name, old.n, now() from other o where o.id = old.id and o.tag <> new.name;
create rule r3 as on delete to t where old.id > 10 do also (delete from other where id = old.id; update s.log set name = default, n = n + 1 where s.log.id = old.id);
create rule r4 as on insert to v do instead insert into t (id, name) values (new.id, new.name) on conflict (id) do update set name = excluded.name, n = t.n + 1 where t.id > 0 returning id, name;
create rule r5 as on update to v do instead update t set (id, name) = (new.id, new.name) where id = old.id returning t.id, t.name;
create rule r6 as on delete to v do instead delete from t using other where t.id = old.id and other.id = t.id returning t.id, t.name;
create rule r7 as on update to other do also notify changed;
create rule r8 as on insert to other do also notify changed, 'it''s';
create rule r9 as on delete to other do instead nothing;
create rule r10 as on insert to other do also insert into s.log default values;
create rule r11 as on insert to other where new.id > 1 and tag = 'x' do also insert into s.log values ('a', 1), (new.tag, new.id), (default, default);
create rule r12 as on update to other do also update t as x set name = o.tag, n = (select max(n) from s.log l where l.id = x.id) from other o, (select 1 as one) y where x.id = o.id and o.id = new.id;
create rule r13 as on update to other do also select old.id, new.tag, count(*) from t where t.id = old.id group by 1, 2;
create rule r14 as on insert to t do also insert into s.log (id, what) select id, 'again' from t where id = new.id on conflict do nothing;
create rule r15 as on insert to t do also delete from only other where exists (select 1 from t where t.id = other.id and t.name = new.name);
create rule r16 as on insert to t do also insert into s.log values (old.id);
create rule r17 as on delete to t do also insert into s.log (id) values (new.id);
create rule r18 as on insert to t do also insert into s.log (nothing) values (1);
create rule r19 as on insert to t do also insert into missing values (1);
create rule r20 as on update to t where old.name is distinct from new.name do also (insert into other values (new.*); select 1);
create rule r21 as on update to t where old.name is distinct from new.name do also (insert into other values (new.id, new.name); select 1);
alter table s.log rename column what to kind;
alter table s.log rename to entries;
alter table t rename column name to title;
alter table other drop column tag;
alter table other drop column tag cascade;
drop table s.entries cascade;

-- case: bodies that write
create schema s;
create table t (id int primary key, name text, n numeric(6, 2), tags text[]);
create table s.u (id int generated always as identity, t_id int references t, at timestamptz);
create unique index on t (lower(name)) where id > 0;
alter table t add constraint uq unique (n);
create function f1(id int, name text) returns int language sql begin atomic insert into t values (id, name) returning id; end;
create function f2(int) returns setof int language sql begin atomic update t set n = n + $1, name = lower(name) where id = $1; select u.id from s.u where t_id = $1; end;
create function f3(k int) returns void language sql begin atomic delete from t; delete from s.u as x using t where x.t_id = t.id and t.id = k; end;
create function f4(n int) returns bigint language sql begin atomic insert into t (id, name) select id, 'x' from s.u where t_id = f4.n; insert into s.u overriding system value values (1, n, now()), (2, default, null); select count(*) from t; end;
create function f5(a int, b text) returns text language sql begin atomic insert into t (id, name) values (a, b) on conflict (lower(name)) where id > 0 do update set name = excluded.name || t.name, tags = '{}'; insert into t values (a) on conflict on constraint uq do nothing; select coalesce(b, 'none'); end;
create function f6() returns int language sql begin atomic with x as (select id from t where id > 1) update t set name = 'y' from x where x.id = t.id returning t.id; end;
create function f7(a int) returns int language sql return (select max(id) from t where t.id > a and case when a = 1 then true else false end);
create function f8(a int) returns boolean language sql return a > 1 and exists (select from t);
create procedure p1(a int) language sql begin atomic insert into t select * from t where id = a; update only t set n = default where id in (select t_id from s.u); end;
create function f9() returns int language sql begin atomic select 1; select 2 union select id from t order by 1 limit 1; end;
create function f10() returns int language sql begin atomic end;
create function f11(x int) returns int language sql begin atomic insert into t (id, id) values (x, x); select 1; end;
create function f12(x int) returns int language sql begin atomic insert into t (id) values (x, x); select 1; end;
create function f13(x text) returns int language sql begin atomic insert into t (id) values (x); select 1; end;
alter function f1(int, text) rename to g1;
alter function f7(int) rename to g7;
alter table t rename to tt;
alter table tt rename column name to title;
alter table s.u drop column at;
drop table s.u cascade;

-- case: rows before and after in bodies
-- since: 18
create table t (id int primary key, name text);
create function f() returns text language sql begin atomic update t set name = 'x' returning old.name || new.name || t.name; end;
create function g() returns setof t language sql begin atomic insert into t (id) values (1) on conflict (id) do update set name = 'y' returning old.*; end;
create rule r1 as on update to t do also delete from t where id = old.id returning new.name;
create rule r2 as on update to t where true do instead delete from t where id = old.id returning new.name;
create rule r3 as on update to t do instead delete from t where id = old.id returning new.name;
create rule r4 as on update to t do instead delete from t where id = old.id returning new.id, old.name;
create rule r5 as on update to t do instead (delete from t returning t.*; delete from t returning t.*);

-- case: trigger functions of the server
create role a;
create table t (id int, body text, words tsvector);
grant trigger on t to a;
create trigger same before update on t for each row execute function suppress_redundant_updates_trigger();
create trigger words before insert or update on t for each row execute procedure pg_catalog.tsvector_update_trigger('words', 'pg_catalog.english', 'body');
set role a;
create trigger again before update on t for each row execute function suppress_redundant_updates_trigger();
create trigger nothing before update on t for each row execute function no_such_trigger();
reset role;
drop trigger same on t;
alter table t disable trigger words;

-- case: one column of a table result is no part of the type
create function f() returns table (tenant uuid) language sql as 'select null::uuid';
create or replace function f() returns setof uuid language sql as 'select null::uuid';
create or replace function f() returns table (other uuid) language sql as 'select null::uuid';
create function g(a int, out b text) language sql as 'select null::text';
create or replace function g(a int, out c text) language sql as 'select null::text';
create function h() returns table (a int, b int) language sql as 'select 1, 2';
do $$ begin
  execute 'create or replace function h() returns table (a int, c int) language sql as ''select 1, 2''';
exception when invalid_function_definition then comment on function h() is 'refused'; end $$;
