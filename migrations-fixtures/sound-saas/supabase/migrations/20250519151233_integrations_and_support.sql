-- Webhooks, API keys, CRM link, intake forms and support tickets

create extension if not exists postgres_fdw with schema extensions;

-- Outgoing webhooks
create table public.webhook_endpoints (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  url text not null check (url like 'https://%'),
  signing_secret text not null default encode(extensions.gen_random_bytes(24), 'hex'),
  events text[] not null default '{}',
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);

create index webhook_endpoints_workspace_id_idx on public.webhook_endpoints (workspace_id);

alter table public.webhook_endpoints enable row level security;

create policy "Admins can manage webhooks"
  on public.webhook_endpoints for all
  to authenticated
  using (private.is_admin(workspace_id))
  with check (private.is_admin(workspace_id));

-- The signing secret stays on the server
grant select (id, workspace_id, url, events, is_active, created_at)
  on public.webhook_endpoints to authenticated;
grant insert (workspace_id, url, events, is_active) on public.webhook_endpoints to authenticated;
grant update (url, events, is_active) on public.webhook_endpoints to authenticated;
grant delete on public.webhook_endpoints to authenticated;

-- API keys are only read by edge functions with the service role
create table public.api_keys (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  key_hash text not null,
  last_used_at timestamptz,
  created_at timestamptz not null default now()
);

alter table public.api_keys enable row level security;
revoke all on table public.api_keys from anon, authenticated;

-- Customer accounts live in the sales team's CRM database
create server crm_server
  foreign data wrapper postgres_fdw
  options (host '/cloudsql/taskflow-sales:europe-west1:crm', dbname 'crm', port '5432');

create user mapping for service_role
  server crm_server
  options (user 'crm_readonly');

create foreign table public.crm_accounts (
  account_id bigint not null,
  company_name text not null,
  contact_email text,
  annual_revenue_cents bigint,
  workspace_id uuid
)
  server crm_server
  options (schema_name 'sales', table_name 'accounts');

-- A foreign table has no row security: only the nightly sync with the service role reads it
revoke all on public.crm_accounts from anon, authenticated;

-- Public intake form: visitors leave a request for a workspace that enabled it
create table public.intake_submissions (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  email text not null,
  message text not null,
  status text not null default 'new' check (status in ('new', 'accepted', 'rejected')),
  created_at timestamptz not null default now()
);

create index intake_submissions_workspace_id_idx on public.intake_submissions (workspace_id);

create or replace function private.accepts_intake(p_workspace_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1 from public.workspaces w where w.id = p_workspace_id and w.intake_enabled
  );
$$;

revoke execute on function private.accepts_intake(uuid) from public;
grant execute on function private.accepts_intake(uuid) to anon, authenticated, service_role;

alter table public.intake_submissions enable row level security;

create policy "Visitors can submit"
  on public.intake_submissions for insert
  to anon, authenticated
  with check (status = 'new' and private.accepts_intake(workspace_id));

create policy "Members can view submissions"
  on public.intake_submissions for select
  to authenticated
  using (private.is_member(workspace_id));

create policy "Members can triage submissions"
  on public.intake_submissions for update
  to authenticated
  using (private.is_member(workspace_id))
  with check (private.is_member(workspace_id));

create policy "Admins can delete submissions"
  on public.intake_submissions for delete
  to authenticated
  using (private.is_admin(workspace_id));

grant insert (workspace_id, name, email, message) on public.intake_submissions to anon, authenticated;
grant select, delete on public.intake_submissions to authenticated;
grant update (status) on public.intake_submissions to authenticated;

-- Support tickets
create table public.support_tickets (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  requester_id uuid not null references public.profiles (id) on delete cascade,
  subject text not null,
  body text not null,
  status text not null default 'open' check (status in ('open', 'pending', 'closed')),
  created_at timestamptz not null default now()
);

create index support_tickets_workspace_id_idx on public.support_tickets (workspace_id);
create index support_tickets_requester_id_idx on public.support_tickets (requester_id);

alter table public.support_tickets enable row level security;

create policy "Requesters and admins can view tickets"
  on public.support_tickets for select
  to authenticated
  using (requester_id = (select auth.uid()) or private.is_admin(workspace_id));

create policy "Members can open tickets"
  on public.support_tickets for insert
  to authenticated
  with check (requester_id = (select auth.uid()) and private.is_member(workspace_id));

-- The support team answers with the service role
grant select, insert on public.support_tickets to authenticated;
