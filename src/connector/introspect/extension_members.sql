-- Relations, functions and types that belong to an extension.
select d.classid as catalog,
       d.objid as object,
       e.extname::text as extension
from pg_catalog.pg_depend d
join pg_catalog.pg_extension e on e.oid = d.refobjid
where d.deptype = 'e'
  and d.refclassid = 'pg_catalog.pg_extension'::regclass
  and d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass)
