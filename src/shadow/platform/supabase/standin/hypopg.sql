-- pgwitness stand-in for hypopg: no index is imagined.
create function extensions.hypopg_create_index(sql_order text, out indexrelid oid, out indexname text) returns setof record
    language sql volatile strict as $$ select 0::oid, ''::text where false $$;
create function extensions.hypopg_reset() returns void language sql volatile as 'select';
create function extensions.hypopg_drop_index(indexid oid) returns boolean language sql volatile strict as 'select true';
