-- Queries and options of views and materialized views.
select c.oid as relation,
       -- NULL for a view dropped since the snapshot: it would raise an error and end the transaction.
       case when pg_table_is_visible(c.oid) is not null then pg_get_viewdef(c.oid, false) end as definition,
       c.reloptions as options,
       -- A bit for each command that works: 4 UPDATE, 8 INSERT, 16 DELETE.
       pg_relation_is_updatable(c.oid, true) as commands
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm')
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
