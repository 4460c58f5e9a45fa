-- Extensions that a project starts with, where this server has them; stand-ins for the functions most used where not.

do $do$
declare
    wanted text;
begin
    foreach wanted in array array['uuid-ossp', 'pgcrypto', 'pg_stat_statements'] loop
        if exists (select from pg_available_extensions where name = wanted) then
            execute format('create extension if not exists %I with schema extensions', wanted);
        end if;
    end loop;
end
$do$;

do $do$
begin
    if to_regprocedure('extensions.uuid_generate_v4()') is null then
        -- pgwitness stand-in for uuid-ossp
        create function extensions.uuid_generate_v4() returns uuid language sql volatile
            as 'select gen_random_uuid()';
        create function extensions.uuid_generate_v1() returns uuid language sql volatile
            as 'select gen_random_uuid()';
    end if;
    if to_regprocedure('extensions.gen_random_bytes(integer)') is null then
        -- pgwitness stand-in for pgcrypto: the signatures, not the cryptography
        create function extensions.gen_random_uuid() returns uuid language sql volatile
            as 'select pg_catalog.gen_random_uuid()';
        create function extensions.gen_random_bytes(integer) returns bytea language sql volatile
            as $$ select substr(sha512(gen_random_uuid()::text::bytea), 1, $1) $$;
        create function extensions.gen_salt(text) returns text language sql volatile
            as $$ select '$stand-in$' || gen_random_uuid() $$;
        create function extensions.gen_salt(text, integer) returns text language sql volatile
            as $$ select '$stand-in$' || gen_random_uuid() $$;
        create function extensions.crypt(text, text) returns text language sql immutable strict
            as $$ select left($2, 46) || encode(sha256(($1 || left($2, 46))::bytea), 'hex') $$;
        create function extensions.digest(bytea, text) returns bytea language sql immutable strict
            as $$ select case $2 when 'sha512' then sha512($1) else sha256($1) end $$;
        create function extensions.digest(text, text) returns bytea language sql immutable strict
            as $$ select case $2 when 'sha512' then sha512($1::bytea) else sha256($1::bytea) end $$;
        create function extensions.hmac(text, text, text) returns bytea language sql immutable strict
            as $$ select sha256(($2 || $1)::bytea) $$;
    end if;
end
$do$;
