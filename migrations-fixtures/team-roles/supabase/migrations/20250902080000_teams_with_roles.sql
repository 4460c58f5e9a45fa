-- Notebook: documents of teams, with membership looked up in a table and roles per team

alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;

create schema private;
revoke all on schema private from public;
grant usage on schema private to authenticated;

create table public.teams (
  id bigint generated always as identity primary key,
  name text not null,
  owner_id uuid not null references auth.users (id)
);

create table public.team_members (
  team_id bigint not null references public.teams (id) on delete cascade,
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null default 'viewer' check (role in ('viewer', 'editor', 'admin')),
  primary key (team_id, user_id)
);

create table public.documents (
  id bigint generated always as identity primary key,
  team_id bigint not null references public.teams (id) on delete cascade,
  author_id uuid not null default auth.uid(),
  title text not null default '',
  body text,
  locked boolean not null default false
);

create table public.document_comments (
  id bigint generated always as identity primary key,
  document_id bigint not null references public.documents (id) on delete cascade,
  author_id uuid not null default auth.uid(),
  body text not null
);

-- SECURITY DEFINER, so that the policies of team_members may ask it without asking themselves
create function private.is_member(team bigint)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (select 1 from public.team_members m where m.team_id = team and m.user_id = (select auth.uid()))
$$;

create function private.has_role(team bigint, wanted text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  found_role text;
begin
  select m.role into found_role from public.team_members m
    where m.team_id = team and m.user_id = (select auth.uid());
  if found_role is null then
    return false;
  end if;
  if found_role = 'admin' then
    return true;
  end if;
  return found_role = wanted;
end;
$$;

grant execute on function private.is_member(bigint), private.has_role(bigint, text) to authenticated;

alter table public.teams enable row level security;
alter table public.team_members enable row level security;
alter table public.documents enable row level security;
alter table public.document_comments enable row level security;

grant select, update (name) on public.teams to authenticated;
grant select, insert, delete, update (role) on public.team_members to authenticated;
grant select, insert, delete, update (title, body, locked) on public.documents to authenticated;
grant select, insert, delete on public.document_comments to authenticated;

create policy "members see their teams" on public.teams for select to authenticated
  using ((select private.is_member(id)) or owner_id = (select auth.uid()));
create policy "admins rename" on public.teams for update to authenticated
  using (private.has_role(id, 'admin')) with check (private.has_role(id, 'admin'));

create policy "members see each other" on public.team_members for select to authenticated
  using (private.is_member(team_id));
create policy "admins invite" on public.team_members for insert to authenticated
  with check (private.has_role(team_id, 'admin') and role <> 'admin');
create policy "admins change others" on public.team_members for update to authenticated
  using (private.has_role(team_id, 'admin') and user_id <> (select auth.uid()))
  with check (private.has_role(team_id, 'admin') and user_id <> (select auth.uid()));
create policy "admins remove, members leave" on public.team_members for delete to authenticated
  using (user_id = (select auth.uid()) or private.has_role(team_id, 'admin'));

create policy "members read" on public.documents for select to authenticated
  using (team_id in (select m.team_id from public.team_members m where m.user_id = (select auth.uid())));
create policy "editors write" on public.documents for insert to authenticated
  with check (private.has_role(team_id, 'editor') and author_id = (select auth.uid()));
create policy "editors edit what is not locked" on public.documents for update to authenticated
  using (private.has_role(team_id, 'editor') and (not locked or private.has_role(team_id, 'admin')))
  with check (private.has_role(team_id, 'editor'));
create policy "admins delete" on public.documents for delete to authenticated
  using (private.has_role(team_id, 'admin'));

create policy "who reads the document reads its comments" on public.document_comments for select to authenticated
  using (exists (
    select 1 from public.documents d
    join public.team_members m on m.team_id = d.team_id
    where d.id = document_comments.document_id and m.user_id = (select auth.uid())
  ));
create policy "members comment" on public.document_comments for insert to authenticated
  with check (
    author_id = (select auth.uid())
    and exists (
      select 1 from public.documents d
      join public.team_members m on m.team_id = d.team_id
      where d.id = document_comments.document_id and m.user_id = (select auth.uid())
    )
  );
create policy "authors delete" on public.document_comments for delete to authenticated
  using (author_id = (select auth.uid()));
