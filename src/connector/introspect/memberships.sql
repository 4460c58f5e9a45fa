-- Who is a member of what. Before PostgreSQL 16 the member's own INHERIT decides, and SET ROLE is always allowed.
select m.roleid as role,
       m.member,
       m.grantor,
       m.admin_option as admin,
       m.inherit_option as inherit, --@ 16..
       m.set_option as set --@ 16..
       coalesce(r.rolinherit, true) as inherit, --@ ..15
       true as set --@ ..15
from pg_catalog.pg_auth_members m
left join pg_catalog.pg_roles r on r.oid = m.member --@ ..15
