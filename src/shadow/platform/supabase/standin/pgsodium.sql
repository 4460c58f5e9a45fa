-- pgwitness stand-in for pgsodium: keys by name, and nothing is encrypted.
create type pgsodium.key_status as enum ('default', 'valid', 'invalid', 'expired');
create type pgsodium.key_type as enum (
    'aead-ietf', 'aead-det', 'hmacsha512', 'hmacsha256', 'auth', 'shorthash', 'generichash', 'kdf', 'secretbox',
    'secretstream', 'stream_xchacha20');
create table pgsodium.key (
    id uuid not null default gen_random_uuid() primary key,
    status pgsodium.key_status default 'valid',
    created timestamptz not null default current_timestamp,
    expires timestamptz,
    key_type pgsodium.key_type,
    key_id bigint,
    key_context bytea default '\x7067736f6469756d',
    name text unique,
    associated_data text default 'associated',
    raw_key bytea,
    raw_key_nonce bytea,
    parent_key uuid,
    comment text,
    user_data text
);
create view pgsodium.valid_key as
    select id, name, status, key_type, key_id, key_context, created, expires, associated_data
    from pgsodium.key
    where status in ('valid', 'default') and (expires is null or expires > now());
create function pgsodium.create_key(
    key_type pgsodium.key_type default 'aead-det', name text default null, raw_key bytea default null,
    raw_key_nonce bytea default null, parent_key uuid default null, key_context bytea default '\x7067736f6469756d',
    expires timestamptz default null, associated_data text default ''
) returns pgsodium.valid_key language sql security definer set search_path = '' as $$
    insert into pgsodium.key (key_type, name, raw_key, raw_key_nonce, parent_key, key_context, expires, associated_data)
    values (key_type, name, raw_key, raw_key_nonce, parent_key, key_context, expires, associated_data)
    returning id, name, status, key_type, key_id, key_context, created, expires, associated_data
$$;
create function pgsodium.randombytes_buf(size integer) returns bytea language sql volatile strict as $$
    select substr(sha512(gen_random_uuid()::text::bytea), 1, size)
$$;
create function pgsodium.crypto_aead_det_noncegen() returns bytea language sql volatile as $$
    select pgsodium.randombytes_buf(32)
$$;
create function pgsodium.crypto_aead_det_keygen() returns bytea language sql volatile as $$
    select pgsodium.randombytes_buf(32)
$$;
create function pgsodium.crypto_aead_det_encrypt(
    message bytea, additional bytea, key_uuid uuid, nonce bytea default null
) returns bytea language sql stable as 'select message';
create function pgsodium.crypto_aead_det_decrypt(
    message bytea, additional bytea, key_uuid uuid, nonce bytea default null
) returns bytea language sql stable as 'select message';
create function pgsodium.crypto_secretbox_noncegen() returns bytea language sql volatile as $$
    select pgsodium.randombytes_buf(24)
$$;
create function pgsodium.derive_key(
    key_id bigint, key_len integer default 32, context bytea default '\x7067736f6469756d'
) returns bytea language sql stable as 'select sha256(context)';
revoke all on all functions in schema pgsodium from public;
revoke all on pgsodium.key from public;
grant usage on schema pgsodium to postgres, service_role;
grant select, insert, update, delete on pgsodium.key to postgres;
grant select on pgsodium.valid_key to postgres, service_role;
grant execute on all functions in schema pgsodium to postgres, service_role;
