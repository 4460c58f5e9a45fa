-- pgwitness stand-in for pg_jsonschema: every document matches.
create function extensions.json_matches_schema(schema json, instance json) returns boolean
    language sql immutable strict as 'select true';
create function extensions.jsonb_matches_schema(schema json, instance jsonb) returns boolean
    language sql immutable strict as 'select true';
create function extensions.jsonschema_is_valid(schema json) returns boolean language sql immutable strict as 'select true';
create function extensions.jsonschema_validation_errors(schema json, instance json) returns text[]
    language sql immutable strict as $$ select '{}'::text[] $$;
