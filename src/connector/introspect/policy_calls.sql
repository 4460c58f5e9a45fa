-- The functions that policies call, by name or as an operator, of which there are others of the same schema and name.
-- Which of its own functions an extension's operator stands for is not asked: nobody else can call another for it.
select distinct
       d.objid as policy,
       n.nspname::text as schema,
       p.proname::text as name,
       array(
           select format_type(a.type, null) from unnest(p.proargtypes) with ordinality as a(type, place) order by a.place
       ) as input_types
from pg_catalog.pg_depend d
left join pg_catalog.pg_operator o on d.refclassid = 'pg_catalog.pg_operator'::regclass and o.oid = d.refobjid
join pg_catalog.pg_proc p
  on p.oid = case when d.refclassid = 'pg_catalog.pg_proc'::regclass then d.refobjid else o.oprcode end
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where d.classid = 'pg_catalog.pg_policy'::regclass
  and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
  and n.nspname <> 'pg_catalog'
  and exists (
      select from pg_catalog.pg_proc other
      where other.pronamespace = p.pronamespace and other.proname = p.proname and other.oid <> p.oid
  )
  and not exists (
      select from pg_catalog.pg_depend e
      where d.refclassid = 'pg_catalog.pg_operator'::regclass
        and e.classid = 'pg_catalog.pg_operator'::regclass and e.objid = d.refobjid and e.deptype = 'e'
  )
