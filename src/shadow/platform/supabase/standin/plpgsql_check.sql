-- pgwitness stand-in for plpgsql_check: it finds nothing.
create function extensions.plpgsql_check_function(
    funcoid regprocedure, relid regclass default 0, format text default 'text', fatal_errors boolean default true
) returns setof text language sql stable as $$ select ''::text where false $$;
