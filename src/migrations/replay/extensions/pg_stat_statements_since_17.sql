create function extensions.pg_stat_statements_reset(userid oid default 0, dbid oid default 0, queryid bigint default 0, minmax_only boolean default false) returns timestamptz language c volatile parallel safe strict as '$libdir/pg_stat_statements', 'pg_stat_statements_reset_1_11';
revoke all on function extensions.pg_stat_statements_reset(oid, oid, bigint, boolean) from public;
