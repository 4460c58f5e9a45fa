-- pgwitness stand-in for supabase-dbdev: packages are not fetched.
create schema if not exists dbdev;
create function dbdev.install(package_name text) returns boolean language sql volatile as 'select true';
create function dbdev.install(package_name text, base_url text, api_key text) returns boolean
    language sql volatile as 'select true';
grant usage on schema dbdev to postgres;
grant execute on all functions in schema dbdev to postgres;
