-- pgwitness stand-in for database webhooks: the trigger function, which sends nothing.
create role supabase_functions_admin login noinherit createrole;
create schema if not exists supabase_functions;
create table supabase_functions.hooks (
    id bigserial primary key, hook_table_id integer not null, hook_name text not null,
    created_at timestamptz not null default now(), request_id bigint
);
create function supabase_functions.http_request() returns trigger language plpgsql security definer
set search_path = supabase_functions as $$
begin
    insert into supabase_functions.hooks (hook_table_id, hook_name) values (tg_relid::bigint::integer, tg_name);
    return coalesce(new, old);
end
$$;
grant usage on schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on schema supabase_functions to supabase_functions_admin;
grant all on all tables in schema supabase_functions to postgres, anon, authenticated, service_role;
grant all on all sequences in schema supabase_functions to postgres, anon, authenticated, service_role;
revoke all on function supabase_functions.http_request() from public;
grant execute on function supabase_functions.http_request() to postgres, anon, authenticated, service_role;
alter table supabase_functions.hooks owner to supabase_functions_admin;
alter function supabase_functions.http_request() owner to supabase_functions_admin;
