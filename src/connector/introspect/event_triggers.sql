-- Event triggers.
select e.evtname::text as name,
       e.evtevent::text as event,
       e.evtowner as owner,
       n.nspname::text as function_schema,
       p.proname::text as function_name,
       e.evttags as tags,
       e.evtenabled::text as fires
from pg_catalog.pg_event_trigger e
join pg_catalog.pg_proc p on p.oid = e.evtfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
