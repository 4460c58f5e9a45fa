-- All namespaces but those of TOAST and temporary tables.
select n.oid,
       n.nspname::text as name,
       n.nspowner as owner,
       coalesce(n.nspacl, acldefault('n', n.nspowner))::text[] as acl
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
