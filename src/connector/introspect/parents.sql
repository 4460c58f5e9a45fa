-- Inheritance and partitioning.
select i.inhrelid as relation,
       n.nspname::text as schema,
       c.relname::text as name
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhparent
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f')
