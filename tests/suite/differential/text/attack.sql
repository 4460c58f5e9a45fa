create schema fuzz;

-- Inserts rows; what a constraint refuses stays out.
create function fuzz.fill(target text, vals text[]) returns int language plpgsql as $$
declare v text; n int := 0;
begin
  foreach v in array vals loop
    begin
      execute format('insert into %s values (%s)', target, v);
      n := n + 1;
    exception when integrity_constraint_violation then null;
    end;
  end loop;
  return n;
end $$;

-- Whether a condition is TRUE of the row with that tag; NULL where it raises.
create function fuzz.holds(target text, condition text, row_tag int) returns boolean language plpgsql as $$
declare answer boolean;
begin
  execute format('select (%s) is true from %s where tag = %s', condition, target, row_tag) into answer;
  return answer;
exception when others then
  return null;
end $$;

-- Whether an error is the server's own, of its planner: it says nothing of the query.
create function fuzz.planners(code text, message text) returns boolean language sql immutable as $$
  select code = 'XX000' and message = 'cannot cope with variable-free clause'
$$;

-- Whether the role sees the row with that tag; NULL where that raises.
create function fuzz.sees(target text, who text, row_tag int) returns boolean language plpgsql as $$
declare n int;
begin
  perform set_config('role', who, true);
  execute format('select count(*) from %s where tag = %s', target, row_tag) into n;
  perform set_config('role', 'none', true);
  return n > 0;
exception when others then
  if fuzz.planners(sqlstate, sqlerrm) then
    raise exception using errcode = 'PW002', message = 'planner';
  end if;
  return null;
end $$;

-- The tags of the rows that the role sees of all; NULL where that raises.
create function fuzz.seen(target text, who text) returns int[] language plpgsql as $$
declare tags int[];
begin
  perform set_config('role', who, true);
  execute format('select coalesce(array_agg(tag), ''{}'') from %s', target) into tags;
  perform set_config('role', 'none', true);
  return tags;
exception when others then
  return null;
end $$;

-- How many rows the role sees, and a tag of one that it sees beyond the rule, and of one that the rule grants and it
-- does not see; nothing where the planner fails.
create function fuzz.reads(target text, who text, condition text, out seen int, out beyond int, out missing int)
language plpgsql as $$
declare tags int[] := fuzz.seen(target, who); row_tag int; sees boolean; keeps boolean;
begin
  seen := 0;
  if tags is not null then
    begin
      execute format('select count(*) filter (where tag = any ($1)), min(tag) filter (where tag = any ($1) and (%s) is not true), '
        'min(tag) filter (where tag <> all ($1) and (%s) is true) from %s', condition, condition, target)
        into seen, beyond, missing using tags;
      return;
    exception when others then null;
    end;
  end if;
  for row_tag in execute format('select tag from %s', target) loop
    sees := fuzz.sees(target, who, row_tag);
    keeps := fuzz.holds(target, condition, row_tag);
    if sees then
      seen := seen + 1;
    end if;
    if sees and not keeps then beyond := row_tag; end if;
    if keeps and not coalesce(sees, false) then missing := row_tag; end if;
  end loop;
exception when sqlstate 'PW002' then
  seen := 0;
  beyond := null;
  missing := null;
end $$;

-- What a write of the role comes to: `none` where it reaches nothing, `kept` or `beyond` by the rule on the old or new row;
-- `locked` where it reaches nothing and the rule is TRUE of the row, `planner` where that failed. Nothing stays. NULL where the rule raises.
create function fuzz.writes(target text, who text, before text, act text, condition text, is_new boolean) returns text
language plpgsql as $$
declare keeps boolean; n int := 0; refused boolean := false;
begin
  if before is not null then execute before; end if;
  if not is_new then
    execute format('select (%s) is true from %s', condition, target) into keeps;
  end if;
  begin
    perform set_config('role', who, true);
    execute act;
    get diagnostics n = row_count;
    perform set_config('role', 'none', true);
  exception when integrity_constraint_violation then
    raise exception using errcode = 'PW001', message = 'none';
  when others then
    if fuzz.planners(sqlstate, sqlerrm) then
      raise exception using errcode = 'PW001', message = 'planner';
    end if;
    n := 0;
  end;
  if n = 1 and is_new then
    execute format('select (%s) is true from %s', condition, target) into keeps;
  elsif is_new and before is null then
    execute act;
    execute format('select (%s) is true from %s', condition, target) into keeps;
  end if;
  raise exception using errcode = 'PW001',
    message = case when n = 1 and keeps then 'kept' when n = 1 then 'beyond' when keeps then 'locked' else 'none' end;
exception when sqlstate 'PW001' then
  return sqlerrm;
when others then
  return null;
end $$;
