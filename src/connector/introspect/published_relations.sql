-- The relations that publications list.
select r.prpubid as publication,
       r.prrelid as relation,
       n.nspname::text as schema,
       c.relname::text as name,
       r.prattrs::int2[] as columns, --@ 15..
       r.prqual is not null as has_filter, --@ 15..
       pg_get_expr(r.prqual, r.prrelid) as filter --@ 15..
       null::int2[] as columns, --@ ..14
       false as has_filter, --@ ..14
       null::text as filter --@ ..14
from pg_catalog.pg_publication_rel r
join pg_catalog.pg_class c on c.oid = r.prrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
