-- Security review: API clients never need these
revoke truncate, references, trigger on all tables in schema public from anon, authenticated;

-- Columns that clients may change; keys and authorship stay as they were created
revoke update on
  public.workspaces,
  public.workspace_members,
  public.projects,
  public.tasks,
  public.notifications
from anon, authenticated;
grant update (name, logo_url, intake_enabled) on public.workspaces to authenticated;
grant update (role) on public.workspace_members to authenticated;
grant update (name, description, archived_at) on public.projects to authenticated;
grant update (title, description, status, sprint_id, assignee_id, due_on) on public.tasks to authenticated;
grant update (read_at) on public.notifications to authenticated;

-- Views are read-only
revoke insert, update, delete on
  public.project_overview,
  public.project_progress,
  public.my_tasks,
  public.my_workspaces,
  public.user_directory
from anon, authenticated;
