-- All roles of the cluster. `pg_roles` instead of `pg_authid`: it is for everybody, and never shows a password.
select r.oid,
       r.rolname::text as name,
       r.rolsuper as superuser,
       r.rolbypassrls as bypass_rls,
       r.rolcanlogin as login,
       r.rolinherit as inherit,
       r.rolcreaterole as create_role,
       r.rolcreatedb as create_db,
       r.rolreplication as replication,
       r.rolconnlimit as connection_limit,
       r.rolvaliduntil::text as valid_until
from pg_catalog.pg_roles r
