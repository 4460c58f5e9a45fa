-- The functions that the query of a view calls, by name or as an operator.
select distinct
       r.ev_class as relation,
       n.nspname::text as schema,
       p.proname::text as name,
       array(
           select format_type(a.type, null) from unnest(p.proargtypes) with ordinality as a(type, place) order by a.place
       ) as input_types
from pg_catalog.pg_rewrite r
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
left join pg_catalog.pg_operator o on d.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = d.refobjid
join pg_catalog.pg_proc p
  on p.oid = case when d.refclassid = 'pg_catalog.pg_proc'::regclass then d.refobjid else o.oprcode end
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where r.rulename = '_RETURN'
  and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
  and n.nspname <> 'pg_catalog'
