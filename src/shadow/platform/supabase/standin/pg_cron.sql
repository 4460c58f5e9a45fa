-- pgwitness stand-in for pg_cron: jobs are recorded and never run.
create schema if not exists cron;
create table cron.job (
    jobid bigserial primary key, schedule text not null, command text not null, nodename text not null default 'localhost',
    nodeport integer not null default 5432, database text not null default current_database(),
    username text not null default current_user, active boolean not null default true, jobname text,
    constraint jobname_username_uniq unique (jobname, username)
);
create table cron.job_run_details (
    jobid bigint, runid bigserial primary key, job_pid integer, database text, username text, command text, status text,
    return_message text, start_time timestamptz, end_time timestamptz
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql security definer set search_path = cron as $$
declare
    id bigint;
begin
    insert into cron.job (jobname, schedule, command) values (job_name, schedule, command)
    on conflict on constraint jobname_username_uniq
        do update set schedule = excluded.schedule, command = excluded.command
    returning jobid into id;
    return id;
end
$$;
create function cron.schedule(schedule text, command text) returns bigint
language sql security definer set search_path = cron as $$
    insert into cron.job (schedule, command) values (schedule, command) returning jobid
$$;
create function cron.schedule_in_database(
    job_name text, schedule text, command text, database text, username text default null, active boolean default true
) returns bigint language sql security definer set search_path = cron as $$
    insert into cron.job (jobname, schedule, command, database, username, active)
    values (job_name, schedule, command, database, coalesce(username, current_user), active) returning jobid
$$;
create function cron.unschedule(job_id bigint) returns boolean
language sql security definer set search_path = cron as $$
    delete from cron.job where jobid = job_id; select true
$$;
create function cron.unschedule(job_name text) returns boolean
language sql security definer set search_path = cron as $$
    delete from cron.job where jobname = job_name; select true
$$;
create function cron.alter_job(
    job_id bigint, schedule text default null, command text default null, database text default null,
    username text default null, active boolean default null
) returns void language sql security definer set search_path = cron as $$
    update cron.job j
    set schedule = coalesce(alter_job.schedule, j.schedule), command = coalesce(alter_job.command, j.command),
        active = coalesce(alter_job.active, j.active)
    where j.jobid = job_id
$$;
grant usage on schema cron to postgres with grant option;
grant select on cron.job to postgres with grant option;
grant all on cron.job_run_details to postgres with grant option;
grant execute on all functions in schema cron to postgres with grant option;
