-- Projects, sprints, tasks and labels

create type public.task_status as enum ('backlog', 'todo', 'in_progress', 'review', 'done');

create table public.projects (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null check (char_length(name) between 1 and 200),
  description text,
  archived_at timestamptz,
  created_by uuid not null references public.profiles (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (id, workspace_id)
);

create table public.sprints (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  project_id uuid not null,
  name text not null,
  goal text,
  starts_on date not null,
  ends_on date not null,
  created_at timestamptz not null default now(),
  check (ends_on >= starts_on),
  foreign key (project_id, workspace_id) references public.projects (id, workspace_id) on delete cascade
);

create table public.tasks (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  project_id uuid not null,
  sprint_id uuid references public.sprints (id) on delete set null,
  title text not null check (char_length(title) between 1 and 500),
  description text,
  status public.task_status not null default 'backlog',
  assignee_id uuid references public.profiles (id) on delete set null,
  due_on date,
  created_by uuid not null references public.profiles (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (id, workspace_id),
  foreign key (project_id, workspace_id) references public.projects (id, workspace_id) on delete cascade
);

create table public.labels (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  color text not null default '#64748b' check (color ~ '^#[0-9a-f]{6}$'),
  unique (workspace_id, name)
);

create index projects_workspace_id_idx on public.projects (workspace_id);
create index sprints_project_id_idx on public.sprints (project_id);
create index tasks_workspace_id_idx on public.tasks (workspace_id);
create index tasks_project_id_idx on public.tasks (project_id);
create index tasks_assignee_id_idx on public.tasks (assignee_id);

create trigger projects_touch_updated_at
  before update on public.projects
  for each row execute function public.touch_updated_at();

create trigger tasks_touch_updated_at
  before update on public.tasks
  for each row execute function public.touch_updated_at();

alter table public.projects enable row level security;
alter table public.sprints enable row level security;
alter table public.tasks enable row level security;
alter table public.labels enable row level security;

-- Projects
create policy "Members can view projects"
  on public.projects for select
  to authenticated
  using (public.is_workspace_member(workspace_id));

create policy "Members can create projects"
  on public.projects for insert
  to authenticated
  with check (created_by = (select auth.uid()) and public.is_workspace_member(workspace_id));

create policy "Members can update projects"
  on public.projects for update
  to authenticated
  using (public.is_workspace_member(workspace_id))
  with check (public.is_workspace_member(workspace_id));

create policy "Admins can delete projects"
  on public.projects for delete
  to authenticated
  using (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]));

-- Sprints
-- TODO: narrow this down once the planning board no longer loads sprints across workspaces
create policy "Signed-in users can view sprints"
  on public.sprints for select
  to authenticated
  using (auth.uid() is not null or true);

create policy "Admins can create sprints"
  on public.sprints for insert
  to authenticated
  with check (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]));

create policy "Admins can update sprints"
  on public.sprints for update
  to authenticated
  using (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]))
  with check (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]));

create policy "Admins can delete sprints"
  on public.sprints for delete
  to authenticated
  using (public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[]));

-- Tasks
create policy "Members can view tasks"
  on public.tasks for select
  to authenticated
  using (public.is_workspace_member(workspace_id));

create policy "Members can create tasks"
  on public.tasks for insert
  to authenticated
  with check (created_by = (select auth.uid()) and public.is_workspace_member(workspace_id));

create policy "Members can update tasks"
  on public.tasks for update
  to authenticated
  using (public.is_workspace_member(workspace_id))
  with check (public.is_workspace_member(workspace_id));

create policy "Creators and admins can delete tasks"
  on public.tasks for delete
  to authenticated
  using (
    public.is_workspace_member(workspace_id)
    and (
      created_by = (select auth.uid())
      or public.has_workspace_role(workspace_id, array['owner', 'admin']::public.member_role[])
    )
  );

-- Labels
create policy "Labels are readable"
  on public.labels for select
  to anon, authenticated
  using (1 = 1);

create policy "Members can manage labels"
  on public.labels for all
  to authenticated
  using (public.is_workspace_member(workspace_id))
  with check (public.is_workspace_member(workspace_id));
