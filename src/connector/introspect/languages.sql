-- Languages; the built-in ones too, for they carry grants as well.
select l.lanname::text as name,
       l.lanowner as owner,
       l.lanpltrusted as trusted,
       coalesce(l.lanacl, acldefault('l', l.lanowner))::text[] as acl
from pg_catalog.pg_language l
