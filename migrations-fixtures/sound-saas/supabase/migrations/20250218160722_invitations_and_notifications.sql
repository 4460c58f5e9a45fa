-- Invitations and in-app notifications

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  email text not null,
  role public.member_role not null default 'member' check (role <> 'owner'),
  token uuid not null default gen_random_uuid(),
  invited_by uuid not null references public.profiles (id),
  accepted_at timestamptz,
  expires_at timestamptz not null default now() + interval '7 days',
  created_at timestamptz not null default now()
);

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  kind text not null check (kind in ('mention', 'assignment', 'digest', 'reminder')),
  message text not null,
  read_at timestamptz,
  created_at timestamptz not null default now()
);

create index invitations_workspace_id_idx on public.invitations (workspace_id);
create index notifications_user_id_idx on public.notifications (user_id);

alter table public.invitations enable row level security;

create policy "Admins can view invitations"
  on public.invitations for select
  to authenticated
  using (private.is_admin(workspace_id));

create policy "Admins can invite"
  on public.invitations for insert
  to authenticated
  with check (
    invited_by = (select auth.uid())
    and private.is_admin(workspace_id)
  );

create policy "Admins can withdraw invitations"
  on public.invitations for delete
  to authenticated
  using (private.is_admin(workspace_id));

alter table public.notifications enable row level security;

create policy "Users can view their notifications"
  on public.notifications for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "Users can mark their notifications as read"
  on public.notifications for update
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

create policy "Users can delete their notifications"
  on public.notifications for delete
  to authenticated
  using (user_id = (select auth.uid()));

-- Grants. The token of an invitation goes out by e-mail and is never served.
grant select (id, workspace_id, email, role, invited_by, accepted_at, expires_at, created_at)
  on public.invitations to authenticated;
grant insert (workspace_id, email, role, invited_by) on public.invitations to authenticated;
grant delete on public.invitations to authenticated;

grant select, delete on public.notifications to authenticated;
grant update (read_at) on public.notifications to authenticated;

-- Accept an invitation that was sent to the caller's confirmed address
create or replace function public.accept_invitation(p_token uuid)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_invitation public.invitations;
begin
  select i.* into v_invitation
  from public.invitations i
  join auth.users u on lower(u.email) = lower(i.email)
  where i.token = p_token
    and i.accepted_at is null
    and i.expires_at > now()
    and u.id = auth.uid()
    and u.email_confirmed_at is not null
  for update of i;

  if not found then
    raise exception 'invitation not found or expired' using errcode = 'P0002';
  end if;

  insert into public.workspace_members (workspace_id, user_id, role)
  values (v_invitation.workspace_id, auth.uid(), v_invitation.role)
  on conflict (workspace_id, user_id) do nothing;

  update public.invitations set accepted_at = now() where id = v_invitation.id;

  return v_invitation.workspace_id;
end;
$$;

revoke execute on function public.accept_invitation(uuid) from public, anon;
grant execute on function public.accept_invitation(uuid) to authenticated;
