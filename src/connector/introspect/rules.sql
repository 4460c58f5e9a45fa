-- Rewrite rules other than the one that makes a view. User objects have oids from 16384 on.
select r.ev_class as relation,
       r.rulename::text as name,
       r.ev_enabled::text as fires,
       pg_get_ruledef(r.oid) as definition
from pg_catalog.pg_rewrite r
where r.rulename <> '_RETURN'
  and r.ev_class >= 16384
