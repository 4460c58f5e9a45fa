create function extensions.postgres_fdw_handler() returns fdw_handler language c strict as '$libdir/postgres_fdw', 'postgres_fdw_handler';
create function extensions.postgres_fdw_validator(text[], oid) returns void language c strict as '$libdir/postgres_fdw', 'postgres_fdw_validator';
create function extensions.postgres_fdw_disconnect(text) returns boolean language c strict as '$libdir/postgres_fdw', 'postgres_fdw_disconnect';
create function extensions.postgres_fdw_disconnect_all() returns boolean language c strict as '$libdir/postgres_fdw', 'postgres_fdw_disconnect_all';
create foreign data wrapper postgres_fdw handler extensions.postgres_fdw_handler validator extensions.postgres_fdw_validator;
