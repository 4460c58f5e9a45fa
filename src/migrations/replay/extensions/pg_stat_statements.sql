-- The views and functions of pg_stat_statements, as its manual lists them; columns that not every version has apart.
create function extensions.pg_stat_statements(showtext boolean) returns setof record language c volatile parallel safe strict as '$libdir/pg_stat_statements', 'pg_stat_statements';
create function extensions.pg_stat_statements_info(out dealloc bigint, out stats_reset timestamptz) returns record language c volatile parallel safe strict as '$libdir/pg_stat_statements', 'pg_stat_statements_info';
create view extensions.pg_stat_statements_info as select dealloc, stats_reset from extensions.pg_stat_statements_info();
create view extensions.pg_stat_statements as select
  0::oid as userid, 0::oid as dbid, true as toplevel, 0::bigint as queryid, ''::text as query, 0::bigint as plans,
  0::float8 as total_plan_time, 0::float8 as min_plan_time, 0::float8 as max_plan_time, 0::float8 as mean_plan_time,
  0::float8 as stddev_plan_time, 0::bigint as calls, 0::float8 as total_exec_time, 0::float8 as min_exec_time,
  0::float8 as max_exec_time, 0::float8 as mean_exec_time, 0::float8 as stddev_exec_time, 0::bigint as rows,
  0::bigint as shared_blks_hit, 0::bigint as shared_blks_read, 0::bigint as shared_blks_dirtied,
  0::bigint as shared_blks_written, 0::bigint as local_blks_hit, 0::bigint as local_blks_read,
  0::bigint as local_blks_dirtied, 0::bigint as local_blks_written, 0::bigint as temp_blks_read,
  0::bigint as temp_blks_written, 0::bigint as wal_records, 0::bigint as wal_fpi, 0::numeric as wal_bytes;
grant select on extensions.pg_stat_statements, extensions.pg_stat_statements_info to public;
