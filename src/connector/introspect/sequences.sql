-- The column that a sequence belongs to: OWNED BY and serial (`a`), identity (`i`).
select d.objid as sequence,
       d.refobjid as relation,
       d.refobjsubid::int2 as number
from pg_catalog.pg_depend d
join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
where d.classid = 'pg_catalog.pg_class'::regclass
  and d.refclassid = 'pg_catalog.pg_class'::regclass
  and d.refobjsubid > 0
  and d.deptype in ('a', 'i')
