-- Rewrite rules other than the one that makes a view.
select r.ev_class as relation,
       r.rulename::text as name,
       r.ev_enabled::text as fires,
       pg_get_ruledef(r.oid) as definition
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where r.rulename <> '_RETURN'
  and n.nspname !~ '^(pg_catalog|information_schema)$|^pg_(toast|temp_)'
