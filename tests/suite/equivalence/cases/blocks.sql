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

-- case: variables that branches give their values
create table t (id int, user_id int);
create table u (id int);
do $$ declare col text; begin
    if to_regclass('public.missing') is not null then return; end if;
    if exists (select from information_schema.columns where table_schema = 'public' and table_name = 't' and column_name = 'owner_id') then
        col := 'owner_id';
    elsif exists (select from information_schema.columns where table_schema = 'public' and table_name = 't' and column_name = 'user_id') then
        col := 'user_id';
    else
        return;
    end if;
    execute format('create policy p on t using (%1$I = 1 or %1$I is null)', col);
    execute format('create policy q on t using (%I > 1)', col);
end $$;
do $$ declare col text := 'id'; n text; begin
    if not exists (select from pg_policies where policyname = 'p') then col := 'gone'; end if;
    if col = 'id' then n := 'of_id'; else n := 'of_other'; end if;
    execute format('create policy %I on u using (%I = 1)', n, col);
end $$;
do $$ declare r record; name text; begin
    for r in select tablename from pg_tables where schemaname = 'public' order by 1 loop
        if r.tablename = 't' then name := 'first'; else name := 'second'; end if;
        execute format('create policy %I on %I using (true)', name, r.tablename);
    end loop;
end $$;

-- case: functions written anew from their definitions
create type mood as enum ('a');
create schema s;
create function f(a int, b text default 'x', c mood default 'a', d s.dom default null) returns text language plpgsql as 'begin return 1; end';
create domain s.dom as int;
create function f(a int, b text default 'x', c mood default 'a', d s.dom default null) returns text
    language plpgsql stable security definer set search_path = public, pg_temp set work_mem = '1MB'
    as $$ begin if a = 1 then return 'old'; end if; return 'old, too'; end $$;
create function "Quoted"(out "X" int, inout y text) language sql as $function$ select 1, 'old' $function$;
create function many(n int) returns table (x int, y mood) language sql as 'select n, ''a''::mood -- old';
create function sets() returns setof mood language sql strict immutable set search_path = '' as 'select null::public.mood -- old';
create procedure act(in a int, inout b int default 3) language plpgsql as 'begin b := 1; /* old */ end';
create function spread(variadic a int[]) returns void language sql as 'select null::void -- old';
do $$ declare
    name text;
    sql text;
    changed text;
begin
    foreach name in array array['f(int, text, mood, s.dom)', '"Quoted"(text)', 'many(int)', 'sets()', 'act(int, int)', 'spread(int[])'] loop
        select pg_get_functiondef(name::regprocedure) into sql;
        changed := replace(sql, 'old', 'new');
        if changed = sql then raise exception 'nothing to change in %', name; end if;
        if position('new' in changed) = 0 then raise exception 'not changed'; end if;
        execute changed;
    end loop;
end $$;
do $$ declare body text; begin
    select p.prosrc into strict body from pg_catalog.pg_proc p where p.oid = 'public.many(int)'::regprocedure;
    body := replace(body, 'new', 'newer');
    execute format('create or replace function many(n int) returns table (x int, y mood) language sql as %L', body);
end $$;
do $$ declare sql text; begin
    create table before_it (id int);
    select pg_get_functiondef('public.missing()'::regprocedure) into sql;
    execute sql;
end $$;
do $$ begin if 'missing'::regclass is null then create table never (id int); end if; end $$;
do $$ begin perform 'missing'::regtype; end $$;
do $$ begin if 'missing'::regnamespace is null then create table never (id int); end if; exception when invalid_schema_name then create table caught (id int); end $$;

-- case: policies written anew from their texts
create schema auth;
create function auth.uid() returns uuid language sql stable as 'select null::uuid';
create function is_ok(n int) returns boolean language sql as 'select true';
create table t (id int, owner uuid, other uuid);
create table "T 2" (id int, owner uuid);
create policy own on t for select using (owner = auth.uid() or exists (select from "T 2" x where x.id = t.id and is_ok(x.id)));
create policy add on t for insert with check (owner = auth.uid() and is_ok(id));
create policy change on t for update using (owner = auth.uid()) with check (other = auth.uid());
create policy "all of it" on "T 2" using (id = 1);
create policy fine on "T 2" for delete using (owner = (select auth.uid()));
do $$ declare
    r record;
    definition text;
    me text := '(select auth.uid())';
