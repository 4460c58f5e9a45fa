-- Pondside: a social application with private profiles, follows and blocks

alter default privileges in schema public revoke all on tables from anon, authenticated;
alter default privileges in schema public revoke all on sequences from anon, authenticated;
alter default privileges in schema public revoke all on functions from anon, authenticated;
alter default privileges revoke execute on functions from public;

create schema private;
revoke all on schema private from public;
grant usage on schema private to anon, authenticated;

create type public.audience as enum ('everyone', 'followers', 'self');

create table public.people (
  id uuid primary key references auth.users (id) on delete cascade,
  handle text not null unique check (handle ~ '^[a-z0-9_]{3,30}$'),
  bio text not null default '',
  is_private boolean not null default false
);

create table public.follows (
  follower uuid not null references public.people (id) on delete cascade,
  followed uuid not null references public.people (id) on delete cascade,
  accepted boolean not null default false,
  primary key (follower, followed),
  check (follower <> followed)
);

create table public.blocks (
  blocker uuid not null references public.people (id) on delete cascade,
  blocked uuid not null references public.people (id) on delete cascade,
  primary key (blocker, blocked)
);

create table public.posts (
  id bigint generated always as identity primary key,
  author uuid not null references public.people (id) on delete cascade,
  body text not null,
  shown_to public.audience not null default 'followers',
  created_at timestamptz not null default now()
);

create table public.likes (
  post_id bigint not null references public.posts (id) on delete cascade,
  person uuid not null references public.people (id) on delete cascade,
  primary key (post_id, person)
);

create table public.direct_messages (
  id bigint generated always as identity primary key,
  sender uuid not null references public.people (id) on delete cascade,
  recipient uuid not null references public.people (id) on delete cascade,
  body text not null,
  read_at timestamptz
);

-- Blocks are nobody's business, so that only a definer function can look both ways
create function private.blocked_between(a uuid, b uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select 1 from public.blocks k
    where (k.blocker = a and k.blocked = b) or (k.blocker = b and k.blocked = a)
  )
$$;

create function private.follows(a uuid, b uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (select 1 from public.follows f where f.follower = a and f.followed = b and f.accepted)
$$;

grant execute on function private.blocked_between(uuid, uuid), private.follows(uuid, uuid) to authenticated;

alter table public.people enable row level security;
alter table public.follows enable row level security;
alter table public.blocks enable row level security;
alter table public.posts enable row level security;
alter table public.likes enable row level security;
alter table public.direct_messages enable row level security;

grant select, update (bio, is_private) on public.people to authenticated;
grant select, insert, delete, update (accepted) on public.follows to authenticated;
grant select, insert, delete on public.blocks to authenticated;
grant select, insert, delete on public.likes to authenticated;
grant select on public.posts to anon;
grant select, insert, delete, update (body, shown_to) on public.posts to authenticated;
grant select, insert, delete, update (read_at) on public.direct_messages to authenticated;

create policy "people see who has not blocked them" on public.people for select to authenticated
  using (id = (select auth.uid()) or not private.blocked_between(id, (select auth.uid())));
create policy "people edit themselves" on public.people for update to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));

create policy "both ends see a follow" on public.follows for select to authenticated
  using ((select auth.uid()) in (follower, followed));
create policy "ask to follow" on public.follows for insert to authenticated
  with check (
    follower = (select auth.uid()) and not accepted and not private.blocked_between(follower, followed)
  );
create policy "the followed accept" on public.follows for update to authenticated
  using (followed = (select auth.uid())) with check (followed = (select auth.uid()));
create policy "both ends end a follow" on public.follows for delete to authenticated
  using ((select auth.uid()) in (follower, followed));

create policy "own blocks" on public.blocks for all to authenticated
  using (blocker = (select auth.uid())) with check (blocker = (select auth.uid()));

create policy "visitors read what is for everyone" on public.posts for select to anon
  using (shown_to = 'everyone');
create policy "people read what is for them" on public.posts for select to authenticated
  using (
    author = (select auth.uid())
    or (
      not private.blocked_between(author, (select auth.uid()))
      and (shown_to = 'everyone' or (shown_to = 'followers' and private.follows((select auth.uid()), author)))
    )
  );
create policy "authors write" on public.posts for insert to authenticated with check (author = (select auth.uid()));
create policy "authors edit" on public.posts for update to authenticated
  using (author = (select auth.uid())) with check (author = (select auth.uid()));
create policy "authors delete" on public.posts for delete to authenticated using (author = (select auth.uid()));

create policy "own likes and likes of own posts" on public.likes for select to authenticated
  using (
    person = (select auth.uid())
    or exists (select 1 from public.posts p where p.id = likes.post_id and p.author = (select auth.uid()))
  );
-- The sub-select is read under the policies of posts: what one may not read one may not like
create policy "like what one may read" on public.likes for insert to authenticated
  with check (person = (select auth.uid()) and post_id in (select p.id from public.posts p));
create policy "unlike" on public.likes for delete to authenticated using (person = (select auth.uid()));

create policy "both ends read" on public.direct_messages for select to authenticated
  using ((select auth.uid()) = sender or (select auth.uid()) = recipient);
create policy "write to whom one has no block with" on public.direct_messages for insert to authenticated
  with check (
    sender = (select auth.uid()) and read_at is null and not private.blocked_between(sender, recipient)
  );
create policy "the recipient marks as read" on public.direct_messages for update to authenticated
  using (recipient = (select auth.uid())) with check (recipient = (select auth.uid()));
create policy "the sender takes back what is unread" on public.direct_messages for delete to authenticated
  using (sender = (select auth.uid()) and read_at is null);
