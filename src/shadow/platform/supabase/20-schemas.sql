-- Schemas, and what every project may do in them.

create schema auth;
create schema extensions;
create schema graphql;
create schema graphql_public;
create schema pgbouncer authorization pgbouncer;
create schema pgsodium;
create schema realtime;
create schema storage;
create schema supabase_migrations authorization postgres;
create schema vault;

grant usage on schema public to postgres, anon, authenticated, service_role;
grant usage on schema extensions to anon, authenticated, service_role;
grant all on schema extensions to postgres, dashboard_user;
grant usage on schema auth to postgres, anon, authenticated, service_role;
grant all on schema auth to supabase_auth_admin, dashboard_user;
grant usage on schema storage to anon, authenticated, service_role;
grant usage on schema storage to postgres with grant option;
grant all on schema storage to supabase_storage_admin, dashboard_user;
grant usage on schema realtime to anon, authenticated, service_role;
grant usage on schema realtime to postgres with grant option;
grant all on schema realtime to supabase_realtime_admin;
grant usage on schema graphql, graphql_public to postgres with grant option;
grant usage on schema graphql, graphql_public to anon, authenticated, service_role;
grant usage on schema vault to postgres with grant option;
grant usage on schema vault to service_role;

alter default privileges in schema extensions grant all on tables to postgres with grant option;
alter default privileges in schema extensions grant all on routines to postgres with grant option;
alter default privileges in schema extensions grant all on sequences to postgres with grant option;
alter default privileges for role supabase_auth_admin in schema auth grant all on tables to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on sequences to postgres, dashboard_user;
alter default privileges for role supabase_auth_admin in schema auth grant all on routines to postgres, dashboard_user;
alter default privileges in schema realtime grant all on tables to postgres, dashboard_user;
alter default privileges in schema realtime grant all on sequences to postgres, dashboard_user;
alter default privileges in schema realtime grant all on routines to postgres, dashboard_user;
alter default privileges for role postgres in schema storage
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage
    grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema storage
    grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges in schema graphql, graphql_public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges in schema graphql, graphql_public
    grant all on routines to postgres, anon, authenticated, service_role;
alter default privileges in schema graphql, graphql_public
    grant all on sequences to postgres, anon, authenticated, service_role;

-- The Supabase CLI records what it applied here.
set role postgres;
create table supabase_migrations.schema_migrations (
    version text not null primary key,
    statements text[],
    name text
);
reset role;

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;
