-- The server of each foreign table.
select f.ftrelid as relation,
       s.srvname::text as server
from pg_catalog.pg_foreign_table f
join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
