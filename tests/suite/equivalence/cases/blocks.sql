-- case: static statements in a block
do $$
begin
    create table t (id int);
    alter table t enable row level security;
    create policy p on t using (true);
end $$;

-- case: guards by existence
create table t (id int);
do $$ begin
    if not exists (select 1 from pg_policies where tablename = 't' and policyname = 'p') then
        create policy p on t using (true);
    end if;
end $$;
do $$ begin
    if not exists (select 1 from pg_policies where schemaname = 'public' and tablename = 't' and policyname = 'p') then
        create policy p on t using (false);
    end if;
end $$;
do $$ begin
    if not exists (select 1 from pg_type where typname = 'kind') then
        create type kind as enum ('a', 'b');
    end if;
    if exists (select 1 from information_schema.columns where table_schema = 'public' and table_name = 't' and column_name = 'x') then
        alter table t drop column x;
    else
        alter table t add column y int;
    end if;
end $$;
do $$ begin
    if not exists (select from pg_roles where rolname = 'a') then create role a; end if;
    if exists (select 1 from pg_tables where schemaname = 'public' and tablename = 'nope') then drop table nope; end if;
    if to_regclass('public.t') is not null then grant select on t to a; end if;
end $$;

-- case: exceptions
create type kind as enum ('a');
create table t (id int);
do $$ begin
    create type kind as enum ('a', 'b');
exception when duplicate_object then null;
end $$;
do $$ begin
    create table u (id int);
    create table t (id int);
exception when duplicate_table then
    create table w (id int);
end $$;
do $$ begin
    create policy p on nope using (true);
exception when others then raise notice 'no';
end $$;
do $$ begin
    create table x (id int);
    begin
        create table t (id int);
    exception when duplicate_table then null;
    end;
    create table y (id int);
end $$;
do $$ begin
    create table z (id int);
    create table t (id int);
exception when undefined_table then null;
end $$;

-- case: execute
do $$ begin
    execute 'create table t (id int)';
    execute format('create policy %I on %I.%I using (true)', 'my policy', 'public', 't');
    execute 'grant select on t to ' || quote_ident('pg_monitor');
end $$;

-- case: loops over arrays
create table a (id int);
create table b (id int);
do $$
declare
    name text;
    names text[] := array['a', 'b'];
begin
    foreach name in array names loop
        execute format('alter table %I enable row level security', name);
        execute format('create policy %I on public.%I for select using (true)', name || '_read', name);
    end loop;
    for name in select unnest(array['a', 'b']) loop
        execute 'grant select on ' || name || ' to public';
    end loop;
end $$;

-- case: an error in a block takes all of it back
create table t (id int);
do $$ begin
    create table u (id int);
    alter table t add column x int;
    create table t (id int);
end $$;
do $$ begin
    raise exception 'stop';
end $$;

-- case: transactions
-- apart
create table kept (id int);
begin;
create table gone (id int);
alter table kept add column gone int;
rollback;
begin;
create table t (id int);
savepoint a;
create table u (id int);
rollback to savepoint a;
create table v (id int);
release a;
commit;
start transaction;
create table w (id int);
create table kept (id int);
create table x (id int);
end;
abort;
create table y (id int);

-- case: settings of transactions
-- apart
create schema s;
begin;
set local search_path = s;
create table t (id int);
commit;
create table t (id int);
begin;
set search_path = s;
create table u (id int);
rollback;
create table u (id int);
set search_path = s;
create table v (id int);
discard all;
create table v (id int);

-- case: indexes made concurrently
-- apart
create table t (id int, n int);
create index concurrently i on t (id);
create unique index concurrently if not exists j on t (n);
drop index concurrently i;
reindex table concurrently t;
vacuum t;

-- case: guards that ask for indexes and row types
create table t (id int primary key, n int);
create index i on t (n);
do $$ begin
    if not exists (select 1 from pg_class where relname = 'i') then create table no_index (id int); end if;
    if exists (select 1 from pg_class where relname = 'i' and relkind = 'r') then create table not_a_table (id int); end if;
    if not exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relname = 't_pkey' and n.nspname = 'public')
    then create unique index t_pkey on t (n); end if;
    if not exists (select 1 from pg_type where typname = 't') then create type t as enum ('x'); end if;
    if not exists (select 1 from pg_type p join pg_namespace n on n.oid = p.typnamespace where p.typname = 't' and n.nspname = 'public')
    then create type t as enum ('x'); end if;
    if not exists (select 1 from pg_type where typname = 't' and typtype = 'e') then create table no_enum (id int); end if;
end $$;

-- case: calls of functions that change the catalog
create role a;
create function make(name text, n int default 2) returns void language plpgsql as $$
declare
    kind text;
begin
    foreach kind in array array['x_', 'y_'] loop
        execute format('create table if not exists %I (id int)', kind || lower(name));
    end loop;
end $$;
select make('First');
select public.make('Second', 3);
do $$ begin perform make('third'); end $$;
create function drop_it(name text) returns text language plpgsql as 'begin execute ''drop table '' || quote_ident(name); return name; end';
select drop_it('x_first');
select drop_it('missing');
create function as_a() returns void language plpgsql security definer set search_path = s as 'begin create table made (id int); end';
alter function as_a() owner to a;
create schema s authorization a;
select as_a();
create table after_it (id int);
create function early(go boolean) returns void language plpgsql as 'begin if not go then return; end if; create table late (id int); end';
create function plain() returns int language sql as 'select 1';
select plain();

-- case: who and where, in texts that are executed
create role a;
create role b;
create schema s;
grant all on schema s to a;
grant b to a;
create table t (id int);
do $$ begin execute 'grant select on t to ' || current_user; end $$;
do $$ begin execute format('create table %I.%I (id int)', current_schema(), current_user || '_own'); end $$;
set role a;
set search_path = s;
do $$ begin execute 'create table of_' || current_user || '_for_' || session_user || ' (id int)'; end $$;
do $$ declare me text := current_role; begin execute format('grant select on s.of_a_for_postgres to %I', me); execute 'create table in_' || current_schema || ' (id int)'; end $$;
do $$ begin if current_user = 'a' then create table for_a (id int); end if; end $$;
reset role;
do $$ begin if session_user <> current_user then create table never (id int); end if; end $$;

-- case: the platform's database, in texts that are executed
-- supabase
do $$ begin execute format('create role %I', current_database() || '_reader'); end $$;

-- case: calls that are not followed
-- gaps
create function f(n int) returns void language plpgsql as 'begin execute ''create table t'' || n; end';
create table calls (n int);
select f(n) from calls;
create function g() returns void language plpgsql as 'begin perform f(1); end';
create function on_row() returns trigger language plpgsql as 'begin perform f(2); return new; end';
create trigger tr before insert on calls for each row execute function on_row();
insert into calls select 1 where false;
