-- Rewrite rules other than the one that makes a view. User objects have oids from 16384 on.
select r.ev_class as relation,
       r.rulename::text as name,
       r.ev_enabled::text as fires,
       -- NULL for a relation dropped since the snapshot: it would raise an error and end the transaction.
       case when pg_table_is_visible(r.ev_class) is not null then pg_get_ruledef(r.oid) end as definition
from pg_catalog.pg_rewrite r
where r.rulename <> '_RETURN'
  and r.ev_class >= 16384
