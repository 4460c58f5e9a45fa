-- Foreign servers. Only the names of their options leave the server: values may be secrets.
select s.srvname::text as name,
       w.fdwname::text as wrapper,
       s.srvowner as owner,
       coalesce(s.srvacl, acldefault('S', s.srvowner))::text[] as acl,
       array(select split_part(option, '=', 1) from unnest(s.srvoptions) as option order by 1) as options
from pg_catalog.pg_foreign_server s
join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
