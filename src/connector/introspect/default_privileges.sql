-- ALTER DEFAULT PRIVILEGES.
select d.defaclrole as role,
       n.nspname::text as schema,
       d.defaclobjtype::text as object,
       d.defaclacl::text[] as acl
from pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
