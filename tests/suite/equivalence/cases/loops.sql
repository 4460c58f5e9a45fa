-- case: loops over policies
create table t (a int);
create table u (a int);
create policy one on t using (true);
create policy two on t for insert with check (true);
create policy super_three on u using (true);
create policy "Four Words" on u using (a > 0);
do $$ declare r record; begin
  for r in select schemaname, tablename, policyname from pg_policies where schemaname = 'public' and tablename in ('t', 'x') loop
    execute format('DROP POLICY IF EXISTS %I ON %I.%I', r.policyname, r.schemaname, r.tablename);
    raise notice 'dropped %', r.policyname;
  end loop;
end $$;
do $$ declare r record; n text; begin
  for r in (select * from pg_policies where policyname like 'super\_%' and cmd = 'ALL' and tablename not like 'pg_%' order by policyname) loop
    execute 'drop policy "' || r.policyname || '" on ' || quote_ident(r.tablename);
  end loop;
  for n in select policyname from pg_catalog.pg_policies where tablename = 'u' and length(policyname) > 5 loop
    execute format('alter policy %I on u to current_user', n);
    execute format('alter policy %I on u rename to %I', n, lower(n) || '_x');
  end loop;
end $$;

-- case: loops over tables
create schema s;
create table t (id int, tenant_id int);
create table s.u (id int);
create table "Odd Name" (tenant_id int);
create view v as select 1 as tenant_id;
create function touch() returns trigger language plpgsql as 'begin return new; end';
do $$ declare r record; name text; begin
  for r in select schemaname, tablename from pg_tables where schemaname = 'public' and tablename not like 'sql_%' loop
    execute format('alter table %I.%I enable row level security', r.schemaname, r.tablename);
    execute format('create policy %I on %I.%I using (false)', r.tablename || '_none', r.schemaname, r.tablename);
  end loop;
  for r in select c.table_name::text as tname from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_schema = 'public' and c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE' and c.table_name <> 't'
    order by c.table_name
  loop
    execute format('drop trigger if exists touch on public.%I', r.tname);
    execute format('create trigger touch before insert on public.%I for each row execute function touch()', r.tname);
  end loop;
  for name in select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (array['s', 'public']) and c.relkind in ('r', 'p') and not c.relrowsecurity
  loop
    execute 'revoke all on ' || name || ' from current_user';
  end loop;
end $$;

