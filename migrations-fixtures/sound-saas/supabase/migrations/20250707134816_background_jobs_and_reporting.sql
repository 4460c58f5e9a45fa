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

-- The BI tool reads the nightly totals, never the customers' rows
grant usage on schema public to reporting;
grant select on public.workspace_usage to reporting;

-- The worker sends digests and reminders
grant usage on schema public to app_worker;
grant insert on public.notifications to app_worker;

create policy "Worker can send digests and reminders"
  on public.notifications for insert
  to app_worker
  with check (kind in ('digest', 'reminder'));
