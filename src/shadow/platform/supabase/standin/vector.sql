-- pgwitness stand-in for vector: types, casts and operators, no arithmetic and no index methods.
create function extensions.vector_in(cstring, oid, integer) returns extensions.vector
    language internal immutable strict as 'textin';
create function extensions.vector_out(extensions.vector) returns cstring language internal immutable strict as 'textout';
create type extensions.vector (
    input = extensions.vector_in, output = extensions.vector_out,
    typmod_in = varchartypmodin, typmod_out = varchartypmodout, like = text);
create function extensions.halfvec_in(cstring, oid, integer) returns extensions.halfvec
    language internal immutable strict as 'textin';
create function extensions.halfvec_out(extensions.halfvec) returns cstring language internal immutable strict as 'textout';
create type extensions.halfvec (
    input = extensions.halfvec_in, output = extensions.halfvec_out,
    typmod_in = varchartypmodin, typmod_out = varchartypmodout, like = text);
create function extensions.sparsevec_in(cstring, oid, integer) returns extensions.sparsevec
    language internal immutable strict as 'textin';
create function extensions.sparsevec_out(extensions.sparsevec) returns cstring
    language internal immutable strict as 'textout';
create type extensions.sparsevec (
    input = extensions.sparsevec_in, output = extensions.sparsevec_out,
    typmod_in = varchartypmodin, typmod_out = varchartypmodout, like = text);
create cast (extensions.vector as text) without function as assignment;
create cast (text as extensions.vector) without function as assignment;
create cast (extensions.halfvec as text) without function as assignment;
create cast (text as extensions.halfvec) without function as assignment;
create cast (extensions.vector as extensions.halfvec) without function as assignment;
create cast (extensions.halfvec as extensions.vector) without function as assignment;
create function extensions.array_to_vector(real[], integer, boolean) returns extensions.vector
    language sql immutable strict as $$ select translate($1::text, '{}', '[]')::extensions.vector $$;
create function extensions.array_to_vector(double precision[], integer, boolean) returns extensions.vector
    language sql immutable strict as $$ select translate($1::text, '{}', '[]')::extensions.vector $$;
create function extensions.array_to_vector(integer[], integer, boolean) returns extensions.vector
    language sql immutable strict as $$ select translate($1::text, '{}', '[]')::extensions.vector $$;
create function extensions.array_to_vector(numeric[], integer, boolean) returns extensions.vector
    language sql immutable strict as $$ select translate($1::text, '{}', '[]')::extensions.vector $$;
create function extensions.vector_to_float4(extensions.vector, integer, boolean) returns real[]
    language sql immutable strict as $$ select translate($1::text, '[]', '{}')::real[] $$;
create cast (real[] as extensions.vector) with function extensions.array_to_vector(real[], integer, boolean) as assignment;
create cast (double precision[] as extensions.vector)
    with function extensions.array_to_vector(double precision[], integer, boolean) as assignment;
create cast (integer[] as extensions.vector)
    with function extensions.array_to_vector(integer[], integer, boolean) as assignment;
create cast (numeric[] as extensions.vector)
    with function extensions.array_to_vector(numeric[], integer, boolean) as assignment;
create cast (extensions.vector as real[])
    with function extensions.vector_to_float4(extensions.vector, integer, boolean) as assignment;
create function extensions.vector_dims(extensions.vector) returns integer
    language sql immutable strict as $$ select array_length(string_to_array($1::text, ','), 1) $$;
create function extensions.vector_norm(extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.l2_normalize(extensions.vector) returns extensions.vector
    language sql immutable strict as 'select $1';
create function extensions.l2_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.l1_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.cosine_distance(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.inner_product(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.vector_negative_inner_product(extensions.vector, extensions.vector) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.vector_eq(extensions.vector, extensions.vector) returns boolean
    language internal immutable strict as 'texteq';
create function extensions.vector_ne(extensions.vector, extensions.vector) returns boolean
    language internal immutable strict as 'textne';
create function extensions.vector_lt(extensions.vector, extensions.vector) returns boolean
    language internal immutable strict as 'text_lt';
create function extensions.vector_cmp(extensions.vector, extensions.vector) returns integer
    language internal immutable strict as 'bttextcmp';
create function extensions.vector_add(extensions.vector, extensions.vector) returns extensions.vector
    language sql immutable strict as 'select $1';
create function extensions.vector_sub(extensions.vector, extensions.vector) returns extensions.vector
    language sql immutable strict as 'select $1';
create operator extensions.<-> (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.l2_distance);
create operator extensions.<=> (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.cosine_distance);
create operator extensions.<#> (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_negative_inner_product);
create operator extensions.<+> (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.l1_distance);
create operator extensions.= (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_eq);
create operator extensions.<> (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_ne);
create operator extensions.< (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_lt);
create operator extensions.+ (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_add);
create operator extensions.- (
    leftarg = extensions.vector, rightarg = extensions.vector, function = extensions.vector_sub);
create function extensions.l2_distance(extensions.halfvec, extensions.halfvec) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.cosine_distance(extensions.halfvec, extensions.halfvec) returns double precision
    language sql immutable strict as 'select 0::double precision';
create function extensions.inner_product(extensions.halfvec, extensions.halfvec) returns double precision
    language sql immutable strict as 'select 0::double precision';
create operator extensions.<-> (
    leftarg = extensions.halfvec, rightarg = extensions.halfvec, function = extensions.l2_distance);
create operator extensions.<=> (
    leftarg = extensions.halfvec, rightarg = extensions.halfvec, function = extensions.cosine_distance);
create operator extensions.<#> (
    leftarg = extensions.halfvec, rightarg = extensions.halfvec, function = extensions.inner_product);
create aggregate extensions.avg(extensions.vector) (sfunc = extensions.vector_add, stype = extensions.vector);
create aggregate extensions.sum(extensions.vector) (sfunc = extensions.vector_add, stype = extensions.vector);
