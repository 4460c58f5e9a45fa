-- Tables, views, materialized views, foreign tables and sequences outside the system schemas.
select c.oid,
       n.nspname::text as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       c.relowner as owner,
       coalesce(c.relacl, acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner))::text[] as acl,
       c.relrowsecurity as row_security,
       c.relforcerowsecurity as force_row_security,
       c.relispartition as is_partition,
       c.relpersistence = 'u' as unlogged,
       c.relreplident::text as replica_identity
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
