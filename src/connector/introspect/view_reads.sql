-- The relations that the query of a view names. Those of the system are left out: the server records dependencies on
-- some of its views only, not on its tables.
select distinct
       r.ev_class as relation,
       n.nspname::text as schema,
       c.relname::text as name
from pg_catalog.pg_rewrite r
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
join pg_catalog.pg_class c on c.oid = d.refobjid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename = '_RETURN'
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjid <> r.ev_class
  and n.nspname not in ('pg_catalog', 'information_schema')
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
