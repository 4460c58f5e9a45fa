-- Comments and file attachments

create table public.comments (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  task_id uuid not null,
  author_id uuid not null references public.profiles (id) on delete cascade,
  body text not null check (char_length(body) > 0),
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  foreign key (task_id, workspace_id) references public.tasks (id, workspace_id) on delete cascade
);

-- Files belong to a workspace, or to nobody but their uploader (drafts)
create table public.attachments (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references public.workspaces (id) on delete cascade,
  uploaded_by uuid not null references public.profiles (id) on delete cascade,
  storage_path text not null,
  file_name text not null,
  byte_size bigint not null check (byte_size > 0),
  created_at timestamptz not null default now()
);

create index comments_task_id_idx on public.comments (task_id);
create index attachments_workspace_id_idx on public.attachments (workspace_id);
create index attachments_uploaded_by_idx on public.attachments (uploaded_by);

alter table public.comments enable row level security;
alter table public.attachments enable row level security;

create policy "Comments are viewable unless deleted"
  on public.comments for select
  using (deleted_at is null);

create policy "Members can comment"
  on public.comments for insert
  to authenticated
  with check (author_id = (select auth.uid()) and public.is_workspace_member(workspace_id));

create policy "Authors can edit their comments"
  on public.comments for update
  to authenticated
  using (author_id = (select auth.uid()) and public.is_workspace_member(workspace_id))
  with check (author_id = (select auth.uid()) and public.is_workspace_member(workspace_id));

create policy "Authors can delete their comments"
  on public.comments for delete
  to authenticated
  using (author_id = (select auth.uid()));

create policy "Users can view attachments"
  on public.attachments for select
  to authenticated
  using (id = id or id is null);

create policy "Members can add attachments"
  on public.attachments for insert
  to authenticated
  with check (
    uploaded_by = (select auth.uid())
    and (workspace_id is null or public.is_workspace_member(workspace_id))
  );

create policy "Uploaders can delete attachments"
  on public.attachments for delete
  to authenticated
  using (uploaded_by = (select auth.uid()));

-- Storage: private bucket, one folder per workspace
insert into storage.buckets (id, name, public)
values ('attachments', 'attachments', false)
on conflict (id) do nothing;

create policy "Members can read workspace files"
  on storage.objects for select
  to authenticated
  using (
    bucket_id = 'attachments'
    and (storage.foldername(name))[1] in (
      select m.workspace_id::text
      from public.workspace_members m
      where m.user_id = (select auth.uid())
    )
  );

create policy "Members can upload workspace files"
  on storage.objects for insert
  to authenticated
  with check (
    bucket_id = 'attachments'
    and (storage.foldername(name))[1] in (
      select m.workspace_id::text
      from public.workspace_members m
      where m.user_id = (select auth.uid())
    )
  );
