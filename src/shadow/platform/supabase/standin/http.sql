-- pgwitness stand-in for http: every request is answered with 503 and an empty JSON array.
create domain extensions.http_method as text;
create type extensions.http_header as (field varchar, value varchar);
create type extensions.http_response as (
    status integer, content_type varchar, headers extensions.http_header[], content varchar);
create type extensions.http_request as (
    method extensions.http_method, uri varchar, headers extensions.http_header[], content_type varchar, content varchar);
create function extensions.http(request extensions.http_request) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_get(uri varchar) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_get(uri varchar, data jsonb) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_head(uri varchar) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_delete(uri varchar) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_post(uri varchar, content varchar, content_type varchar)
returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_post(uri varchar, data jsonb) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_put(uri varchar, content varchar, content_type varchar) returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_patch(uri varchar, content varchar, content_type varchar)
returns extensions.http_response
    language sql volatile as $$ select row(503, 'application/json', null, '[]')::extensions.http_response $$;
create function extensions.http_header(field varchar, value varchar) returns extensions.http_header
    language sql immutable as $$ select row(field, value)::extensions.http_header $$;
create function extensions.http_headers(variadic args text[]) returns extensions.http_header[]
    language sql immutable as $$ select '{}'::extensions.http_header[] $$;
create function extensions.http_set_curlopt(curlopt varchar, value varchar) returns boolean
    language sql volatile as 'select true';
create function extensions.http_reset_curlopt() returns boolean language sql volatile as 'select true';
create function extensions.urlencode(string varchar) returns text language sql immutable strict as 'select string::text';
create function extensions.urlencode(data jsonb) returns text language sql immutable strict as 'select data::text';
