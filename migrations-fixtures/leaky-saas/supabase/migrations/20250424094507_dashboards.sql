-- Views and functions behind the dashboards

-- One row per project with its task counts
create view public.project_overview as
select
  p.id as project_id,
  p.workspace_id,
  w.name as workspace_name,
  p.name as project_name,
  count(t.id) as task_count,
  count(t.id) filter (where t.status = 'done') as done_count,
  max(t.updated_at) as last_activity_at
from public.projects p
join public.workspaces w on w.id = p.workspace_id
left join public.tasks t on t.project_id = p.id
group by p.id, w.name;

grant select on public.project_overview to anon, authenticated;

-- Progress in percent, for the charts
create view public.project_progress with (security_invoker = on) as
select
  o.project_id,
  o.workspace_id,
  o.project_name,
  case when o.task_count = 0 then 0 else round(100.0 * o.done_count / o.task_count) end as percent_done
from public.project_overview o;

grant select on public.project_progress to authenticated;

-- Open tasks of the current user
create view public.my_tasks with (security_invoker = on) as
select t.id as task_id, t.workspace_id, t.project_id, t.assignee_id, t.title, t.status, t.due_on
from public.tasks t
where t.assignee_id = (select auth.uid())
  and t.status <> 'done';

grant select on public.my_tasks to authenticated;

-- Workspaces of the current user with their role, for the workspace switcher
create view public.my_workspaces as
select w.id as workspace_id, w.name, w.logo_url, m.role
from public.workspace_members m
join public.workspaces w on w.id = m.workspace_id
where m.user_id = auth.uid();

grant select on public.my_workspaces to authenticated;

-- Assignee picker
create view public.user_directory as
select
  u.id,
  u.email,
  u.raw_user_meta_data ->> 'full_name' as full_name,
  u.last_sign_in_at
from auth.users u;

grant select on public.user_directory to authenticated;

-- Usage per workspace, refreshed every night
create materialized view public.workspace_usage as
select
  w.id as workspace_id,
  w.name as workspace_name,
  count(distinct m.user_id) as member_count,
  count(distinct p.id) as project_count,
  coalesce(sum(a.byte_size), 0)::bigint as storage_bytes
from public.workspaces w
left join public.workspace_members m on m.workspace_id = w.id
left join public.projects p on p.workspace_id = w.id
left join public.attachments a on a.workspace_id = w.id
group by w.id, w.name;

create unique index workspace_usage_workspace_id_idx on public.workspace_usage (workspace_id);

grant select on public.workspace_usage to authenticated;

-- Member list with e-mail addresses for the settings page
create or replace function public.get_workspace_members(p_workspace_id uuid)
returns table (user_id uuid, email text, full_name text, role public.member_role)
language sql
stable
security definer
set search_path = ''
as $$
  select m.user_id, u.email::text, p.full_name, m.role
  from public.workspace_members m
  join auth.users u on u.id = m.user_id
  join public.profiles p on p.id = m.user_id
  where m.workspace_id = p_workspace_id
  order by m.joined_at;
$$;

-- Only signed-in users may call this
revoke execute on function public.get_workspace_members(uuid) from anon;
grant execute on function public.get_workspace_members(uuid) to authenticated;

-- Archive a project and close its open tasks
create or replace function public.archive_project(p_project_id uuid)
returns void
language plpgsql
security definer
as $$
declare
  v_workspace_id uuid;
begin
  select workspace_id into v_workspace_id from projects where id = p_project_id;

  if v_workspace_id is null
     or not has_workspace_role(v_workspace_id, array['owner', 'admin']::member_role[]) then
    raise exception 'not allowed' using errcode = '42501';
  end if;

  update projects set archived_at = now() where id = p_project_id;
  update tasks set status = 'done' where project_id = p_project_id and status <> 'done';
end;
$$;

revoke execute on function public.archive_project(uuid) from public, anon;
grant execute on function public.archive_project(uuid) to authenticated;
