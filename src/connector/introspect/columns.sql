-- Columns of everything but sequences, and system columns (below 0) that carry grants of their own.
select a.attrelid as relation,
       a.attnum as number,
       a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as data_type,
       -- A NOT NULL binds all rows unless nobody checks it: on a foreign table, or while it is NOT VALID.
       a.attnotnull and c.relkind <> 'f'
           and k.conrelid is null --@ 18..
           as not_null,
       pg_get_expr(d.adbin, d.adrelid) as default,
       a.attgenerated::text as generated,
       a.attidentity::text as identity,
       case when a.attcollation <> t.typcollation and a.attcollation <> 0 then a.attcollation::regcollation::text end
           as collation,
       coalesce(l.collisdeterministic, true) as deterministic,
       a.attacl::text[] as acl
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_collation l on l.oid = a.attcollation
left join pg_catalog.pg_constraint k --@ 18..
       on k.conrelid = a.attrelid and k.conkey[1] = a.attnum and k.contype = 'n' and not k.convalidated --@ 18..
where (a.attnum > 0 or a.attacl is not null)
  and not a.attisdropped
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
