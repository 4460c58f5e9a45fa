-- case: a table of a hosted project
-- supabase
-- since: 15
create table public.notes (id uuid primary key default gen_random_uuid(), owner_id uuid not null references auth.users on delete cascade, body text);
alter table public.notes enable row level security;
create policy "Own notes" on public.notes for all to authenticated using ((select auth.uid()) = owner_id) with check (auth.uid() = owner_id);
create policy staff on notes for select using (auth.jwt() ->> 'role' = 'staff' or (auth.jwt() -> 'app_metadata' ->> 'admin')::boolean);
create function public.is_owner(note uuid) returns boolean language sql stable security definer set search_path = '' as $$ select exists (select 1 from public.notes n where n.id = note and n.owner_id = auth.uid()) $$;
create view mine with (security_invoker = on) as select * from notes where owner_id = auth.uid();
revoke all on notes from anon;
grant select on mine to anon;
alter publication supabase_realtime add table notes;

-- case: a trigger on the users
-- supabase
create table public.profiles (id uuid references auth.users not null primary key, name text);
create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = public as $$
begin insert into public.profiles (id) values (new.id); return new; end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute procedure public.handle_new_user();

-- case: storage
-- supabase
insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true), ('docs', 'docs', false);
insert into storage.buckets (id, name) values ('plain', 'plain') on conflict (id) do nothing;
insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values ('big', 'big', false, 1048576, array['image/png', 'image/jpeg']);
insert into storage.buckets (id, name, public) values ('docs', 'docs', true) on conflict (id) do update set public = excluded.public;
update storage.buckets set public = false where id = 'avatars';
delete from storage.buckets where id = 'plain';
create policy "Avatar images are public" on storage.objects for select using (bucket_id = 'avatars');
create policy "Own folder" on storage.objects for insert to authenticated with check (bucket_id = 'docs' and (storage.foldername(name))[1] = auth.uid()::text);

-- case: default privileges of a hosted project
-- supabase
alter default privileges in schema public revoke all on tables from anon;
create table t (id serial);
create function f() returns int language sql as 'select 1';
alter default privileges for role postgres in schema public revoke execute on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;
create function g() returns int language sql as 'select 1';
create schema private;
create table private.t (id int);
grant usage on schema private to authenticated;

-- case: settings of the data api
-- supabase
alter role authenticator set pgrst.db_schemas = 'public, api';
alter role anon set statement_timeout = '3s';
alter role authenticator set pgrst.db_pre_request = 'public.check_request';
create schema api;
grant usage on schema api to anon, authenticated, service_role;
grant all on all tables in schema public to service_role;
