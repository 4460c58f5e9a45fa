-- Initial schema: profiles, workspaces, memberships and plans

create extension if not exists pgcrypto with schema extensions;

-- Nothing is exposed by default: every table and function below grants what its clients need
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;
alter default privileges in schema public grant all on tables to service_role;

-- Helpers of policies and triggers live outside the schemas that the Data API serves
create schema private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

create type public.member_role as enum ('owner', 'admin', 'member', 'guest');

-- ---------------------------------------------------------------------------
-- Profiles
-- ---------------------------------------------------------------------------
create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  full_name text not null default '',
  avatar_url text,
  timezone text not null default 'UTC',
  is_admin boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create or replace function private.touch_updated_at()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

create trigger profiles_touch_updated_at
  before update on public.profiles
  for each row execute function private.touch_updated_at();

-- Create a profile whenever somebody signs up
create or replace function private.handle_new_user()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.profiles (id, full_name, avatar_url)
  values (
    new.id,
    coalesce(new.raw_user_meta_data ->> 'full_name', ''),
    new.raw_user_meta_data ->> 'avatar_url'
  )
  on conflict (id) do nothing;
  return new;
end;
$$;

create trigger on_auth_user_created
  after insert on auth.users
  for each row execute function private.handle_new_user();

-- ---------------------------------------------------------------------------
-- Plans (public price list)
-- ---------------------------------------------------------------------------
create table public.plans (
  id text primary key,
  name text not null,
  monthly_price_cents integer not null check (monthly_price_cents >= 0),
  seat_limit integer,
  is_active boolean not null default true
);

-- ---------------------------------------------------------------------------
-- Workspaces and members
-- ---------------------------------------------------------------------------
create table public.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null check (char_length(name) between 1 and 120),
  logo_url text,
  plan_id text not null default 'free' references public.plans (id),
  intake_enabled boolean not null default false,
  created_by uuid not null references public.profiles (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table public.workspace_members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  role public.member_role not null default 'member',
  joined_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);

create index workspace_members_user_id_idx on public.workspace_members (user_id);

create trigger workspaces_touch_updated_at
  before update on public.workspaces
  for each row execute function private.touch_updated_at();

-- The creator of a workspace becomes its owner
create or replace function private.handle_new_workspace()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.workspace_members (workspace_id, user_id, role)
  values (new.id, new.created_by, 'owner');
  return new;
end;
$$;

create trigger on_workspace_created
  after insert on public.workspaces
  for each row execute function private.handle_new_workspace();

-- Membership helpers for policies. Security definer so that policies on
-- workspace_members can use them without recursing into themselves.
create or replace function private.is_member(p_workspace_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.workspace_members m
    where m.workspace_id = p_workspace_id
      and m.user_id = (select auth.uid())
  );
$$;

create or replace function private.is_admin(p_workspace_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.workspace_members m
    where m.workspace_id = p_workspace_id
      and m.user_id = (select auth.uid())
      and m.role in ('owner', 'admin')
  );
$$;

create or replace function private.is_owner(p_workspace_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.workspace_members m
    where m.workspace_id = p_workspace_id
      and m.user_id = (select auth.uid())
      and m.role = 'owner'
  );
$$;

create or replace function private.is_peer(p_user_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1
    from public.workspace_members mine
    join public.workspace_members theirs on theirs.workspace_id = mine.workspace_id
    where mine.user_id = (select auth.uid())
      and theirs.user_id = p_user_id
  );
$$;

revoke execute on all functions in schema private from public, anon;
grant execute on function private.is_member(uuid) to authenticated, service_role;
grant execute on function private.is_admin(uuid) to authenticated, service_role;
grant execute on function private.is_owner(uuid) to authenticated, service_role;
grant execute on function private.is_peer(uuid) to authenticated, service_role;

-- ---------------------------------------------------------------------------
-- Row level security
-- ---------------------------------------------------------------------------
alter table public.profiles enable row level security;
alter table public.plans enable row level security;
alter table public.workspaces enable row level security;
alter table public.workspace_members enable row level security;

create policy "Users can view profiles of their teammates"
  on public.profiles for select
  to authenticated
  using (id = (select auth.uid()) or private.is_peer(id));

create policy "Users can update their own profile"
  on public.profiles for update
  to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

create policy "Plans are public"
  on public.plans for select
  to anon, authenticated
  using (is_active);

create policy "Members can view their workspaces"
  on public.workspaces for select
  to authenticated
  using (created_by = (select auth.uid()) or private.is_member(id));

create policy "Users can create workspaces"
  on public.workspaces for insert
  to authenticated
  with check (created_by = (select auth.uid()));

create policy "Admins can update their workspaces"
  on public.workspaces for update
  to authenticated
  using (private.is_admin(id))
  with check (private.is_admin(id));

create policy "Owners can delete their workspaces"
  on public.workspaces for delete
  to authenticated
  using (private.is_owner(id));

create policy "Members can view the member list"
  on public.workspace_members for select
  to authenticated
  using (private.is_member(workspace_id));

create policy "Admins can add members"
  on public.workspace_members for insert
  to authenticated
  with check (
    role <> 'owner'
    and private.is_admin(workspace_id)
  );

create policy "Admins can change the role of other members"
  on public.workspace_members for update
  to authenticated
  using (
    role <> 'owner'
    and user_id <> (select auth.uid())
    and private.is_admin(workspace_id)
  )
  with check (
    role <> 'owner'
    and user_id <> (select auth.uid())
    and private.is_admin(workspace_id)
  );

create policy "Members can leave and admins can remove members"
  on public.workspace_members for delete
  to authenticated
  using (
    role <> 'owner'
    and (
      user_id = (select auth.uid())
      or private.is_admin(workspace_id)
    )
  );

-- ---------------------------------------------------------------------------
-- Grants. Only harmless columns can be updated: is_admin, keys and authorship
-- stay as they were created.
-- ---------------------------------------------------------------------------
grant select on public.profiles to authenticated;
grant update (full_name, avatar_url, timezone) on public.profiles to authenticated;

grant select on public.plans to anon, authenticated;

grant select, insert, delete on public.workspaces to authenticated;
grant update (name, logo_url, intake_enabled) on public.workspaces to authenticated;

grant select, insert, delete on public.workspace_members to authenticated;
grant update (role) on public.workspace_members to authenticated;
