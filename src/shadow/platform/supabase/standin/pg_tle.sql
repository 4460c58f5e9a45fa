-- pgwitness stand-in for pg_tle: extensions are noted and not made.
create schema if not exists pgtle;
create table pgtle.noted (name text primary key, version text);
create function pgtle.install_extension(name text, version text, description text, ext text, requires text[] default null)
returns boolean language sql volatile security definer set search_path = '' as $$
    insert into pgtle.noted select install_extension.name, install_extension.version where install_extension.name is not null
    on conflict do nothing;
    select true
$$;
create function pgtle.uninstall_extension(extname text) returns boolean
language sql volatile security definer set search_path = '' as $$
    delete from pgtle.noted where name = extname; select true
$$;
create function pgtle.uninstall_extension(extname text, version text) returns boolean
language sql volatile security definer set search_path = '' as $$
    delete from pgtle.noted where name = extname; select true
$$;
create function pgtle.uninstall_extension_if_exists(extname text) returns boolean
language sql volatile security definer set search_path = '' as $$
    delete from pgtle.noted where name = extname; select true
$$;
create function pgtle.available_extensions() returns table (name name, default_version text, comment text)
language sql stable as $$ select name::name, version, ''::text from pgtle.noted $$;
grant usage on schema pgtle to postgres;
grant execute on all functions in schema pgtle to postgres;
