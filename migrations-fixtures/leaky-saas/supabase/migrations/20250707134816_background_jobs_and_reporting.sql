-- Roles for the BI tool and the background worker. Passwords are set out of band.

do $$
begin
  if not exists (select 1 from pg_roles where rolname = 'reporting') then
    create role reporting login;
  end if;
  if not exists (select 1 from pg_roles where rolname = 'app_worker') then
    create role app_worker login noinherit;
  end if;
end
$$;

-- The BI tool reports over all workspaces
alter role reporting bypassrls;
grant usage on schema public to reporting;
grant select on all tables in schema public to reporting;

-- The worker sends digests and reminders
grant service_role to app_worker;
grant usage on schema public to app_worker;
grant insert on public.notifications to app_worker;

create policy "Worker can send digests and reminders"
  on public.notifications for insert
  to app_worker
  with check (kind in ('digest', 'reminder'));

-- The offline timer syncs whole sheets
grant all on public.time_entries to authenticated;
