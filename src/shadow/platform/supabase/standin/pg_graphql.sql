-- pgwitness stand-in for pg_graphql: every query is answered with an error.
create function graphql.resolve(
    query text, variables jsonb default '{}', "operationName" text default null, extensions jsonb default null
) returns jsonb language sql volatile as $$
    select jsonb_build_object('errors', jsonb_build_array(jsonb_build_object('message', 'a stand-in of pg_graphql')))
$$;
create function graphql.comment_directive(comment_ text) returns jsonb language sql immutable as $$ select '{}'::jsonb $$;
grant usage on schema graphql to postgres, anon, authenticated, service_role;
grant execute on all functions in schema graphql to postgres, anon, authenticated, service_role;
