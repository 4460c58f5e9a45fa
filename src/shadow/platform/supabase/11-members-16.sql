-- What `postgres` is a member of, from Postgres 16 on: CREATEROLE alone no longer lets it hand roles on, so the platform
-- gives it the admin option.
grant anon, authenticated, service_role, authenticator, pg_monitor, pg_read_all_data, pg_signal_backend
    to postgres with admin option;
grant pg_create_subscription to postgres with admin option;
