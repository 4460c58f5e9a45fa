-- Time tracking and the activity log

create table public.time_entries (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  task_id uuid not null,
  user_id uuid not null references public.profiles (id) on delete cascade,
  started_at timestamptz not null,
  stopped_at timestamptz,
  note text,
  check (stopped_at is null or stopped_at >= started_at),
  foreign key (task_id, workspace_id) references public.tasks (id, workspace_id) on delete cascade
);

create index time_entries_user_id_idx on public.time_entries (user_id);
create index time_entries_workspace_id_idx on public.time_entries (workspace_id);

alter table public.time_entries enable row level security;

create policy "Users see their time, admins everybody's"
  on public.time_entries for select
  to authenticated
  using (
    user_id = (select auth.uid())
    or private.is_admin(workspace_id)
  );

create policy "Members can track time"
  on public.time_entries for insert
  to authenticated
  with check (user_id = (select auth.uid()) and private.is_member(workspace_id));

create policy "Users can correct their time"
  on public.time_entries for update
  to authenticated
  using (user_id = (select auth.uid()) and private.is_member(workspace_id))
  with check (user_id = (select auth.uid()) and private.is_member(workspace_id));

create policy "Users can delete their time"
  on public.time_entries for delete
  to authenticated
  using (user_id = (select auth.uid()));

-- Activity log, partitioned by quarter so that old quarters can be dropped cheaply
create table public.activity_log (
  id uuid not null default gen_random_uuid(),
  workspace_id uuid not null,
  actor_id uuid,
  action text not null,
  subject_id uuid,
  details jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (id, created_at)
) partition by range (created_at);

create table public.activity_log_2025_q3 partition of public.activity_log
  for values from ('2025-07-01') to ('2025-10-01');

create table public.activity_log_2025_q4 partition of public.activity_log
  for values from ('2025-10-01') to ('2026-01-01');

create table public.activity_log_default partition of public.activity_log default;

create index activity_log_workspace_id_idx on public.activity_log (workspace_id, created_at desc);

-- The API reads through the parent; the partitions themselves stay closed
alter table public.activity_log enable row level security;
alter table public.activity_log_2025_q3 enable row level security;
alter table public.activity_log_2025_q4 enable row level security;
alter table public.activity_log_default enable row level security;
revoke all on
  public.activity_log_2025_q3,
  public.activity_log_2025_q4,
  public.activity_log_default
from anon, authenticated;

create policy "Members can view the activity of their workspace"
  on public.activity_log for select
  to authenticated
  using (private.is_member(workspace_id));

-- Grants
grant select, insert, delete on public.time_entries to authenticated;
grant update (started_at, stopped_at, note) on public.time_entries to authenticated;

grant select on public.activity_log to authenticated;

-- Written by triggers only
create or replace function private.log_task_activity()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.activity_log (workspace_id, actor_id, action, subject_id, details)
  values (
    new.workspace_id,
    auth.uid(),
    case tg_op when 'INSERT' then 'task.created' else 'task.updated' end,
    new.id,
    jsonb_build_object('title', new.title, 'status', new.status)
  );
  return new;
end;
$$;

create trigger tasks_log_activity
  after insert or update on public.tasks
  for each row execute function private.log_task_activity();
