-- Types that somebody made: not the row types of relations, not array types.
select t.oid,
       n.nspname::text as schema,
       t.typname::text as name,
       t.typowner as owner,
       coalesce(t.typacl, acldefault('T', t.typowner))::text[] as acl,
       t.typtype::text as kind,
       case
           when t.typtype = 'e' then array(
               select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder
           )
       end as labels,
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
       t.typnotnull as not_null,
       case
           when t.typtype = 'd' then array(
               select pg_get_expr(k.conbin, 0)
               from pg_catalog.pg_constraint k
               where k.contypid = t.oid and k.contype = 'c' and k.convalidated
               order by k.conname
           )
       end as checks
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
left join pg_catalog.pg_type element on element.typarray = t.oid
where t.typtype in ('b', 'c', 'd', 'e', 'r', 'm')
  and coalesce(c.relkind, 'c') = 'c'
  and element.oid is null
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