-- case: loops over functions, triggers, constraints and indexes
create schema s;
create table t (a int primary key, b int unique, c int check (c > 0), d text);
create index t_safe_idx on t (d);
create function f(a int, out b text) language sql as 'select ''x''';
create function f(a text, variadic b int[]) returns int language sql as 'select 1';
create function s.f() returns int language sql as 'select 1';
create procedure f(a uuid) language sql as 'select 1';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger one before insert or update on t for each row execute function touch();
create trigger two after delete on t execute function touch();
do $$ declare r record; begin
  for r in select p.proname, pg_get_function_identity_arguments(p.oid) as args, n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as full_name
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public') and p.proname in ('f') and p.prokind = 'f' and p.proconfig is null and p.prosecdef = false
  loop
    execute format('alter function %s set search_path = ''''', r.full_name);
    execute format('revoke all on function public.%I(%s) from public', r.proname, r.args);
  end loop;
  for r in select oid::regprocedure as sig from pg_proc where proname = 'f' and pronamespace = 's'::regnamespace loop
    execute format('drop function %s', 's.f()');
  end loop;
  for r in select trigger_name, event_object_table from information_schema.triggers where event_object_schema = 'public' and event_manipulation = 'DELETE' loop
    execute format('drop trigger %I on %I', r.trigger_name, r.event_object_table);
  end loop;
  for r in select tgname from pg_trigger where tgrelid = 't'::regclass and not tgisinternal loop
    execute format('alter table t disable trigger %I', r.tgname);
  end loop;
  for r in select constraint_name from information_schema.table_constraints where table_name = 't' and constraint_type in ('UNIQUE', 'PRIMARY KEY') loop
    execute 'alter table t drop constraint ' || quote_ident(r.constraint_name);
  end loop;
  for r in select conname from pg_constraint where conrelid = 'public.t'::regclass and contype = 'c' loop
    execute format('alter table t rename constraint %I to %I', r.conname, 'renamed_' || r.conname);
  end loop;
  for r in select indexname from pg_indexes where schemaname = 'public' and indexname like '%_safe%' loop
    execute format('drop index public.%I', r.indexname);
  end loop;
end $$;

-- case: variables that take what the catalog knows
create table t (a int);
create table u (a int);
alter table u enable row level security;
create role r1;
do $$ declare r record; on_already boolean; n int; missing boolean; v_type text; begin
  for r in select tablename from pg_tables where schemaname = 'public' loop
    select rowsecurity into on_already from pg_tables where schemaname = 'public' and tablename = r.tablename;
    if not on_already then
      execute format('alter table %I enable row level security', r.tablename);
      execute format('alter table %I force row level security', r.tablename);
    end if;
  end loop;
  select count(*) into n from pg_policies where tablename = 't';
  if n = 0 then create policy none on t using (false); end if;
  missing := not exists (select 1 from pg_roles where rolname = 'r2');
  if missing then create role r2; end if;
  perform 1 from pg_roles where rolname = 'r1';
  if found then grant select on t to r1; else grant select on u to public; end if;
  perform 1 from pg_roles where rolname = 'r9';
  if not found then grant select on u to r2; end if;
  select data_type into v_type from information_schema.columns where table_schema = 'public' and table_name = 't' and column_name = 'a';
  if v_type = 'integer' then alter table t alter column a type bigint; end if;
  select policyname into v_type from pg_policies where tablename = 'u';
  if v_type is null then create policy other on u using (true); end if;
end $$;

-- case: loops that leave, that nest, and that count
create table t1 (a int);
create table t2 (a int);
create table t3 (a int);
create policy p on t1 using (true);
create policy p on t2 using (true);
do $$ declare r record; p record; i int; begin
  for r in select tablename from pg_tables where schemaname = 'public' loop
    for p in select policyname from pg_policies where tablename = r.tablename loop
      execute format('drop policy %I on %I', p.policyname, r.tablename);
    end loop;
    if exists (select 1 from pg_tables where tablename = r.tablename and rowsecurity) then continue; end if;
    if r.tablename = 't2' then continue; end if;
    execute format('create policy this on %I using (%L = ''t3'')', r.tablename, r.tablename);
  end loop;
  for i in 1..3 loop
    execute 'alter table t' || i || ' enable row level security';
    exit when i = 2;
  end loop;
  for r in select rolname from pg_roles where rolname = 'nobody' loop
    drop table t1;
  end loop;
end $$;

-- case: statements that the catalog makes
create table t (a int);
create table u (a int);
create policy p on t using (true);
create policy q on u using (true);
do $$ declare statements text; begin
  select string_agg(format('drop policy %I on %I;', policyname, tablename), ' ') into statements from pg_policies where schemaname = 'public';
  if statements is not null then execute statements; end if;
  execute (select string_agg('alter table ' || quote_ident(tablename) || ' enable row level security', ';') from pg_tables where schemaname = 'public');
end $$;

-- case: loops that only the server can follow
-- gaps
create table t (a int);
create table u (a int);
insert into t values (1);
do $$ declare r record; begin
  for r in select a from t where a > 1 loop
    execute format('alter table u add column c%s int', r.a);
  end loop;
end $$;

-- case: patterns with an escape of their own
create table ols_a (id int);
create table olsb (id int);
create table "x%y" (id int);
do $$ declare r record; begin
  for r in select tablename from pg_tables where schemaname = 'public' and tablename like 'ols\_%' escape '\' loop
    execute format('alter table public.%I enable row level security', r.tablename);
  end loop;
  for r in select tablename from pg_tables where schemaname = 'public' and tablename like 'x!%%' escape '!' loop
    execute format('alter table public.%I enable row level security', r.tablename);
  end loop;
  for r in select tablename from pg_tables where schemaname = 'public' and tablename not ilike 'OLS#_%' escape '#' loop
    execute format('alter table public.%I force row level security', r.tablename);
  end loop;
end $$;

-- case: loops over arrays of arrays
create table t (id int);
create table u (id int);
create role r1;
create role r2;
do $$ declare p text[]; n text; pairs text[][] := array[array['t', 'r1'], array['u', 'r2']]; begin
  foreach p slice 1 in array pairs loop
    execute format('grant select on %I to %I', p[1], p[2]);
  end loop;
  foreach p slice 1 in array array[['t', 'x'], ['u', 'x']] loop
    execute 'alter table ' || p[1] || ' enable row level security';
  end loop;
  foreach p slice 1 in array array['t', 'r2'] loop
    execute format('grant update on %I to %I', p[1], p[2]);
  end loop;
  foreach n in array array[array['t', 'u']] loop
    execute format('alter table %I force row level security', n);
  end loop;
end $$;

-- case: constraints found by the columns that they use
create table parents (id int primary key, code text unique);
create table a (parent_id int constraint odd_name references parents, x int, code text references parents (code));
create table b (x int, parent_id int references parents, constraint wide unique (parent_id, x));
do $$ declare r record; dropped text; n text; begin
  for r in select c.table_name from information_schema.columns c
    where c.table_schema = 'public' and c.column_name = 'parent_id' loop
    select coalesce(string_agg(format('alter table public.%I drop constraint %I;', r.table_name, con.conname), ' '), '')
      into dropped
    from pg_constraint con join pg_class cl on cl.oid = con.conrelid join pg_namespace ns on ns.oid = cl.relnamespace
    where ns.nspname = 'public' and cl.relname = r.table_name and con.contype = 'f'
      and exists (select 1 from unnest(con.conkey) ck join pg_attribute at on at.attrelid = con.conrelid and at.attnum = ck
        where at.attname = 'parent_id');
    if dropped <> '' then execute dropped; end if;
    execute format('alter table public.%I add constraint %I foreign key (parent_id) references parents on delete cascade',
      r.table_name, r.table_name || '_again');
  end loop;
  select con.conname into n from pg_constraint con join pg_attribute at on at.attrelid = con.conrelid and at.attnum = any (con.conkey)
    where con.conrelid = 'public.a'::regclass and con.contype = 'f' and at.attname = 'code';
  if n is not null then execute format('alter table a rename constraint %I to renamed', n); end if;
  for r in select tc.constraint_name from information_schema.table_constraints tc
    join information_schema.key_column_usage kcu on tc.constraint_name = kcu.constraint_name and tc.table_schema = kcu.table_schema
    where tc.table_name = 'b' and kcu.column_name = 'x' and tc.constraint_type = 'UNIQUE' loop
    execute format('alter table b drop constraint %I', r.constraint_name);
  end loop;
  for r in select tc.constraint_name, tc.table_name from information_schema.table_constraints tc
    join information_schema.constraint_column_usage ccu on ccu.constraint_name = tc.constraint_name
    where tc.constraint_type = 'FOREIGN KEY' and ccu.table_name = 'parents' and ccu.column_name = 'code' loop
    execute format('alter table %I drop constraint %I', r.table_name, r.constraint_name);
  end loop;
end $$;

-- case: variables of types that nothing made
create table t (id int);
create type mood as enum ('good');
do $$ declare m mood; r t%rowtype; i t.id%type; a mood[]; begin
  alter table t enable row level security;
end $$;
do $$ begin
  begin
    execute 'do $x$ declare v nothing(3); begin alter table t force row level security; end $x$';
  exception when undefined_object then
    comment on table t is 'refused';
  end;
end $$;

-- case: functions found by name, and named by what they are
create role r1;
create role r2;
create schema s;
create function f(a int, b text) returns int language sql as 'select 1';
create function "G h"(a int[]) returns int language sql as 'select 1';
create function s.f() returns int language sql as 'select 1';
do $$ declare wanted text[] := array['f', 'G h']; rec record; v regprocedure; n text; begin
  for rec in select p.oid::regprocedure as signature from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'public' and p.proname = any (wanted) loop
    execute format('revoke execute on function %s from public', rec.signature);
    execute 'grant execute on function ' || rec.signature || ' to r1';
  end loop;
  foreach v in array array['s.f()'::regprocedure, 'f(int, text)'::pg_catalog.regprocedure] loop
    execute format('alter function %s security definer', v);
    if exists (select 1 from pg_proc p where p.oid = v and p.prosecdef) then
      execute format('grant execute on function %s to r2', v);
    end if;
  end loop;
  select string_agg(c.oid::regclass::text, ', ') into n from pg_class c where c.relname = 'nothing';
  if n is null then comment on schema s is 'none'; end if;
end $$;

-- case: merge, and updates within it
-- since: 15
create table t (id int primary key, v text);
create table u (id int);
merge into t using (values (1, 'a')) as n (id, v) on t.id = n.id
when matched then update set v = n.v
when not matched then insert (id, v) values (n.id, n.v);
alter table t enable row level security;
