-- pgwitness stand-in for uuid-ossp: every version is random.
create function extensions.uuid_generate_v1() returns uuid language sql volatile strict as 'select gen_random_uuid()';
create function extensions.uuid_generate_v1mc() returns uuid language sql volatile strict as 'select gen_random_uuid()';
create function extensions.uuid_generate_v4() returns uuid language sql volatile strict as 'select gen_random_uuid()';
create function extensions.uuid_generate_v5(namespace uuid, name text) returns uuid language sql immutable strict
    as $$ select md5(namespace || name)::uuid $$;
create function extensions.uuid_generate_v3(namespace uuid, name text) returns uuid language sql immutable strict
    as $$ select md5(namespace || name)::uuid $$;
create function extensions.uuid_nil() returns uuid language sql immutable strict
    as $$ select '00000000-0000-0000-0000-000000000000'::uuid $$;
