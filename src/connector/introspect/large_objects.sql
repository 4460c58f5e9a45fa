-- Large objects by owner and grants: there may be millions.
select g.owner,
       coalesce(g.acl, acldefault('L', g.owner))::text[] as acl,
       g.count
from (
    select m.lomowner as owner, m.lomacl as acl, count(*) as count
    from pg_catalog.pg_largeobject_metadata m
    group by m.lomowner, m.lomacl
) g
