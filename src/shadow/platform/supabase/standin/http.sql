-- pgwitness stand-in for http: every request is answered with 503.
create type extensions.http_header as (field varchar, value varchar);
create type extensions.http_response as (
    status integer, content_type varchar, headers extensions.http_header[], content varchar);
create type extensions.http_request as (
    method varchar, uri varchar, headers extensions.http_header[], content_type varchar, content varchar);
create function extensions.http(request extensions.http_request) returns extensions.http_response language sql as $$
    select row(503, 'text/plain', null, 'stand-in')::extensions.http_response
$$;
create function extensions.http_get(uri varchar) returns extensions.http_response language sql as $$
    select row(503, 'text/plain', null, 'stand-in')::extensions.http_response
$$;
create function extensions.http_post(uri varchar, content varchar, content_type varchar)
returns extensions.http_response language sql as $$
    select row(503, 'text/plain', null, 'stand-in')::extensions.http_response
$$;
create function extensions.http_header(field varchar, value varchar) returns extensions.http_header language sql as $$
    select row(field, value)::extensions.http_header
$$;
