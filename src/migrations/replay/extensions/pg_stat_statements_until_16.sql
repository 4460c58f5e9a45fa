create function extensions.pg_stat_statements_reset(userid oid default 0, dbid oid default 0, queryid bigint default 0) returns void language c volatile parallel safe strict as '$libdir/pg_stat_statements', 'pg_stat_statements_reset_1_7';
revoke all on function extensions.pg_stat_statements_reset(oid, oid, bigint) from public;
