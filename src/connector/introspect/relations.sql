-- Tables, views, materialized views, foreign tables and sequences outside the system schemas.
select c.oid,
       n.nspname::text as schema,
       c.relname::text as name,
       c.relkind::text as kind,
       c.relowner as owner,
       coalesce(c.relacl, acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner))::text[] as acl,
       c.relrowsecurity as row_security,
       c.relforcerowsecurity as force_row_security,
       c.relispartition as is_partition,
       -- NULL where an expression is a part of the parent's key.
       case when not exists (select from pg_catalog.pg_inherits i
                             join pg_catalog.pg_partitioned_table o on o.partrelid = i.inhparent
                             where i.inhrelid = c.oid and 0 = any (o.partattrs::int2[]))
            then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bound,
       p.partstrat::text as strategy,
       -- Likewise.
       (select case when bool_and(k.number > 0) then array_agg(a.attname::text order by k.place) end
        from unnest(p.partattrs::int2[]) with ordinality as k(number, place)
        left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number) as key_columns,
       c.relpersistence = 'u' as unlogged,
       c.relreplident::text as replica_identity
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
