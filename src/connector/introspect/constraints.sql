-- Table constraints without NOT NULL, which is the column's.
select k.conrelid as relation,
       k.conname::text as name,
       k.contype::text as kind,
       k.conkey as columns,
       -- NULL for a relation dropped since the snapshot: it would raise an error and end the transaction.
       case
           when pg_table_is_visible(k.conrelid) is not null
                and (k.confrelid = 0 or pg_table_is_visible(k.confrelid) is not null)
           then pg_get_constraintdef(k.oid)
       end as definition,
       k.conenforced as enforced, --@ 18..
       true as enforced, --@ ..17
       k.convalidated as validated,
       k.condeferrable as deferrable,
       k.condeferred as initially_deferred,
       case when k.contype = 'c' then pg_get_expr(k.conbin, k.conrelid) end as expression,
       k.confrelid as foreign_relation,
       fn.nspname::text as foreign_schema,
       fc.relname::text as foreign_name,
       k.confkey as foreign_columns,
       k.confupdtype::text as on_update,
       k.confdeltype::text as on_delete,
       k.confdelsetcols as delete_set_columns, --@ 15..
       null::int2[] as delete_set_columns, --@ ..14
       k.confmatchtype = 'f' as match_full
from pg_catalog.pg_constraint k
left join pg_catalog.pg_class fc on fc.oid = k.confrelid and k.contype = 'f'
left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
-- A foreign key to a partitioned table has, besides itself, one row for each partition.
left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid and parent.conrelid = k.conrelid
where k.contype in ('c', 'p', 'u', 'x', 'f', 't')
  and k.conrelid <> 0
  and parent.oid is null
