-- Parameters that somebody was granted.
select p.parname as name, --@ 15..
       p.paracl::text[] as acl --@ 15..
from pg_catalog.pg_parameter_acl p --@ 15..
select null::text as name, null::text[] as acl where false --@ ..14
