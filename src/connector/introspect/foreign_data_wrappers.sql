-- Foreign-data wrappers; their options stay on the server.
select w.fdwname::text as name,
       w.fdwowner as owner,
       coalesce(w.fdwacl, acldefault('F', w.fdwowner))::text[] as acl
from pg_catalog.pg_foreign_data_wrapper w
