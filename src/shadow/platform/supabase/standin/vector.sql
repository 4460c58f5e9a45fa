-- pgwitness stand-in for vector: columns and operators, no arithmetic and no index methods.
create function extensions.vector_type_in(cstring, oid, integer) returns extensions.vector
    language internal immutable strict as 'textin';
create function extensions.vector_type_out(extensions.vector) returns cstring
    language internal immutable strict as 'textout';
create type extensions.vector (
    input = extensions.vector_type_in, output = extensions.vector_type_out,
    typmod_in = varchartypmodin, typmod_out = varchartypmodout, like = text);
create cast (extensions.vector as text) without function as assignment;
create cast (text as extensions.vector) without function as assignment;
create function extensions.vector_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.l2_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.cosine_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.inner_product(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create operator extensions.<-> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_distance);
create operator extensions.<=> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_distance);
create operator extensions.<#> (leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_distance);
