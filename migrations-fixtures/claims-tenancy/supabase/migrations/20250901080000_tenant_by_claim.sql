-- Tenders: a tender platform whose tenant is a claim of the token (app_metadata.org_id), set by the back end

alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;

create schema private;
revoke all on schema private from public;
grant usage on schema private to authenticated;

-- The organisation of whoever asks; NULL without one, which no comparison matches
create function private.org_id()
returns uuid
language sql
stable
set search_path = ''
as $$
  select (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid
$$;

create function private.is_manager()
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce(auth.jwt() -> 'app_metadata' ->> 'role', '') = 'manager'
$$;

grant execute on function private.org_id(), private.is_manager() to authenticated;

create table public.organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_at timestamptz not null default now()
);

create table public.tenders (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.organizations (id) on delete cascade,
  title text not null check (title <> ''),
  budget_cents bigint check (budget_cents >= 0),
  status text not null default 'draft' check (status in ('draft', 'open', 'closed')),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  unique (id, org_id)
);

create table public.bids (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null,
  tender_id uuid not null,
  amount_cents bigint not null check (amount_cents > 0),
  note text,
  created_by uuid not null,
  foreign key (tender_id, org_id) references public.tenders (id, org_id) on delete cascade
);

create table public.org_settings (
  org_id uuid primary key references public.organizations (id) on delete cascade,
  locale text not null default 'en',
  approval_limit_cents bigint not null default 0
);

alter table public.organizations enable row level security;
alter table public.tenders enable row level security;
alter table public.bids enable row level security;
alter table public.org_settings enable row level security;

grant select on public.organizations to authenticated;
grant select, insert, update, delete on public.tenders, public.bids to authenticated;
grant select, update on public.org_settings to authenticated;

-- The floor under everything: whatever a permissive policy says, rows stay within the tenant
create policy "own organisation only" on public.organizations as restrictive for all to authenticated
  using (id = (select private.org_id()));
create policy "own organisation only" on public.tenders as restrictive for all to authenticated
  using (org_id = (select private.org_id()));
create policy "own organisation only" on public.bids as restrictive for all to authenticated
  using (org_id = (select private.org_id()));
create policy "own organisation only" on public.org_settings as restrictive for all to authenticated
  using (org_id = (select private.org_id()));

create policy "see the organisation" on public.organizations for select to authenticated
  using (id = (select private.org_id()));

create policy "see tenders" on public.tenders for select to authenticated
  using (org_id = (select private.org_id()));
create policy "draft tenders" on public.tenders for insert to authenticated
  with check (org_id = (select private.org_id()) and created_by = (select auth.uid()) and status = 'draft');
create policy "authors edit drafts, managers everything" on public.tenders for update to authenticated
  using (
    org_id = (select private.org_id())
    and ((created_by = (select auth.uid()) and status = 'draft') or (select private.is_manager()))
  )
  with check (
    org_id = (select private.org_id())
    and ((created_by = (select auth.uid()) and status = 'draft') or (select private.is_manager()))
  );
create policy "managers delete drafts" on public.tenders for delete to authenticated
  using (org_id = (select private.org_id()) and status = 'draft' and (select private.is_manager()));

create policy "see bids" on public.bids for select to authenticated
  using (org_id = (select private.org_id()) and (created_by = (select auth.uid()) or (select private.is_manager())));
create policy "bid" on public.bids for insert to authenticated
  with check (org_id = (select private.org_id()) and created_by = (select auth.uid()));
create policy "change an own bid" on public.bids for update to authenticated
  using (org_id = (select private.org_id()) and created_by = (select auth.uid()))
  with check (org_id = (select private.org_id()) and created_by = (select auth.uid()));
create policy "withdraw an own bid" on public.bids for delete to authenticated
  using (org_id = (select private.org_id()) and created_by = (select auth.uid()));

create policy "see settings" on public.org_settings for select to authenticated
  using (org_id = (select private.org_id()));
create policy "managers change settings" on public.org_settings for update to authenticated
  using (org_id = (select private.org_id()) and (select private.is_manager()))
  with check (org_id = (select private.org_id()) and (select private.is_manager()));
