-- Lightbox: files in storage, each in the folder of its owner, and albums shared by a table

alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values
  ('avatars', 'avatars', true, 1048576, array['image/png', 'image/jpeg']),
  ('photos', 'photos', false, 20971520, array['image/png', 'image/jpeg', 'image/heic']),
  ('exports', 'exports', false, 104857600, array['application/zip'])
on conflict (id) do nothing;

create table public.albums (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references auth.users (id) on delete cascade,
  title text not null
);

create table public.album_guests (
  album_id uuid not null references public.albums (id) on delete cascade,
  owner_id uuid not null,
  guest_id uuid not null references auth.users (id) on delete cascade,
  primary key (album_id, guest_id)
);

alter table public.albums enable row level security;
alter table public.album_guests enable row level security;

grant select, insert, delete, update (title) on public.albums to authenticated;
grant select, insert, delete on public.album_guests to authenticated;

create policy "owners and guests see an album" on public.albums for select to authenticated
  using (
    owner_id = (select auth.uid())
    or exists (
      select 1 from public.album_guests g where g.album_id = albums.id and g.guest_id = (select auth.uid())
    )
  );
create policy "owners open albums" on public.albums for insert to authenticated
  with check (owner_id = (select auth.uid()));
create policy "owners rename albums" on public.albums for update to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create policy "owners close albums" on public.albums for delete to authenticated
  using (owner_id = (select auth.uid()));

create policy "owners and guests see the list" on public.album_guests for select to authenticated
  using (guest_id = (select auth.uid()) or owner_id = (select auth.uid()));

-- Whose album it is: albums asks album_guests, so that asking albums here under its policies would go in circles
create schema private;
revoke all on schema private from public;
grant usage on schema private to authenticated;

create function private.owns_album(album uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (select 1 from public.albums a where a.id = album and a.owner_id = (select auth.uid()))
$$;
grant execute on function private.owns_album(uuid) to authenticated;

create policy "owners invite to their own albums" on public.album_guests for insert to authenticated
  with check (owner_id = (select auth.uid()) and private.owns_album(album_id));
create policy "owners uninvite, guests leave" on public.album_guests for delete to authenticated
  using (guest_id = (select auth.uid()) or private.owns_album(album_id));

-- Avatars are served by their public URL; listing them is for their owner only
create policy "own avatar folder" on storage.objects for select to authenticated
  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "upload an own avatar" on storage.objects for insert to authenticated
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "replace an own avatar" on storage.objects for update to authenticated
  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);

create policy "own photos" on storage.objects for select to authenticated
  using (bucket_id = 'photos' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "upload own photos" on storage.objects for insert to authenticated
  with check (bucket_id = 'photos' and (storage.foldername(name))[1] = (select auth.uid())::text);
create policy "delete own photos" on storage.objects for delete to authenticated
  using (bucket_id in ('photos', 'avatars') and (storage.foldername(name))[1] = (select auth.uid())::text);

create policy "fetch own exports" on storage.objects for select to authenticated
  using (bucket_id = 'exports' and (storage.foldername(name))[1] = (select auth.uid())::text);
