-- case: views and what they read
create schema s;
create table s.t (id int, name text);
create function s.f(int) returns int language sql as 'select 1';
create view v1 as select id, name from s.t;
create view v2 as select v1.id as key, s.f(v1.id) as x, count(*) from v1 join s.t using (id) group by v1.id;
create view v3 (a, b) as select * from s.t;
create or replace view v1 as select id, name, 1 as extra from s.t;
create or replace view v1 as select name from s.t;
create view v4 as select 1 as one, 'x' as lit, null as nothing, true as yes, current_user as me;
create view v5 as with q as (select id from s.t) select q.id from q where exists (select 1 from v1 where v1.id = q.id);
create view v6 as select id from s.t union all select 2;
create recursive view v7 (n) as values (1) union all select n + 1 from v7 where n < 3;
create materialized view m1 as select id from v1 with no data;
create view v1 as select 1 as x;
create view v8 as select * from nope;
create view v9 as values (1, 'a');

-- case: options of views
-- since: 15
create table t (id int, n int);
create view v1 with (security_invoker = true) as select id from t;
create view v2 with (security_barrier, security_invoker) as select id from t where id > 0;
create view v3 as select id from t where id > 0 with check option;
create view v4 as select id from t where id > 0 with local check option;
alter view v1 set (security_invoker = false);
alter view v1 set (security_barrier = true);
alter view v2 reset (security_barrier);
alter view v3 set (check_option = local);
create or replace view v1 as select id from t;
create or replace view v2 with (security_invoker = on) as select id from t where id > 0;
alter view if exists nope set (security_invoker = true);

-- case: options of views before security_invoker
-- until: 14
create table t (id int, n int);
create view v1 with (security_invoker = true) as select id from t;
create view v2 with (security_barrier) as select id from t where id > 0;
alter view v2 set (security_invoker = true);

-- case: which views can be written to
create table t (id int, n int);
create view a as select id from t;
create view b as select id, n + 1 as m from t;
create view c as select distinct id from t;
create view d as select count(*) as n from t;
create view e as select a.id from t a, t b;
create view f as select id from a where id > 0;
create view g as select id from c;
create view h as select id from t limit 1;
create view i as select id from t group by id;
create function trg() returns trigger language plpgsql as 'begin return new; end';
create trigger tr instead of insert or update on d for each row execute function trg();
create rule r as on delete to c do instead delete from t;

-- case: renames under views
create table t (id int, name text);
create view v as select id, name from t where name <> '';
create view w as select id from v;
alter table t rename column name to label;
alter table t rename to u;
alter view v rename to vv;
alter view vv rename column name to title;
alter table vv rename to vvv;
create schema s;
alter view w set schema s;
alter view vvv alter column id set default 5;
alter view vvv owner to postgres;
alter view vvv alter column id drop default;

-- case: views stand in the way
create table t (id int, name text);
create view v as select id from t;
create view w as select id from v;
create materialized view m as select id from w;
create function f() returns setof v language sql as 'select * from v';
alter table t drop column name;
alter table t drop column id;
alter table t alter column id type bigint;
drop view v;
drop view w;
alter table t drop column id cascade;

-- case: dropping views and materialized views
create view v as select 1 as x;
create materialized view m as select x from v;
create index on m (x);
drop view m;
drop materialized view v;
drop view v;
drop view v cascade;
drop view if exists v;
drop materialized view if exists m;

-- case: collations of columns
create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create table t (id int, a text collate "C", b text collate loose, c varchar(9) collate "POSIX", d text);
create view v as select id, a, b as x, c::text as y, d, d collate "C" as z from t;
create view w as select v.*, s.b from v, (select b from t where id > 1) s;
create materialized view m as select a, b from t;
create table copied as select b, c, d from w join t using (id, d);
create role until login valid until '2030-01-02 03:04:05+02';
