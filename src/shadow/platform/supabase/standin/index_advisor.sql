-- pgwitness stand-in for index_advisor: it advises nothing.
create function extensions.index_advisor(query text) returns table (
    startup_cost_before jsonb, startup_cost_after jsonb, total_cost_before jsonb, total_cost_after jsonb,
    index_statements text[], errors text[]
) language sql volatile as $$
    select null::jsonb, null::jsonb, null::jsonb, null::jsonb, null::text[], null::text[] where false
$$;
