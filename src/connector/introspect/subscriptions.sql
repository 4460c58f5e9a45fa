-- Subscriptions of this database. Their connection strings hold passwords and are never read.
select s.subname::text as name,
       s.subowner as owner,
       s.subenabled as enabled,
       s.subpublications as publications,
       s.subrunasowner as run_as_owner, --@ 16..
       true as run_as_owner, --@ ..15
       s.subpasswordrequired as password_required --@ 16..
       true as password_required --@ ..15
from pg_catalog.pg_subscription s
where s.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
