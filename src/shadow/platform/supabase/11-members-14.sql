-- What `postgres` is a member of, before Postgres 16: CREATEROLE alone lets it hand roles on.
grant anon, authenticated, service_role, authenticator, pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
