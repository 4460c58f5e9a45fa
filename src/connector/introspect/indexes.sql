-- Indexes, those of keys too. User objects have oids from 16384 on; 99 is the namespace of TOAST tables.
select i.indrelid as relation,
       x.relname::text as name,
       array(
           select pg_get_indexdef(i.indexrelid, key, false) from generate_series(1, i.indnkeyatts::int4) as key order by key
       ) as keys,
       i.indisunique as unique,
       i.indnullsnotdistinct as nulls_not_distinct, --@ 15..
       false as nulls_not_distinct, --@ ..14
       i.indpred is not null as is_partial,
       pg_get_expr(i.indpred, i.indrelid) as predicate,
       i.indisvalid as valid,
       m.amname::text as method
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = x.relam
where i.indrelid >= 16384
  and x.relnamespace <> 99
