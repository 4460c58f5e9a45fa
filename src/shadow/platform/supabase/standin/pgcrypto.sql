-- pgwitness stand-in for pgcrypto: the signatures, not the cryptography.
create function extensions.gen_random_uuid() returns uuid language sql volatile as 'select pg_catalog.gen_random_uuid()';
create function extensions.gen_random_bytes(integer) returns bytea language sql volatile strict
    as $$ select substr(sha512(pg_catalog.gen_random_uuid()::text::bytea), 1, $1) $$;
create function extensions.gen_salt(text) returns text language sql volatile strict
    as $$ select '$stand-in$' || pg_catalog.gen_random_uuid() $$;
create function extensions.gen_salt(text, integer) returns text language sql volatile strict
    as $$ select '$stand-in$' || pg_catalog.gen_random_uuid() $$;
create function extensions.crypt(text, text) returns text language sql immutable strict
    as $$ select left($2, 46) || encode(sha256(($1 || left($2, 46))::bytea), 'hex') $$;
create function extensions.digest(bytea, text) returns bytea language sql immutable strict
    as $$ select case $2 when 'sha512' then sha512($1) else sha256($1) end $$;
create function extensions.digest(text, text) returns bytea language sql immutable strict
    as $$ select case $2 when 'sha512' then sha512($1::bytea) else sha256($1::bytea) end $$;
create function extensions.hmac(text, text, text) returns bytea language sql immutable strict
    as $$ select sha256(($2 || $1)::bytea) $$;
create function extensions.hmac(bytea, bytea, text) returns bytea language sql immutable strict
    as $$ select sha256($2 || $1) $$;
create function extensions.pgp_sym_encrypt(text, text) returns bytea language sql volatile strict
    as $$ select convert_to($1, 'UTF8') $$;
create function extensions.pgp_sym_encrypt(text, text, text) returns bytea language sql volatile strict
    as $$ select convert_to($1, 'UTF8') $$;
create function extensions.pgp_sym_decrypt(bytea, text) returns text language sql immutable strict
    as $$ select convert_from($1, 'UTF8') $$;
create function extensions.pgp_sym_decrypt(bytea, text, text) returns text language sql immutable strict
    as $$ select convert_from($1, 'UTF8') $$;
create function extensions.encrypt(bytea, bytea, text) returns bytea language sql immutable strict as 'select $1';
create function extensions.decrypt(bytea, bytea, text) returns bytea language sql immutable strict as 'select $1';
create function extensions.armor(bytea) returns text language sql immutable strict as $$ select encode($1, 'base64') $$;
