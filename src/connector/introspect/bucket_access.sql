-- What the table of storage buckets looks like and whether we can read it. Asked first, for a refused query would
-- end the transaction.
-- A view, or a table with foreign tables below it, could do anything when read.
select c.relkind = 'r' and not c.relhassubclass as is_table,
       has_schema_privilege(n.oid, 'usage') as may_enter,
       row_security_active(c.oid) as row_security_active,
       array(
           select a.attname::text
           from pg_catalog.pg_attribute a
           where a.attrelid = c.oid
             and a.attnum > 0
             and not a.attisdropped
             and (a.attname, format_type(a.atttypid, null)) in (
                 ('id', 'text'), ('public', 'boolean'), ('file_size_limit', 'bigint'), ('allowed_mime_types', 'text[]')
             )
       ) as columns,
       array(
           select a.attname::text
           from pg_catalog.pg_attribute a
           where a.attrelid = c.oid
             and a.attname in ('id', 'public', 'file_size_limit', 'allowed_mime_types')
             and not has_column_privilege(c.oid, a.attnum, 'select')
       ) as refused
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'storage'
  and c.relname = 'buckets'