begin
    for r in
        select schemaname, tablename, policyname, cmd, qual, with_check from pg_policies
        where schemaname = 'public' and (qual like '%auth.uid()%' or with_check like '%auth.uid()%') and coalesce(qual, '') not like '%SELECT auth.uid()%'
    loop
        begin
            execute format('drop policy if exists %I on %I.%I', r.policyname, r.schemaname, r.tablename);
            definition := replace(coalesce(r.qual, r.with_check), 'auth.uid()', me);
            if r.cmd = 'INSERT' then
                execute format('create policy %I on %I.%I for insert with check (%s)', r.policyname, r.schemaname, r.tablename, definition);
            elsif r.cmd in ('SELECT', 'UPDATE', 'ALL') then
                execute format('create policy %I on %I.%I for %s using (%s)', r.policyname, r.schemaname, r.tablename, r.cmd, definition);
            end if;
        exception when others then raise warning 'failed';
        end;
    end loop;
end $$;
do $$ declare r record; begin
    for r in select p.polname, pg_get_expr(p.polqual, p.polrelid) as qual from pg_policy p join pg_class c on c.oid = p.polrelid where c.relname = 'T 2' loop
        execute format('create policy %I on t for delete using (id = 1 and (%s))', r.polname || ' too', r.qual);
    end loop;
end $$;

-- case: constraints found by their texts
create schema s;
create table s.hidden (id int primary key);
create table shift (starts time, ends time, days int[], other int references s.hidden, kind text check (kind = any (array['a', 'b'])), check (array_length(days, 1) > 0), check (ends > starts));
do $$ declare name text; begin
    select c.conname into name from pg_constraint c join pg_class t on c.conrelid = t.oid
    where t.relname = 'shift' and c.contype = 'c' and pg_get_constraintdef(c.oid) like '%ends%' and pg_get_constraintdef(c.oid) like '%starts%' limit 1;
    if name is not null then execute format('alter table shift drop constraint %I', name); end if;
    alter table shift add constraint range check (ends <> starts);
end $$;
do $$ declare expression text; begin
    select pg_get_expr(k.conbin, k.conrelid) into expression from pg_constraint k
    where k.conrelid = 'public.shift'::regclass and k.conname = 'shift_kind_check' and k.contype = 'c';
    if expression is null then raise exception 'missing'; end if;
    if position('''c''::text' in expression) = 0 then
        alter table shift drop constraint shift_kind_check;
        execute format('alter table shift add constraint shift_kind_check check ((%s) or kind = ''c''::text)', expression);
    end if;
end $$;
do $$ declare r record; begin
    for r in select conname, pg_get_constraintdef(oid) as def from pg_constraint where conrelid = 'shift'::regclass and contype = 'f' loop
        execute format('alter table shift drop constraint %I', r.conname);
        execute format('alter table shift add constraint %I %s on delete cascade', 'new_' || r.conname, r.def);
    end loop;
end $$;

-- case: what is computed from itself, and what must be found
create table t (id int);
do $$ declare sql text := 'create table made'; begin
    sql := sql || ' (id int';
    sql := replace(sql, 'id', 'number');
    sql := sql || ')';
    execute sql;
end $$;
do $$ declare n text; begin
    create table before_it (id int);
    select tablename into strict n from pg_tables where schemaname = 'public' and tablename = 'missing';
    create table after_it (id int);
end $$;
do $$ declare n text; begin
    select tablename into strict n from pg_tables where schemaname = 'public' and tablename = 'missing';
exception when no_data_found then create table not_found (id int);
end $$;
do $$ begin create table before_rows (id int); insert into t (missing) values (1); end $$;
do $$ declare r record; begin
    create table before_loop (id int);
    for r in select conname from pg_constraint where conrelid = 'public.missing'::regclass loop execute 'drop table ' || r.conname; end loop;
end $$;

-- case: names in blocks that are neither columns nor variables
-- gaps
create table t (id int);
do $$ begin create table before_update (id int); update t set id = 1 where missing = 2; end $$;
do $$ declare missing int; begin create table with_variable (id int); update t set id = 1 where id = missing; end $$;
do $$ declare n int; r record; begin
    for missing in 1..2 loop perform 1 from t where id = missing; end loop;
    for r in select id from t where id = 3 loop perform 1 from t where id = r.id; end loop;
    select count(*) into n from t where id = n;
    if found then create table found_one (id int); end if;
    create table all_known (id int);
end $$;
do $$ begin create table before_select (id int); perform id from t where missing > 1; end $$;
do $$ declare n int; begin create table before_into (id int); select missing into n from t; end $$;
do $$ begin create table before_if (id int); if exists (select from t where missing = 1) then null; end if; end $$;
