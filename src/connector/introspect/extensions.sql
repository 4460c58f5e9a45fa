-- Installed extensions, with the version that the server's files would give.
select e.extname::text as name,
       n.nspname::text as schema,
       e.extowner as owner,
       e.extversion as version,
       a.default_version as available
from pg_catalog.pg_extension e
left join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join pg_catalog.pg_available_extensions a on a.name = e.extname
