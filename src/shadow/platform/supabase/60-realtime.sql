-- Schema realtime: what broadcast and presence authorization need, owned by supabase_realtime_admin.

create table realtime.messages (
    topic text not null,
    extension text not null,
    payload jsonb,
    event text,
    private boolean default false,
    updated_at timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id uuid not null default gen_random_uuid(),
    binary_payload bytea,
    primary key (id, inserted_at)
) partition by range (inserted_at);
-- pgwitness stand-in: the service adds a partition a day, here one takes every row
create table realtime.messages_default partition of realtime.messages default;
alter table realtime.messages enable row level security;
revoke all on realtime.messages, realtime.messages_default from postgres, dashboard_user;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;
grant all on realtime.messages to dashboard_user;

create type realtime.action as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'ERROR');
create type realtime.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
create type realtime.user_defined_filter as (column_name text, op realtime.equality_op, value text);

create table realtime.subscription (
    id bigint not null generated always as identity constraint pk_subscription primary key,
    subscription_id uuid not null,
    entity regclass not null,
    filters realtime.user_defined_filter[] not null default '{}',
    claims jsonb not null,
    created_at timestamp not null default timezone('utc', now()),
    action_filter text default '*'
);
grant select on realtime.subscription to anon, authenticated, service_role;

create table realtime.schema_migrations (
    version bigint not null primary key,
    inserted_at timestamp
);
revoke all on realtime.schema_migrations from postgres, dashboard_user;

create function realtime.topic() returns text language sql stable as $$
    select nullif(current_setting('realtime.topic', true), '')::text
$$;

create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql as $$
begin
    perform set_config('realtime.topic', topic, true);
    insert into realtime.messages (payload, event, topic, private, extension)
    values (payload, event, topic, private, 'broadcast');
exception when others then
    raise warning 'broadcast failed: %', sqlerrm;
end
$$;

create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
    level text default 'ROW'
) returns void language plpgsql as $$
begin
    perform realtime.send(
        jsonb_build_object(
            'schema', table_schema, 'table', table_name, 'operation', operation,
            'record', to_jsonb(new), 'old_record', to_jsonb(old)),
        event_name, topic_name);
end
$$;

alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages_default owner to supabase_realtime_admin;
alter table realtime.subscription owner to supabase_realtime_admin;
alter function realtime.topic() owner to supabase_realtime_admin;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
alter function realtime.broadcast_changes(text, text, text, text, text, record, record, text)
    owner to supabase_realtime_admin;
grant execute on all functions in schema realtime to postgres, anon, authenticated, service_role;
