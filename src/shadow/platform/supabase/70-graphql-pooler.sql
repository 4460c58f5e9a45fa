-- What GraphQL and the pooler leave in a project.

-- What stands in graphql_public while pg_graphql is not enabled, which is the default since 2026-05-18.
create function graphql_public.graphql(
    "operationName" text default null, query text default null, variables jsonb default null, extensions jsonb default null
) returns jsonb language plpgsql as $$
begin
    return jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('message', 'pg_graphql is not enabled')));
end
$$;

-- The pooler reads password hashes through this function.
create function pgbouncer.get_auth(p_usename text) returns table (username text, password text)
language sql security definer set search_path = '' as $$
    select rolname::text, rolpassword from pg_catalog.pg_authid where rolname = $1 and rolcanlogin
$$;
revoke all on function pgbouncer.get_auth(text) from public;
grant execute on function pgbouncer.get_auth(text) to pgbouncer;
