-- pgwitness stand-in for basejump-supabase_test_helpers: the same functions, written from their documentation.
create schema tests;
grant usage on schema tests to anon, authenticated, service_role, postgres;

create function tests.create_supabase_user(
    identifier text, email text default null, phone text default null, metadata jsonb default null
) returns uuid language plpgsql security definer set search_path = auth, pg_temp as $$
declare
    made uuid := gen_random_uuid();
begin
    insert into auth.users (id, email, phone, raw_user_meta_data, raw_app_meta_data, aud, role, created_at, updated_at)
    values (
        made, coalesce(email, made || '@test.com'), phone,
        jsonb_build_object('test_identifier', identifier) || coalesce(metadata, '{}'), '{}', 'authenticated',
        'authenticated', now(), now());
    return made;
end
$$;

create function tests.get_supabase_user(identifier text) returns json
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
    found json;
begin
    select json_build_object(
        'id', u.id, 'email', u.email, 'phone', u.phone, 'raw_user_meta_data', u.raw_user_meta_data,
        'raw_app_meta_data', u.raw_app_meta_data)
    into found
    from auth.users u
    where u.raw_user_meta_data ->> 'test_identifier' = identifier
    limit 1;
    if found is null or found ->> 'id' is null then
        raise exception 'User with identifier % not found', identifier;
    end if;
    return found;
end
$$;

create function tests.get_supabase_uid(identifier text) returns uuid
language plpgsql security definer set search_path = auth, pg_temp as $$
declare
    found uuid;
begin
    select u.id into found from auth.users u where u.raw_user_meta_data ->> 'test_identifier' = identifier limit 1;
    if found is null then
        raise exception 'User with identifier % not found', identifier;
    end if;
    return found;
end
$$;

create function tests.authenticate_as(identifier text) returns void language plpgsql as $$
declare
    person json := tests.get_supabase_user(identifier);
begin
    perform set_config('role', 'authenticated', true);
    perform set_config('request.jwt.claims', json_build_object(
        'sub', person ->> 'id', 'email', person ->> 'email', 'phone', person ->> 'phone', 'role', 'authenticated',
        'user_metadata', person -> 'raw_user_meta_data', 'app_metadata', person -> 'raw_app_meta_data')::text, true);
end
$$;

create function tests.authenticate_as_service_role() returns void language plpgsql as $$
begin
    perform set_config('role', 'service_role', true);
    perform set_config('request.jwt.claims', json_build_object('role', 'service_role')::text, true);
end
$$;

create function tests.clear_authentication() returns void language plpgsql as $$
begin
    perform set_config('role', 'anon', true);
    perform set_config('request.jwt.claims', null, true);
end
$$;

create function tests.rls_enabled(testing_schema text) returns text language plpgsql as $$
begin
    return is(
        (select count(*)::integer from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = testing_schema and c.relkind = 'r' and not c.relrowsecurity),
        0, 'All tables in the' || testing_schema || ' schema should have row level security enabled');
end
$$;

create function tests.rls_enabled(testing_schema text, testing_table text) returns text language plpgsql as $$
begin
    return is(
        (select count(*)::integer from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = testing_schema and c.relname = testing_table and c.relkind = 'r' and c.relrowsecurity),
        1, testing_table || 'table in the' || testing_schema || ' schema should have row level security enabled');
end
$$;

create schema test_overrides;
create function test_overrides.now() returns timestamptz language sql stable as $$
    select coalesce(nullif(current_setting('tests.frozen_time', true), '')::timestamptz, pg_catalog.now())
$$;

create function tests.freeze_time(frozen_time timestamptz) returns void language plpgsql as $$
begin
    perform set_config('tests.frozen_time', frozen_time::text, true);
    perform set_config('search_path', 'test_overrides, ' || current_setting('search_path') || ', pg_catalog', true);
end
$$;

create function tests.unfreeze_time() returns void language plpgsql as $$
begin
    perform set_config('tests.frozen_time', '', true);
    perform set_config('search_path', replace(current_setting('search_path'), 'test_overrides, ', ''), true);
end
$$;

grant execute on all functions in schema tests to anon, authenticated, service_role, postgres;
grant usage on schema test_overrides to anon, authenticated, service_role, postgres;
grant execute on all functions in schema test_overrides to anon, authenticated, service_role, postgres;
