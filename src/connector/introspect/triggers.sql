-- Triggers, without those that implement foreign keys and deferrable keys. `tgisinternal` would not do: it is true
-- for a trigger that a partition has from its parent, but only before PostgreSQL 15.
select t.tgrelid as relation,
       t.tgname::text as name,
       t.tgtype as type,
       t.tgenabled::text as fires,
       pn.nspname::text as function_schema,
       p.proname::text as function_name,
       pg_get_triggerdef(t.oid) as definition
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
left join pg_catalog.pg_constraint k on k.oid = t.tgconstraint
where t.tgconstraint = 0
   or k.contype = 't'
