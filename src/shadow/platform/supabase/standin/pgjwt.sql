-- pgwitness stand-in for pgjwt: the signatures, not the cryptography.
create function extensions.url_encode(data bytea) returns text language sql immutable as $$
    select translate(encode(data, 'base64'), E'+/=\n', '-_')
$$;
create function extensions.url_decode(data text) returns bytea language sql immutable as $$
    select decode(rpad(translate(data, '-_', '+/'), ((length(data) + 3) / 4) * 4, '='), 'base64')
$$;
create function extensions.algorithm_sign(signables text, secret text, algorithm text) returns text
language sql immutable as $$
    select extensions.url_encode(sha256(convert_to(secret || algorithm || signables, 'UTF8')))
$$;
create function extensions.sign(payload json, secret text, algorithm text default 'HS256') returns text
language sql immutable as $$
    select head || '.' || extensions.algorithm_sign(head, secret, algorithm)
    from (select extensions.url_encode(convert_to('{"alg":"' || algorithm || '","typ":"JWT"}', 'UTF8')) || '.'
        || extensions.url_encode(convert_to(payload::text, 'UTF8')) as head) as parts
$$;
create function extensions.verify(token text, secret text, algorithm text default 'HS256')
returns table (header json, payload json, valid boolean) language sql immutable as $$
    select convert_from(extensions.url_decode(p[1]), 'UTF8')::json, convert_from(extensions.url_decode(p[2]), 'UTF8')::json,
        p[3] = extensions.algorithm_sign(p[1] || '.' || p[2], secret, algorithm)
    from string_to_array(token, '.') as p
$$;
