-- What a session reaches: one line for each thing that it can see or do. Runs as a superuser with triggers and foreign
-- keys switched off; whatever it writes is taken back.
create schema probe;
create table probe.candidates (relation regclass, n integer, row jsonb);

create function probe.visible(who name, relation regclass) returns setof text language plpgsql as $$
declare
  list text;
  found text[];
begin
  select string_agg(format('q.%I', a.attname), ', ') into list from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
      and has_schema_privilege(who, c.relnamespace, 'usage') and has_column_privilege(who, relation, a.attnum, 'select');
  if list is null then
    return;
  end if;
  begin
    perform set_config('role', who, true);
    execute format('select array_agg(x::text) from (select to_jsonb(s) as x from (select %s from %s q) s) t', list, relation)
      into found;
    perform set_config('role', 'none', true);
  exception when others then
    return;
  end;
  return query
    select format('S|%s|%s|%s|%s', relation, e.key, e.value, row_number() over (partition by e.key, e.value))
    from unnest(found) f, jsonb_each_text(f::jsonb) e;
end $$;

create function probe.deletes(who name, relation regclass) returns setof text language plpgsql as $$
declare
  was text[];
  left_over text[];
begin
  execute format('select coalesce(array_agg(md5(t.*::text)), array[]::text[]) from %s t', relation) into was;
  begin
    perform set_config('role', who, true);
    execute format('delete from %s', relation);
    perform set_config('role', 'none', true);
    execute format('select coalesce(array_agg(md5(t.*::text)), array[]::text[]) from %s t', relation) into left_over;
    raise exception using errcode = 'PT001';
  exception
    when sqlstate 'PT001' then null;
    when others then return;
  end;
  return query select format('D|%s|%s', relation, x) from unnest(was) x where x <> all (left_over);
end $$;

-- One row at a time and without reading a column, so that SELECT policies stay out: the policy of the probe picks it.
create function probe.updates(who name, relation regclass) returns setof text language plpgsql as $$
declare
  target text;
  col name;
  val text;
  hit bigint;
begin
  for col in
    select a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and has_schema_privilege(who, c.relnamespace, 'usage') and has_column_privilege(who, relation, a.attnum, 'update')
  loop
    for val in select distinct k.row ->> col from probe.candidates k where k.relation = updates.relation limit 4 loop
      for target in execute format('select md5(t.*::text) from %s t limit 8', relation) loop
        begin
          perform set_config('probe.row', target, true);
          perform set_config('role', who, true);
          execute format('update %s set %I = %L', relation, col, val);
          get diagnostics hit = row_count;
          raise exception using errcode = 'PT001';
        exception
          when sqlstate 'PT001' then
            if hit > 0 then
              return next format('U|%s|%s|%s|%s', relation, target, col, val);
            end if;
          -- Row security comes before other constraints.
          when integrity_constraint_violation then
            return next format('U|%s|%s|%s|%s', relation, target, col, val);
          when others then null;
        end;
      end loop;
    end loop;
  end loop;
end $$;

create function probe.inserts(who name, relation regclass) returns setof text language plpgsql as $$
declare
  list text;
  one record;
begin
  select string_agg(format('%I', a.attname), ', ') into list from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and has_schema_privilege(who, c.relnamespace, 'usage') and has_column_privilege(who, relation, a.attnum, 'insert');
  if list is null then
    return;
  end if;
  for one in select k.n, k.row from probe.candidates k where k.relation = inserts.relation loop
    begin
      perform set_config('role', who, true);
      execute format('insert into %s (%s) overriding system value select %s from jsonb_populate_record(null::%s, %L) q',
        relation, list, list, relation, one.row);
      raise exception using errcode = 'PT001';
    exception
      when sqlstate 'PT001' or integrity_constraint_violation then return next format('I|%s|%s', relation, one.n);
      when others then null;
    end;
  end loop;
end $$;

-- All that a session reaches; writes of the relations that are named only.
create function probe.all(who name, claims text, relations regclass[], written regclass[]) returns setof text
language plpgsql as $$
declare
  relation regclass;
begin
  perform set_config('request.jwt.claims', claims, true);
  foreach relation in array relations loop
    return query select probe.visible(who, relation);
  end loop;
  foreach relation in array written loop
    return query select probe.deletes(who, relation);
    return query select probe.updates(who, relation);
    return query select probe.inserts(who, relation);
  end loop;
  return query
    select 'F|' || p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'private') and has_schema_privilege(who, n.oid, 'usage')
      and p.prorettype <> 'trigger'::regtype and has_function_privilege(who, p.oid, 'execute');
end $$;

-- Names of functions and operators are found in any search_path; the relations of probes are qualified.
