-- The database that we are in.
select d.datname::text as name,
       d.datdba as owner,
       coalesce(d.datacl, acldefault('d', d.datdba))::text[] as acl
from pg_catalog.pg_database d
where d.datname = current_database()
