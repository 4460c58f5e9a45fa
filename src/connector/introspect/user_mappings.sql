-- User mappings, from the view that is for everybody; their options are never read.
select m.srvname::text as server,
       m.umuser as "user"
from pg_catalog.pg_user_mappings m
